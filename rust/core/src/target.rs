//! An output file: room checked, written beside its place, synced, and renamed into it.

use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::sync::Arc;
use std::time::Duration;

use rustix::io::Errno;
use tempfile::TempPath;

use crate::error::{Error, Result};

/// The temporary sibling; dropped without `finish`, it is removed.
pub(crate) struct Target {
    path: PathBuf,
    dir: PathBuf,
    force: bool,
    size: u64,
    // Shared with the thread that syncs, which a cancelled caller does not wait for.
    file: Arc<File>,
    temp: TempPath,
}

impl Target {
    /// Reserves `size` bytes beside `path`.
    pub fn create(path: &Path, size: u64, force: bool) -> Result<Target> {
        let refuse = |what: String| Error::Target { path: path.into(), what };
        let name = path.file_name().ok_or_else(|| refuse("not a file name".into()))?;
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => return Err(refuse("it is a directory".into())),
            Ok(_) if !force => return Err(Error::Exists { path: path.into() }),
            Ok(meta) if !meta.is_file() => return Err(refuse("it is not a regular file".into())),
            _ => {}
        }
        let dir = match path.parent() {
            Some(dir) if !dir.as_os_str().is_empty() => dir.to_path_buf(),
            _ => PathBuf::from("."),
        };
        let disk = rustix::fs::statvfs(&dir).map_err(|e| refuse(io::Error::from(e).to_string()))?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        // A filesystem of no blocks does not say how much room it has.
        if free < size && disk.f_blocks > 0 {
            return Err(Error::NoSpace { path: path.into(), needed: size, free });
        }
        let temp = tempfile::Builder::new()
            .prefix(&format!(".{}.tmp-{}-", name.to_string_lossy(), std::process::id()))
            .permissions(fs::Permissions::from_mode(0o666)) // the umask still applies
            .tempfile_in(&dir)
            .map_err(|e| refuse(e.to_string()))?;
        let (file, temp) = temp.into_parts();
        let target = Target { path: path.into(), dir, force, size, file: Arc::new(file), temp };
        target.reserve(size)?;
        Ok(target)
    }

    /// Allocates the blocks, so that a full disk is found now, and the file is laid out in one piece.
    fn reserve(&self, size: u64) -> Result<()> {
        use rustix::fs::{fallocate, ftruncate, FallocateFlags};
        let allocated = match fallocate(&self.file, FallocateFlags::empty(), 0, size) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => ftruncate(&self.file, size),
            other => other,
        };
        // macOS reserves without growing the file.
        allocated
            .and_then(|()| if cfg!(target_os = "macos") { ftruncate(&self.file, size) } else { Ok(()) })
            .map_err(|e| self.failed(e.into()))
    }

    fn failed(&self, error: io::Error) -> Error {
        if error.kind() == io::ErrorKind::StorageFull {
            let free = rustix::fs::statvfs(&self.dir).map_or(0, |s| s.f_bavail.saturating_mul(s.f_frsize));
            return Error::NoSpace { path: self.path.clone(), needed: self.size, free };
        }
        Error::write(&self.path, error)
    }

    /// Writes at an offset; from any thread.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.file.write_all_at(bytes, offset).map_err(|e| self.failed(e))
    }

    /// Syncs and renames. `Break` from `poll` abandons the file even while the disk is busy.
    pub fn finish(self, poll: &mut dyn FnMut() -> ControlFlow<()>) -> Result<()> {
        let (sender, synced) = mpsc::channel();
        let file = Arc::clone(&self.file);
        std::thread::spawn(move || sender.send(file.sync_all()));
        loop {
            match synced.recv_timeout(Duration::from_millis(40)) {
                Ok(result) => break result.map_err(|e| self.failed(e))?,
                Err(mpsc::RecvTimeoutError::Timeout) if poll().is_break() => return Err(Error::Cancelled),
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Err(mpsc::RecvTimeoutError::Disconnected) => {
                    return Err(Error::write(&self.path, io::Error::other("the syncing thread ended")))
                }
            }
        }
        let Target { path, dir, force, temp, .. } = self;
        if force {
            temp.persist(&path).map_err(|e| Error::write(&path, e.error))?;
        } else if let Err(e) = temp.persist_noclobber(&path) {
            return Err(match e.error.kind() {
                io::ErrorKind::AlreadyExists => Error::Exists { path },
                _ => Error::write(&path, e.error),
            });
        }
        // The rename itself reaches the disk with the directory; the file is whole either way.
        let _ = File::open(&dir).and_then(|dir| dir.sync_all());
        Ok(())
    }
}
