//! The symbols `cblas_sgemm`, `cblas_dgemm` and `cblas_cgemm`, forwarded to a BLAS that is loaded at run time.
//!
//! MLX's CPU build calls these three by their plain names, and is linked to a slow BLAS. A fast one that
//! prefixes its names can stand behind the symbols of this crate, once the process has promoted the library
//! that exports them to its global symbols, before MLX is loaded. Until [`load`] is called they compute with
//! plain loops: correct, and slow.
//!
//! Products of few rows with a transposed matrix, which answering consists of, are computed here.
//!
//! The symbols stay exported from a `cdylib` that depends on this crate.

#![deny(missing_docs)]
#![cfg(target_os = "linux")]

mod few_rows;
mod plain;
mod symbols;

use std::ffi::{c_void, CStr, CString};
use std::fmt;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

pub use plain::Complex;
pub use symbols::{cblas_cgemm, cblas_dgemm, cblas_sgemm};

/// Where the calls go. One for the whole process, since the symbols are.
static FORWARD: Forward = Forward {
    sgemm: AtomicPtr::new(std::ptr::null_mut()),
    dgemm: AtomicPtr::new(std::ptr::null_mut()),
    cgemm: AtomicPtr::new(std::ptr::null_mut()),
    calls: AtomicU64::new(0),
};

/// Addresses of functions in the loaded BLAS, null before [`load`], and how often the symbols were called.
struct Forward {
    sgemm: AtomicPtr<c_void>,
    dgemm: AtomicPtr<c_void>,
    cgemm: AtomicPtr<c_void>,
    calls: AtomicU64,
}

/// Why a BLAS cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum LoadError {
    /// The path or the prefix contains a NUL byte.
    Name(String),
    /// The dynamic linker's reason.
    Library(String),
    /// The library lacks a function.
    Symbol(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Name(name) => write!(f, "a NUL byte in {name:?}"),
            LoadError::Library(reason) => f.write_str(reason),
            LoadError::Symbol(name) => write!(f, "no {name} in the library"),
        }
    }
}

impl std::error::Error for LoadError {}

/// Loads the BLAS at `path` and forwards to its functions, whose names are those of CBLAS with `prefix` before
/// them and whose integers have 32 bits. The library stays loaded.
///
/// # Errors
/// [`LoadError`] when the library cannot be loaded or lacks one of the three functions; nothing is changed then.
pub fn load(path: &str, prefix: &str) -> Result<(), LoadError> {
    let file = CString::new(path).map_err(|_| LoadError::Name(path.into()))?;
    // SAFETY: `file` ends with a NUL. Loading runs the library's initializers, which is what the caller asks
    // for. The handle is never closed, so addresses in the library stay valid.
    let library = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if library.is_null() {
        return Err(LoadError::Library(last_error()));
    }
    let find = |name: &str| {
        let name = format!("{prefix}{name}");
        let symbol = CString::new(name.as_str()).map_err(|_| LoadError::Name(prefix.into()))?;
        // SAFETY: the handle is open, and `symbol` ends with a NUL.
        let address = unsafe { libc::dlsym(library, symbol.as_ptr()) };
        if address.is_null() {
            return Err(LoadError::Symbol(name));
        }
        Ok(address)
    };
    let (sgemm, dgemm, cgemm) = (find("cblas_sgemm")?, find("cblas_dgemm")?, find("cblas_cgemm")?);
    FORWARD.sgemm.store(sgemm, Ordering::Release);
    FORWARD.dgemm.store(dgemm, Ordering::Release);
    FORWARD.cgemm.store(cgemm, Ordering::Release);
    Ok(())
}

/// How many calls have come through the three symbols.
pub fn calls() -> u64 {
    FORWARD.calls.load(Ordering::Relaxed)
}

fn last_error() -> String {
    // SAFETY: dlerror returns null or a string that ends with a NUL and is valid until this thread's next call.
    unsafe {
        let text = libc::dlerror();
        if text.is_null() {
            "no reason given".into()
        } else {
            CStr::from_ptr(text).to_string_lossy().into()
        }
    }
}
