//! The exported symbols. Types and constants are those of `cblas.h`.

use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;

use crate::few_rows::FewRows;
use crate::plain::{Complex, Gemm, ROW_MAJOR};
use crate::FORWARD;

/// The arguments of a call.
struct Call<S, E> {
    order: c_int,
    trans: [c_int; 2],
    size: [c_int; 3],
    strides: [c_int; 3],
    alpha: S,
    a: *const E,
    b: *const E,
    beta: S,
    c: *mut E,
}

/// Computes a product of few rows; whether it was one.
///
/// # Safety
/// The pointers are valid for matrices of the given sizes, strides and transpositions, C for writing.
unsafe fn few_rows(call: Call<f32, f32>) -> bool {
    if !FewRows::fits(call.order, call.trans, call.size) {
        return false;
    }
    let (size, strides) = (call.size.map(|x| x as usize), call.strides.map(|x| x as usize));
    let product = FewRows { size, strides, alpha: call.alpha, beta: call.beta };
    // SAFETY: the caller's matrices.
    unsafe { product.run(call.a, call.b, call.c) };
    true
}

macro_rules! gemm {
    ($name:ident, $target:ident, $scalar:ty, $element:ty, $value:expr, $own:expr) => {
        /// C = alpha op(A) op(B) + beta C, as the CBLAS function of this name.
        ///
        /// # Safety
        /// The pointers are valid for matrices of the given sizes, strides and transpositions, C for writing;
        /// scalars that are passed by address are valid for reading.
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
            type Function = unsafe extern "C" fn(
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
            FORWARD.calls.fetch_add(1, Ordering::Relaxed);
            let own: Option<unsafe fn(Call<$scalar, $element>) -> bool> = $own;
            if let Some(own) = own {
                let (trans, size, strides) = ([trans_a, trans_b], [m, n, k], [lda, ldb, ldc]);
                let call = Call { order, trans, size, strides, alpha, a, b, beta, c };
                // SAFETY: the caller's matrices, as CBLAS defines them.
                if unsafe { own(call) } {
                    return;
                }
            }
            let target = FORWARD.$target.load(Ordering::Acquire);
            if !target.is_null() {
                // SAFETY: `load` stored the address of the function of this name, which has this signature in
                // every CBLAS with 32-bit integers; the arguments are the caller's.
                return unsafe {
                    let forward = std::mem::transmute::<*mut c_void, Function>(target);
                    forward(order, trans_a, trans_b, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
                };
            }
            let gemm = Gemm {
                trans: [trans_a, trans_b],
                row_major: order == ROW_MAJOR,
                size: [m, n, k].map(|x| x.max(0) as usize),
                strides: [lda, ldb, ldc].map(|x| x as usize),
            };
            let value = $value;
            // SAFETY: the caller's matrices, as CBLAS defines them.
            unsafe { gemm.run(value(alpha), a, b, value(beta), c) }
        }
    };
}

gemm!(cblas_sgemm, sgemm, f32, f32, |x: f32| x, Some(few_rows));
gemm!(cblas_dgemm, dgemm, f64, f64, |x: f64| x, None);
// SAFETY (of the closure): CBLAS passes complex scalars by address.
gemm!(cblas_cgemm, cgemm, *const c_void, Complex, |x: *const c_void| unsafe { *x.cast::<Complex>() }, None);
