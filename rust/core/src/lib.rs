//! safetensors and GGUF in, GGUF out: the bytes of t2sql.
//!
//! `quant` holds the block formats, `gguf` and `safetensors` the two file formats, and `convert` the
//! one streaming pass from either to a GGUF. No Python here.

#[cfg(not(all(unix, target_endian = "little", target_pointer_width = "64")))]
compile_error!("t2sql-core maps little-endian files on 64-bit Unix systems");

pub mod affine;
pub mod convert;
pub mod dtype;
pub mod error;
pub mod gguf;
mod job;
pub mod lora;
pub mod parallel;
pub mod quant;
pub mod safetensors;
mod source;
mod target;

pub use dtype::Dtype;
pub use error::{Error, Result};
