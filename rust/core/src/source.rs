//! An input file, mapped: either format, one view of its tensors.

use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::gguf::{self, Gguf};
use crate::safetensors::{self, SafeTensors};

/// A regular file, mapped, and what the system said of it then.
struct Mapped {
    bytes: Mmap,
    file: File,
    meta: Metadata,
}

/// Maps a whole file for reading.
fn map(path: &Path) -> Result<Mapped> {
    let file = File::open(path).map_err(|e| Error::open(path, e))?;
    let meta = file.metadata().map_err(|e| Error::open(path, e))?;
    if !meta.is_file() {
        return Err(Error::open(path, std::io::Error::other("not a regular file")));
    }
    if meta.len() == 0 {
        return Err(Error::malformed(path, 0, "the file is empty"));
    }
    // SAFETY: the map is only read, as bytes, which any content is valid for. If another process
    // shortens the file meanwhile, touching the lost pages raises SIGBUS where `bring` has not refused
    // them: inputs must not change while they are converted, and the documentation says so.
    let bytes = unsafe { Mmap::map(&file) }.map_err(|e| Error::open(path, e))?;
    Ok(Mapped { bytes, file, meta })
}

/// Brings a part of a mapped file into memory with one system call, instead of a fault every 64 KiB.
///
/// Fails where touching it would end the process: the disk cannot read it, or the file was shortened.
/// Systems that know no such call say nothing.
#[cfg(target_os = "linux")]
pub(crate) fn bring(part: &[u8]) -> io::Result<()> {
    use rustix::io::Errno;
    use rustix::mm::{madvise, Advice};
    let page = rustix::param::page_size();
    let start = part.as_ptr().map_addr(|at| at / page * page);
    let len = part.as_ptr().addr() - start.addr() + part.len();
    // SAFETY: reading pages in changes nothing of theirs, and those of a slice are mapped.
    match unsafe { madvise(start.cast_mut().cast(), len, Advice::LinuxPopulateRead) } {
        Err(Errno::INVAL | Errno::NOSYS) => Ok(()), // before Linux 5.14
        Err(Errno::FAULT) => Err(io::Error::other("it was shortened meanwhile, or its disk fails")),
        other => Ok(other?),
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn bring(_part: &[u8]) -> io::Result<()> {
    Ok(())
}

/// Reads the header of a GGUF file.
pub fn read_gguf(path: &Path) -> Result<Gguf> {
    gguf::read::parse(&map(path)?.bytes, path)
}

/// Reads the header of a safetensors file.
pub fn read_safetensors(path: &Path) -> Result<SafeTensors> {
    safetensors::parse(&map(path)?.bytes, path)
}

pub(crate) struct Source {
    path: PathBuf,
    mapped: Mapped,
    tensors: HashMap<String, Entry>,
}

struct Entry {
    /// None: a safetensors type that no GGUF tensor has; its name is in `spelled`.
    dtype: Option<Dtype>,
    spelled: String,
    shape: Vec<u64>,
    offset: u64,
    nbytes: u64,
}

/// One tensor's bytes and what they are.
pub(crate) struct View<'a> {
    pub dtype: Dtype,
    pub shape: &'a [u64],
    pub bytes: &'a [u8],
}

/// A tensor's bytes whatever its type, which is as the file spells it.
pub(crate) struct Raw<'a> {
    pub spelled: &'a str,
    pub shape: &'a [u64],
    pub bytes: &'a [u8],
}

impl Source {
    /// Opens either format, told apart by the first four bytes.
    pub fn open(path: &Path) -> Result<Source> {
        let mapped = map(path)?;
        let bytes = &mapped.bytes[..];
        let tensors = if bytes.starts_with(gguf::MAGIC) {
            let entry = |t: gguf::Tensor| {
                let (dtype, spelled) = (Some(t.dtype), t.dtype.name().into());
                (t.name, Entry { dtype, spelled, shape: t.shape, offset: t.offset, nbytes: t.nbytes })
            };
            gguf::read::tensors(bytes, path)?.into_iter().map(entry).collect()
        } else {
            let entry = |t: safetensors::Tensor| {
                let dtype = match t.dtype.as_str() {
                    "F32" => Some(Dtype::F32),
                    "F16" => Some(Dtype::F16),
                    "BF16" => Some(Dtype::BF16),
                    _ => None,
                };
                let (spelled, shape) = (t.dtype, t.shape);
                (t.name, Entry { dtype, spelled, shape, offset: t.offset, nbytes: t.nbytes })
            };
            safetensors::parse(bytes, path)?.tensors.into_iter().map(entry).collect()
        };
        Ok(Source { path: path.into(), mapped, tensors })
    }

    fn entry(&self, name: &str) -> Result<&Entry> {
        let missing = || Error::MissingTensor { path: self.path.clone(), name: name.into() };
        self.tensors.get(name).ok_or_else(missing)
    }

    fn bytes_of(&self, entry: &Entry) -> &[u8] {
        // The parsers have checked that the range is within the file.
        &self.mapped.bytes[entry.offset as usize..(entry.offset + entry.nbytes) as usize]
    }

    pub fn raw(&self, name: &str) -> Result<Raw<'_>> {
        let entry = self.entry(name)?;
        Ok(Raw { spelled: &entry.spelled, shape: &entry.shape, bytes: self.bytes_of(entry) })
    }

    pub fn view(&self, name: &str) -> Result<View<'_>> {
        let entry = self.entry(name)?;
        let dtype = entry.dtype.ok_or_else(|| Error::Unsupported {
            path: self.path.clone(),
            what: format!("tensor {name} is {}", entry.spelled),
            supported: "F32, F16 or BF16",
        })?;
        Ok(View { dtype, shape: &entry.shape, bytes: self.bytes_of(entry) })
    }

    /// Refuses what was read when the file was written to meanwhile: the bytes may be of both versions.
    pub fn check_unchanged(&self) -> Result<()> {
        let stamp = |meta: &Metadata| (meta.len(), meta.mtime(), meta.mtime_nsec());
        let now = self.mapped.file.metadata().map_err(|e| Error::open(&self.path, e))?;
        if stamp(&now) != stamp(&self.mapped.meta) {
            return Err(Error::Changed { path: self.path.clone() });
        }
        Ok(())
    }
}

// The emulator that runs the tests for aarch64 passes over this advice.
#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_a_shortened_file_lost_is_an_error_and_no_signal() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![1; 1 << 20]).unwrap();
        let mapped = map(file.path()).unwrap();
        bring(&mapped.bytes[100..1 << 19]).unwrap();
        file.as_file().set_len(1 << 18).unwrap();
        bring(&mapped.bytes[..1 << 18]).unwrap();
        let error = bring(&mapped.bytes[(1 << 18) - 5..]).unwrap_err();
        assert!(error.to_string().contains("shortened"), "{error}");
    }
}
