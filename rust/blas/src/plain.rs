//! The product in plain loops, for calls that come before a BLAS is loaded.

use std::ffi::c_int;

/// `CblasRowMajor` of `cblas.h`.
pub(crate) const ROW_MAJOR: c_int = 101;
/// `CblasNoTrans` of `cblas.h`.
pub(crate) const NO_TRANS: c_int = 111;
/// `CblasConjTrans` of `cblas.h`.
const CONJ_TRANS: c_int = 113;

/// A complex number as CBLAS stores it: the real part, then the imaginary one.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Complex(f32, f32);

/// A number that CBLAS multiplies.
pub(crate) trait Number: Copy + PartialEq {
    const ZERO: Self;
    /// self * other + sum.
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

/// The layout of a product C = alpha op(A) op(B) + beta C.
pub(crate) struct Gemm {
    /// How A and B are transposed.
    pub trans: [c_int; 2],
    pub row_major: bool,
    /// `[m, n, k]`: op(A) is m by k, op(B) k by n.
    pub size: [usize; 3],
    /// Elements between the rows (columns where not row-major) of A, B and C.
    pub strides: [usize; 3],
}

impl Gemm {
    /// Computes the product.
    ///
    /// # Safety
    /// The pointers are valid for matrices of these sizes, strides and transpositions, C for writing.
    pub unsafe fn run<T: Number>(&self, alpha: T, a: *const T, b: *const T, beta: T, c: *mut T) {
        let [m, n, k] = self.size;
        let [lda, ldb, ldc] = self.strides;
        let index = |row: usize, col: usize, stride: usize, swapped: bool| {
            if self.row_major != swapped {
                row * stride + col
            } else {
                col * stride + row
            }
        };
        let read = |matrix: *const T, trans: c_int, row, col, stride| {
            // SAFETY: row and column are within op(matrix), so the element is valid by the caller's promise.
            let value = unsafe { *matrix.add(index(row, col, stride, trans != NO_TRANS)) };
            if trans == CONJ_TRANS {
                value.conjugate()
            } else {
                value
            }
        };
        let [trans_a, trans_b] = self.trans;
        for i in 0..m {
            for j in 0..n {
                let dot = (0..k).fold(T::ZERO, |sum, p| {
                    read(a, trans_a, i, p, lda).mul_add_to(read(b, trans_b, p, j, ldb), sum)
                });
                // SAFETY: i < m and j < n, so the element is valid by the caller's promise. As CBLAS demands,
                // it is read only where beta is not zero.
                unsafe {
                    let out = c.add(index(i, j, ldc, false));
                    let old = if beta == T::ZERO { T::ZERO } else { beta.mul_add_to(*out, T::ZERO) };
                    *out = alpha.mul_add_to(dot, old);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_in_both_orders_agree() {
        // A is 2 by 3, B 3 by 2, both as rows; the same memory is their transpose by columns.
        let (a, b) = ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 0.0, 0.0, 1.0, 1.0, 1.0]);
        let run = |trans, row_major, strides| {
            let mut c = [f64::NAN; 4];
            let gemm = Gemm { trans, row_major, size: [2, 2, 3], strides };
            // SAFETY: the arrays have the sizes and strides that `gemm` says.
            unsafe { gemm.run(1.0, a.as_ptr(), b.as_ptr(), 0.0, c.as_mut_ptr()) };
            c
        };
        assert_eq!(run([NO_TRANS; 2], true, [3, 2, 2]), [4.0, 5.0, 10.0, 11.0]);
        assert_eq!(run([112; 2], false, [3, 2, 2]), [4.0, 10.0, 5.0, 11.0]);
    }
}
