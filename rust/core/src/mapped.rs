//! An input file, mapped into memory.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use memmap2::Mmap;

use crate::error::{Error, Result};
use crate::sigbus::Registration;

/// A regular file that is mapped for reading, with the metadata that it had then.
pub(crate) struct MappedFile {
    path: PathBuf,
    /// Declared before the mapping, so that it is dropped before it.
    registration: Registration,
    bytes: Mmap,
    file: File,
    metadata: Metadata,
}

impl MappedFile {
    /// Maps a whole file.
    pub fn open(path: &Path) -> Result<MappedFile> {
        let failed = |error| Error::open(path, error);
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(failed(io::Error::other("not a regular file")));
        }
        if metadata.len() == 0 {
            return Err(Error::malformed(path, 0, "the file is empty"));
        }
        // SAFETY: the mapping is only read, as bytes, for which any content is valid. Another process may
        // write to the file or shorten it: `check_unchanged` notices both, and touching a page that is gone
        // reads zeros, since the mapping is registered.
        let bytes = unsafe { Mmap::map(&file) }.map_err(failed)?;
        Ok(MappedFile { path: path.into(), registration: Registration::new(&bytes), bytes, file, metadata })
    }

    /// The whole content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads `part`, a part of this file's bytes, into memory with one system call, which is quicker than a
    /// page fault for every 64 KiB and notices early that the file was shortened.
    ///
    /// # Errors
    /// [`Error::Changed`] when the file no longer reaches to the end of `part`, [`Error::Open`] when its
    /// disk cannot read it.
    pub fn prefault(&self, part: &[u8]) -> Result<()> {
        let result = populate(part);
        if !matches!(result, Ok(Populated::Yes)) {
            let end = part.as_ptr().addr() + part.len() - self.bytes.as_ptr().addr();
            let now = self.file.metadata().map_err(|error| Error::open(&self.path, error))?;
            if now.len() < end as u64 {
                return Err(Error::Changed { path: self.path.clone() });
            }
        }
        result.map(drop).map_err(|error| Error::open(&self.path, error))
    }

    /// Fails when what was read cannot be trusted.
    ///
    /// # Errors
    /// [`Error::Changed`] when the file was written to or shortened since it was opened, [`Error::Open`] when
    /// its disk could not read a part of it.
    pub fn check_unchanged(&self) -> Result<()> {
        let stamp = |metadata: &Metadata| (metadata.len(), metadata.mtime(), metadata.mtime_nsec());
        let now = self.file.metadata().map_err(|error| Error::open(&self.path, error))?;
        if stamp(&now) != stamp(&self.metadata) {
            return Err(Error::Changed { path: self.path.clone() });
        }
        if self.registration.lost() {
            return Err(Error::open(&self.path, unreadable()));
        }
        Ok(())
    }
}

fn unreadable() -> io::Error {
    io::Error::other("its disk cannot read a part of it")
}

/// Whether `populate` has read the pages in.
enum Populated {
    Yes,
    /// The system has no call for it.
    Unsupported,
}

#[cfg(target_os = "linux")]
fn populate(part: &[u8]) -> io::Result<Populated> {
    use rustix::io::Errno;
    use rustix::mm::{madvise, Advice};
    let page = rustix::param::page_size();
    let start = part.as_ptr().map_addr(|address| address / page * page);
    let len = part.as_ptr().addr() - start.addr() + part.len();
    // SAFETY: MADV_POPULATE_READ only reads pages in; the range starts in the page of the slice's first
    // byte and ends with its last, so it lies within the mapping that the slice is a part of.
    match unsafe { madvise(start.cast_mut().cast(), len, Advice::LinuxPopulateRead) } {
        // Before Linux 5.14, or under an emulator: the kernel lacks MADV_POPULATE_READ.
        Err(Errno::INVAL | Errno::NOSYS) => Ok(Populated::Unsupported),
        // What would be a SIGBUS: no such page, or its disk cannot read it.
        Err(Errno::FAULT) => Err(unreadable()),
        other => Ok(other.map(|()| Populated::Yes)?),
    }
}

#[cfg(not(target_os = "linux"))]
fn populate(_part: &[u8]) -> io::Result<Populated> {
    Ok(Populated::Unsupported)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_pages_read_as_zeros_and_are_reported() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![1; 1 << 20]).unwrap();
        let mapped = MappedFile::open(file.path()).unwrap();
        assert!(!mapped.registration.lost());
        file.as_file().set_len(1 << 18).unwrap();
        assert_eq!(mapped.bytes()[(1 << 20) - 1], 0);
        assert_eq!(mapped.bytes()[0], 1);
        assert!(mapped.registration.lost());
        assert!(matches!(mapped.check_unchanged(), Err(Error::Changed { .. })));
    }

    // The emulator that runs the tests for aarch64 ignores MADV_POPULATE_READ.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn a_part_that_a_shortened_file_has_lost_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), vec![1; 1 << 20]).unwrap();
        let mapped = MappedFile::open(file.path()).unwrap();
        mapped.prefault(&mapped.bytes()[100..1 << 19]).unwrap();
        file.as_file().set_len(1 << 18).unwrap();
        mapped.prefault(&mapped.bytes()[..1 << 18]).unwrap();
        for lost in [(1 << 18) + 5000..1 << 19, (1 << 18) - 5..1 << 20] {
            let result = mapped.prefault(&mapped.bytes()[lost]);
            assert!(matches!(result, Err(Error::Changed { .. })), "{result:?}");
        }
    }
}
