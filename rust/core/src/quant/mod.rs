//! Converts rows of numbers: block quantization, dequantization, and casts between float types.
//!
//! `scalar` specifies the block formats of 32 values and `k_scalar` those of 256, one block at a time; `search` is
//! how the latter, and all formats with `weighted` errors, find their scales. `quantize`, `dequantize`, `k_quantize`
//! and `search_lanes` do the same for a group of blocks at once over a small vector type, which `arch` implements
//! for each instruction set. All give the same bytes.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod arch;
mod arrays;
mod block;
mod cast;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod dequantize;
mod element;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod extremes;
mod finite;
mod fit;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod fit_codes;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod fit_lanes;
mod from_codes;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod k_dequantize;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod k_quantize;
mod k_scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod quantize;
mod rounding;
mod rows;
mod scalar;
mod search;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod search_lanes;
mod simd;
mod super_block;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod vector;
mod weighted;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod weighted_lanes;

pub(crate) use arrays::bytes_of_mut;
pub use arrays::{bytes_of, dequantize_array, quantize_array, quantize_array_weighted, Number};
pub use finite::find_not_finite;
pub(crate) use finite::value_at;
pub use rounding::Rounding;
pub use simd::{Simd, VARIABLE};
pub use weighted::quantize_weighted;
