//! Output files. Each is written as an unnamed or hidden file in the folder that it goes to; complete files
//! get their names together.

use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rustix::io::Errno;
use tempfile::TempPath;

use crate::error::{Error, Result};

/// A file that is being written. Dropped before `publish_all`, it is removed.
pub(crate) struct Target {
    path: PathBuf,
    dir: PathBuf,
    force: bool,
    size: u64,
    file: File,
    /// Its temporary name. None for an unnamed file, which the system removes even if this process is killed.
    temp: Option<TempPath>,
}

impl Target {
    /// Creates a file of `size` bytes in the folder of `path`.
    ///
    /// # Errors
    /// [`Error::Exists`] when there is one and `force` is not set, [`Error::Target`] when none can be written
    /// there, [`Error::NoSpace`] when the disk has too little room.
    pub fn create(path: &Path, size: u64, force: bool) -> Result<Target> {
        let refuse = |what: String| Error::Target { path: path.into(), what };
        if path.file_name().is_none() {
            return Err(refuse("not a file name".into()));
        }
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
        // A filesystem that reports no blocks does not report its free room either.
        if free < size && disk.f_blocks > 0 {
            return Err(Error::NoSpace { path: path.into(), needed: size, free });
        }
        let (file, temp) = match unnamed::open(&dir) {
            Some(file) => (file, None),
            None => {
                let beside = tempfile::Builder::new()
                    .prefix(&prefix(path))
                    .permissions(fs::Permissions::from_mode(0o666)) // the umask still applies
                    .tempfile_in(&dir)
                    .map_err(|e| refuse(e.to_string()))?;
                let (file, temp) = beside.into_parts();
                (file, Some(temp))
            }
        };
        let target = Target { path: path.into(), dir, force, size, file, temp };
        target.reserve(size)?;
        Ok(target)
    }

    /// Allocates the file's blocks, so that a full disk is noticed now and the file is not fragmented.
    fn reserve(&self, size: u64) -> Result<()> {
        use rustix::fs::{fallocate, ftruncate, FallocateFlags};
        let allocated = match fallocate(&self.file, FallocateFlags::empty(), 0, size) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => ftruncate(&self.file, size),
            other => other,
        };
        // On macOS fallocate reserves the room but does not extend the file.
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

    /// Writes at an offset. Any thread may call it.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.file.write_all_at(bytes, offset).map_err(|e| self.failed(e))
    }

    /// Gives the file its name. An old file of that name stays until the new one takes its place.
    fn publish(self) -> Result<()> {
        let Target { path, dir, force, file, temp, .. } = self;
        let placed = match temp {
            Some(temp) if force => temp.persist(&path).map_err(|e| e.error),
            Some(temp) => temp.persist_noclobber(&path).map_err(|e| e.error),
            None => match unnamed::link(&file, &path) {
                Err(e) if force && e.kind() == io::ErrorKind::AlreadyExists => {
                    // A link cannot replace a file; a rename can.
                    let beside = tempfile::Builder::new()
                        .prefix(&prefix(&path))
                        .make_in(&dir, |name| unnamed::link(&file, name));
                    beside.and_then(|beside| beside.into_temp_path().persist(&path).map_err(|e| e.error))
                }
                other => other,
            },
        };
        placed.map_err(|e: io::Error| match e.kind() {
            io::ErrorKind::AlreadyExists if !force => Error::Exists { path },
            _ => Error::write(&path, e),
        })
    }
}

/// Gives a set of files their names. `Break` from `poll` abandons them even while the disk is busy.
///
/// llama.cpp opens a set by its first file, so an old file of that name is removed first and the new one is
/// named last. A process that is killed in between leaves an incomplete set, but never a mixed one of old and
/// new files.
pub(crate) fn publish_all(mut targets: Vec<Target>, poll: &mut dyn FnMut() -> ControlFlow<()>) -> Result<()> {
    let dirs = sync_replacements(&targets, poll)?;
    if targets.len() > 1 && targets[0].path.is_file() {
        fs::remove_file(&targets[0].path).map_err(|e| Error::write(&targets[0].path, e))?;
    }
    if !targets.is_empty() {
        targets.rotate_left(1);
    }
    let mut placed = Vec::new();
    for target in targets {
        let path = target.path.clone();
        if let Err(error) = target.publish() {
            for path in placed {
                let _ = fs::remove_file(path);
            }
            return Err(error);
        }
        placed.push(path);
    }
    // Syncing the directory makes the renames durable; an error does no harm, since the files are complete.
    dirs.iter().for_each(|dir| drop(File::open(dir).and_then(|dir| dir.sync_all())));
    Ok(())
}

/// Syncs the files that replace old ones, so that after a power cut either the old content or the new is
/// there. A file with a new name has no old content to lose, so it is not synced, as with `cp`. Returns the
/// folders of the files that were synced.
fn sync_replacements(targets: &[Target], poll: &mut dyn FnMut() -> ControlFlow<()>) -> Result<Vec<PathBuf>> {
    let replacing: Vec<_> = targets.iter().filter(|t| t.path.exists()).collect();
    let (sender, synced) = mpsc::channel();
    for target in &replacing {
        // The thread has a descriptor of its own, since a caller who cancels does not wait for it.
        let file = target.file.try_clone().map_err(|e| target.failed(e))?;
        let sender = sender.clone();
        std::thread::spawn(move || sender.send(file.sync_all()));
    }
    drop(sender);
    loop {
        match synced.recv_timeout(Duration::from_millis(40)) {
            Ok(result) => result.map_err(|e| replacing[0].failed(e))?,
            Err(mpsc::RecvTimeoutError::Timeout) if poll().is_break() => return Err(Error::Cancelled),
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                return Ok(replacing.iter().map(|t| t.dir.clone()).collect())
            }
        }
    }
}

/// How the name of a temporary file begins: hidden, with the id of the process that made it.
fn prefix(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    format!(".{name}.tmp-{}-", std::process::id())
}

/// Linux's unnamed temporary files (O_TMPFILE): however the process ends, nothing is left of them.
#[cfg(target_os = "linux")]
mod unnamed {
    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{linkat, open as open_at, AtFlags, Mode, OFlags, CWD};

    /// A new unnamed file in a folder, or None where the filesystem has none or /proc is not mounted.
    pub fn open(dir: &Path) -> Option<File> {
        // The umask still applies.
        let mode = Mode::from_raw_mode(0o666);
        let file = File::from(open_at(dir, OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, mode).ok()?);
        std::fs::metadata(descriptor(&file)).is_ok().then_some(file)
    }

    /// Gives the file a name; fails when the name is taken.
    pub fn link(file: &File, path: &Path) -> std::io::Result<()> {
        Ok(linkat(CWD, descriptor(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?)
    }

    fn descriptor(file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

#[cfg(not(target_os = "linux"))]
mod unnamed {
    use std::{fs::File, io, path::Path};

    pub fn open(_dir: &Path) -> Option<File> {
        None
    }

    pub fn link(_file: &File, _path: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
