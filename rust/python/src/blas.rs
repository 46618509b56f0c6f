//! Plain `cblas_?gemm` symbols that forward to a BLAS loaded at run time.
//!
//! MLX's CPU build calls the unprefixed names; a fast BLAS that prefixes its own can stand behind
//! these once the process has promoted this library to its global symbols, before MLX is loaded.
//! Until `use_blas` is called they compute with plain loops: right, and slow.

use std::ffi::{c_int, c_void, CStr, CString};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use pyo3::prelude::*;

use crate::errors::wrong;

/// Addresses in the loaded BLAS, null until `use_blas`.
static SGEMM: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
static DGEMM: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
static CGEMM: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());
static CALLS: AtomicU64 = AtomicU64::new(0);

const ROW_MAJOR: c_int = 101;
const NO_TRANS: c_int = 111;
const CONJ_TRANS: c_int = 113;

/// Loads the BLAS at `path` and forwards to its `PREFIXcblas_sgemm`, dgemm and cgemm (32-bit integers).
#[pyfunction]
pub fn use_blas(py: Python<'_>, path: &str, prefix: &str) -> PyResult<()> {
    let bad = |what, found: String| wrong(py, what, "a BLAS library and its prefix", found);
    let file = CString::new(path).map_err(|_| bad("not a path", path.into()))?;
    // SAFETY: `file` is NUL-terminated. Loading runs the library's initializers, which is what the
    // caller asks for; the handle is never closed, so addresses in it stay valid.
    let library = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if library.is_null() {
        return Err(bad("cannot load the BLAS", last_error()));
    }
    let find = |name: &str| {
        let symbol =
            CString::new(format!("{prefix}{name}")).map_err(|_| bad("not a prefix", prefix.into()))?;
        // SAFETY: a live handle and a NUL-terminated name.
        let address = unsafe { libc::dlsym(library, symbol.as_ptr()) };
        if address.is_null() {
            Err(bad("not in the BLAS", format!("no {prefix}{name} in {path}")))
        } else {
            Ok(address)
        }
    };
    let (s, d, c) = (find("cblas_sgemm")?, find("cblas_dgemm")?, find("cblas_cgemm")?);
    SGEMM.store(s, Ordering::Release);
    DGEMM.store(d, Ordering::Release);
    CGEMM.store(c, Ordering::Release);
    Ok(())
}

fn last_error() -> String {
    // SAFETY: dlerror returns null or a NUL-terminated string, valid until this thread's next call.
    unsafe {
        let text = libc::dlerror();
        if text.is_null() {
            "no reason given".into()
        } else {
            CStr::from_ptr(text).to_string_lossy().into()
        }
    }
}

/// Calls that have come through the three symbols.
#[pyfunction]
pub fn blas_calls() -> u64 {
    CALLS.load(Ordering::Relaxed)
}

