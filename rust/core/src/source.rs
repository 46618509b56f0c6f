//! The tensors of an input file, safetensors or GGUF.

use std::collections::HashMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::mapped::MappedFile;
use crate::{gguf, safetensors};

/// An input file and the table of its tensors.
pub(crate) struct Source {
    path: PathBuf,
    file: MappedFile,
    tensors: HashMap<String, Entry>,
}

struct Entry {
    /// None for a safetensors type that no GGUF tensor has.
    dtype: Option<Dtype>,
    dtype_name: String,
    shape: Vec<u64>,
    bytes: Range<usize>,
}

/// One tensor of a source.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    source: &'a Source,
    name: &'a str,
    entry: &'a Entry,
}

impl Source {
    /// Opens a file of either format; its first four bytes say which.
    pub fn open(path: &Path) -> Result<Source> {
        let file = MappedFile::open(path)?;
        // The parsers have checked that every tensor lies within the file, so `usize` holds its range.
        let range = |offset: u64, nbytes: u64| offset as usize..(offset + nbytes) as usize;
        let tensors = if file.bytes().starts_with(gguf::MAGIC) {
            let entry = |t: gguf::Tensor| {
                let bytes = range(t.offset, t.nbytes);
                let (dtype, dtype_name) = (Some(t.dtype), t.dtype.name().into());
                (t.name, Entry { dtype, dtype_name, shape: t.shape, bytes })
            };
            gguf::read::tensors(file.bytes(), path)?.into_iter().map(entry).collect()
        } else {
            let entry = |t: safetensors::Tensor| {
                let dtype = match t.dtype.as_str() {
                    "F32" => Some(Dtype::F32),
                    "F16" => Some(Dtype::F16),
                    "BF16" => Some(Dtype::BF16),
                    _ => None,
                };
                let bytes = range(t.offset, t.nbytes);
                (t.name, Entry { dtype, dtype_name: t.dtype, shape: t.shape, bytes })
            };
            safetensors::parse(file.bytes(), path)?.tensors.into_iter().map(entry).collect()
        };
        Ok(Source { path: path.into(), file, tensors })
    }

    /// The tensor of this name.
    pub fn view<'a>(&'a self, name: &'a str) -> Result<View<'a>> {
        let missing = || Error::MissingTensor { path: self.path.clone(), name: name.into() };
        Ok(View { source: self, name, entry: self.tensors.get(name).ok_or_else(missing)? })
    }

    /// Fails when another process has written to the file since it was opened.
    pub fn check_unchanged(&self) -> Result<()> {
        self.file.check_unchanged()
    }
}

impl<'a> View<'a> {
    /// Its type.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a safetensors type that no GGUF tensor has.
    pub fn dtype(&self) -> Result<Dtype> {
        self.entry.dtype.ok_or_else(|| Error::Unsupported {
            path: self.source.path.clone(),
            what: format!("tensor {} is {}", self.name, self.entry.dtype_name),
            supported: "F32, F16 or BF16",
        })
    }

    /// The name of its type in the file.
    pub fn dtype_name(&self) -> &'a str {
        &self.entry.dtype_name
    }

    /// Its shape, row-major.
    pub fn shape(&self) -> &'a [u64] {
        &self.entry.shape
    }

    /// How many bytes it has.
    pub fn len(&self) -> usize {
        self.entry.bytes.len()
    }

    /// A range of its bytes, [prefaulted](MappedFile::prefault).
    pub fn read(&self, range: Range<usize>) -> Result<&'a [u8]> {
        let part = &self.source.file.bytes()[self.entry.bytes.clone()][range];
        self.source.file.prefault(part)?;
        Ok(part)
    }
}
