//! Converts rows of numbers: block quantization, dequantization, and casts between float types.
//!
//! `scalar` specifies the block formats, one block at a time. `quantize` and `dequantize` do the same for a
//! group of blocks at once over a small vector type, which `arch` implements for each instruction set. All
//! give the same bytes.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod arch;
mod arrays;
mod block;
mod cast;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod dequantize;
mod element;
mod finite;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod quantize;
mod rows;
mod scalar;
mod simd;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod vector;

pub(crate) use arrays::bytes_of_mut;
pub use arrays::{bytes_of, dequantize_array, quantize_array, Number};
pub use finite::find_not_finite;
pub(crate) use finite::value_at;
pub use simd::{Simd, VARIABLE};
