//! The instruction sets: each module implements [`Vector`](super::vector::Vector) for its registers and has the
//! three functions that `functions!` defines.

#[cfg(target_arch = "aarch64")]
pub(super) mod aarch64;
mod functions;
#[cfg(target_arch = "x86_64")]
pub(super) mod x86_64;
