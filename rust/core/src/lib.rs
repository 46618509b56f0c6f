//! Reads safetensors and GGUF files, adds adapters to tensors, quantizes them bit for bit as ggml does, and writes
//! files of both formats.
//!
//! - [`safetensors`] and [`gguf`] read the headers of the two file formats, with every field checked;
//! - [`quant`] converts rows of numbers between the types of [`Float`] and [`BlockFormat`];
//! - [`plan`] says what to write, and [`convert`] writes it in one streaming pass.
//!
//! Quantizing a block and back:
//!
//! ```
//! use t2sql_core::quant::{bytes_of, Simd};
//! use t2sql_core::{BlockFormat, Float};
//!
//! let x: Vec<f32> = (0..32).map(|i| i as f32 / 31.0).collect();
//! let mut blocks = [0; 34];
//! let simd = Simd::active().unwrap();
//! simd.convert(Float::F32, BlockFormat::Q8_0, bytes_of(&x), &mut blocks);
//! let mut back = [0.0; 32];
//! simd.dequantize(BlockFormat::Q8_0, &blocks, &mut back);
//! assert!(x.iter().zip(back).all(|(x, back)| (x - back).abs() < 0.005));
//! ```

#![deny(missing_docs)]

#[cfg(not(all(unix, target_endian = "little", target_pointer_width = "64")))]
compile_error!("t2sql-core maps little-endian files on 64-bit Unix systems");

mod affine;
mod change;
mod column_weights;
mod conversion;
pub mod convert;
pub mod dtype;
pub mod encoding;
pub mod error;
pub mod gguf;
mod job;
mod low_rank;
mod mapped;
mod parallel;
pub mod plan;
pub mod quant;
pub mod safetensors;
mod safetensors_write;
#[cfg(test)]
mod shortened;
mod sigbus;
mod source;
mod target;

pub use dtype::Dtype;
pub use encoding::{BlockFormat, Encoding, Float};
pub use error::{Error, Result};
