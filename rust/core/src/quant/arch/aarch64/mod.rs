//! 64-bit Arm.

mod helpers;
pub(crate) mod neon;