macro_rules! gemm {
    ($name:ident, $target:ident, $scalar:ty, $element:ty, $value:expr) => {
        /// CBLAS's own contract: pointers to matrices of the sizes said, nothing unwinds.
        ///
        /// # Safety
        /// As for the CBLAS function of this name.
        #[no_mangle]
        pub unsafe extern "C" fn $name(
            order: c_int,
            trans_a: c_int,
            trans_b: c_int,
            m: c_int,
            n: c_int,
            k: c_int,
            alpha: $scalar,
            a: *const $element,
            lda: c_int,
            b: *const $element,
            ldb: c_int,
            beta: $scalar,
            c: *mut $element,
            ldc: c_int,
        ) {
            type Gemm = unsafe extern "C" fn(
                c_int,
                c_int,
                c_int,
                c_int,
                c_int,
                c_int,
                $scalar,
                *const $element,
                c_int,
                *const $element,
                c_int,
                $scalar,
                *mut $element,
                c_int,
            );
            CALLS.fetch_add(1, Ordering::Relaxed);
            let target = $target.load(Ordering::Acquire);
            if !target.is_null() {
                // SAFETY: `use_blas` stored the address of the function of this name, which has this
                // signature in every CBLAS with 32-bit integers; the arguments are the caller's.
                let forward = unsafe { std::mem::transmute::<*mut c_void, Gemm>(target) };
                // SAFETY: as above.
                return unsafe {
                    forward(order, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
                };
            }
            let value = $value;
            let plain = Plain {
                trans: [trans_a, trans_b],
                row_major: order == ROW_MAJOR,
                size: [m, n, k].map(|x| x.max(0) as usize),
                strides: [lda, ldb, ldc].map(|x| x as usize),
            };
            // SAFETY: the caller's matrices, as CBLAS defines them.
            unsafe { plain.run(value(alpha), a, b, value(beta), c) }
        }
    };
}

gemm!(cblas_sgemm, SGEMM, f32, f32, |x: f32| x);
gemm!(cblas_dgemm, DGEMM, f64, f64, |x: f64| x);
// SAFETY (of the closure): CBLAS passes complex scalars by address.
gemm!(cblas_cgemm, CGEMM, *const c_void, Complex, |x: *const c_void| unsafe { *x.cast::<Complex>() });

/// A complex number as CBLAS lays it out.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Complex(f32, f32);

trait Number: Copy + PartialEq {
    const ZERO: Self;
    fn mul_add_to(self, other: Self, sum: Self) -> Self;
    fn conjugate(self) -> Self;
}

macro_rules! real {
    ($type:ty) => {
        impl Number for $type {
            const ZERO: Self = 0.0;
            fn mul_add_to(self, other: Self, sum: Self) -> Self {
                self * other + sum
            }
            fn conjugate(self) -> Self {
                self
            }
        }
    };
}

real!(f32);
real!(f64);

impl Number for Complex {
    const ZERO: Self = Complex(0.0, 0.0);
    fn mul_add_to(self, b: Self, sum: Self) -> Self {
        Complex(self.0 * b.0 - self.1 * b.1 + sum.0, self.0 * b.1 + self.1 * b.0 + sum.1)
    }
    fn conjugate(self) -> Self {
        Complex(self.0, -self.1)
    }
}

/// The plain product, where nobody has given a BLAS.
struct Plain {
    trans: [c_int; 2],
    row_major: bool,
    size: [usize; 3],
    strides: [usize; 3],
}

impl Plain {
    /// C = alpha op(A) op(B) + beta C.
    ///
    /// # Safety
    /// The matrices are valid for these sizes, strides and transpositions.
    unsafe fn run<T: Number>(&self, alpha: T, a: *const T, b: *const T, beta: T, c: *mut T) {
        let [m, n, k] = self.size;
        let [lda, ldb, ldc] = self.strides;
        let at = |row: usize, col: usize, stride: usize, swapped: bool| {
            if self.row_major != swapped {
                row * stride + col
            } else {
                col * stride + row
            }
        };
        let read = |matrix: *const T, side: usize, row, col, stride| {
            // SAFETY: within the matrix, by the caller's promise.
            let value = unsafe { *matrix.add(at(row, col, stride, self.trans[side] != NO_TRANS)) };
            if self.trans[side] == CONJ_TRANS {
                value.conjugate()
            } else {
                value
            }
        };
        for i in 0..m {
            for j in 0..n {
                let dot = (0..k)
                    .fold(T::ZERO, |sum, p| read(a, 0, i, p, lda).mul_add_to(read(b, 1, p, j, ldb), sum));
                // SAFETY: within C, by the caller's promise; C is read only where beta is not zero.
                unsafe {
                    let out = c.add(at(i, j, ldc, false));
                    let old = if beta == T::ZERO { T::ZERO } else { beta.mul_add_to(*out, T::ZERO) };
                    *out = alpha.mul_add_to(dot, old);
                }
            }
        }
    }
}
