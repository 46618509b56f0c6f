//! GGUF: a header, typed key-value pairs, a table of tensors, and their bytes.

pub mod read;
pub mod value;
pub mod write;

use crate::dtype::Dtype;
pub use value::{Array, Strings, Value, ValueType};

pub const MAGIC: &[u8; 4] = b"GGUF";
pub const DEFAULT_ALIGNMENT: u64 = 32;
pub const ALIGNMENT_KEY: &str = "general.alignment";
/// ggml's `GGML_MAX_NAME` counts the closing NUL.
pub const MAX_NAME: usize = 63;
pub const MAX_DIMS: usize = 4;

/// One tensor of a file. The shape is row-major, outermost first; the offset is from the start of
/// the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<u64>,
    pub offset: u64,
    pub nbytes: u64,
}

/// A file's header.
#[derive(Clone, Debug, PartialEq)]
pub struct Gguf {
    pub version: u32,
    pub alignment: u64,
    pub data_offset: u64,
    pub file_size: u64,
    pub metadata: Vec<(String, Value)>,
    pub tensors: Vec<Tensor>,
}
