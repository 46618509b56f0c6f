//! GGUF: a header, typed key-value pairs, a table of tensors, and the tensors' bytes.

pub mod read;
mod reader;
pub mod value;
pub mod write;

use std::path::Path;

use crate::dtype::Dtype;
use crate::error::Result;
use crate::mapped::MappedFile;
pub use value::{Array, Strings, Value, ValueType};

/// The first four bytes of a file.
pub const MAGIC: &[u8; 4] = b"GGUF";
/// Where a file does not name its alignment, tensors begin at multiples of this many bytes.
pub const DEFAULT_ALIGNMENT: u64 = 32;
/// The metadata key of the alignment.
pub const ALIGNMENT_KEY: &str = "general.alignment";
/// Bytes of a tensor's name: `GGML_MAX_NAME` of ggml.h is 64 and counts the closing NUL.
pub const MAX_NAME: usize = 63;
/// Dimensions of a tensor: `GGML_MAX_DIMS` of ggml.h.
pub const MAX_DIMS: usize = 4;

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its type.
    pub dtype: Dtype,
    /// Its shape, row-major: the outermost dimension first, unlike in the file.
    pub shape: Vec<u64>,
    /// Its first byte, counted from the start of the file.
    pub offset: u64,
    /// How many bytes it has.
    pub nbytes: u64,
}

/// A file's header.
#[derive(Clone, Debug, PartialEq)]
pub struct Gguf {
    /// The format's version: 2 or 3.
    pub version: u32,
    /// Tensors begin at multiples of this many bytes.
    pub alignment: u64,
    /// The first byte after the header, counted from the start of the file.
    pub data_offset: u64,
    /// Bytes of the whole file.
    pub file_size: u64,
    /// Keys and values in file order.
    pub metadata: Vec<(String, Value)>,
    /// Tensors in the order of the table.
    pub tensors: Vec<Tensor>,
}

/// Reads the header of a GGUF file.
///
/// # Errors
/// [`crate::Error::Open`] when the file cannot be read, [`crate::Error::Changed`] when it is written to meanwhile,
/// otherwise those of [`read::parse`].
pub fn read_file(path: &Path) -> Result<Gguf> {
    let file = MappedFile::open(path)?;
    let header = read::parse(file.bytes(), path);
    file.check_unchanged()?;
    header
}
