//! C = alpha A B' + beta C where A has few rows, as in answering: each row of B is read once.
//!
//! OpenBLAS rearranges B for such a product, which takes several times as long as reading it.

use std::ffi::c_int;

use rayon::prelude::*;

use crate::plain::{NO_TRANS, ROW_MAJOR};

/// Rows of A up to which a product is computed here.
const MOST_ROWS: usize = 8;

/// Elements of B from which on a product is computed here: smaller ones are quick anyhow.
const LEAST_ELEMENTS: usize = 1 << 16;

/// Partial sums of a dot product.
const LANES: usize = 32;

/// `CblasTrans` of `cblas.h`.
const TRANS: c_int = 112;

/// The matrices of a product and their sizes; A is `[m, k]`, B `[n, k]` and C `[m, n]`, row by row.
pub(crate) struct FewRows {
    /// `[m, n, k]`.
    pub size: [usize; 3],
    /// Elements between the rows of A, B and C.
    pub strides: [usize; 3],
    pub alpha: f32,
    pub beta: f32,
}

impl FewRows {
    /// Whether a call of `cblas_sgemm` with these arguments is such a product.
    pub fn fits(order: c_int, trans: [c_int; 2], size: [c_int; 3]) -> bool {
        let [m, n, k] = size.map(|x| usize::try_from(x).unwrap_or(0));
        let of_this_form = order == ROW_MAJOR && trans == [NO_TRANS, TRANS];
        of_this_form && (1..=MOST_ROWS).contains(&m) && n.saturating_mul(k) >= LEAST_ELEMENTS
    }

    /// Computes it.
    ///
    /// # Safety
    /// The pointers are valid for the matrices, C for writing.
    pub unsafe fn run(&self, a: *const f32, b: *const f32, c: *mut f32) {
        let ([m, n, k], [lda, ldb, ldc]) = (self.size, self.strides);
        // SAFETY: the caller's matrices; the last row ends after its k elements.
        let (a, b) = unsafe {
            (
                std::slice::from_raw_parts(a, (m - 1) * lda + k),
                std::slice::from_raw_parts(b, (n - 1) * ldb + k),
            )
        };
        let mut products = vec![0.0f32; n * m];
        let part = n.div_ceil(4 * rayon::current_num_threads()).max(1);
        products.par_chunks_mut(part * m).enumerate().for_each(|(index, out)| {
            let rows = Rows { a, lda, b: &b[index * part * ldb..], ldb, m, k };
            rows.dots(out);
        });
        for row in 0..m {
            for column in 0..n {
                // SAFETY: an element of C, which the caller allows to be read and written.
                unsafe {
                    let place = c.add(row * ldc + column);
                    let before = if self.beta == 0.0 { 0.0 } else { self.beta * *place };
                    *place = self.alpha * products[column * m + row] + before;
                }
            }
        }
    }
}

/// Some rows of B, and all of A.
struct Rows<'a> {
    a: &'a [f32],
    lda: usize,
    b: &'a [f32],
    ldb: usize,
    m: usize,
    k: usize,
}

impl Rows<'_> {
    /// The dot product of each row of B with each of A, in `out`, `[rows of B, m]`.
    fn dots(&self, out: &mut [f32]) {
        #[cfg(target_arch = "x86_64")]
        {
            #[target_feature(enable = "avx512f")]
            fn avx512(rows: &Rows, out: &mut [f32]) {
                rows.plain::<true>(out);
            }
            #[target_feature(enable = "avx2,fma")]
            fn avx2(rows: &Rows, out: &mut [f32]) {
                rows.plain::<true>(out);
            }
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has AVX-512F, which is all that this function demands.
                return unsafe { avx512(self, out) };
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                // SAFETY: the processor has AVX2 and FMA, which is all that this function demands.
                return unsafe { avx2(self, out) };
            }
            self.plain::<false>(out);
        }
        #[cfg(not(target_arch = "x86_64"))]
        self.plain::<{ cfg!(target_arch = "aarch64") }>(out);
    }

    /// `FUSED` rounds a multiplication and an addition once; without an instruction for it that is slow.
    #[inline(always)]
    fn plain<const FUSED: bool>(&self, out: &mut [f32]) {
        for (index, out) in out.chunks_exact_mut(self.m).enumerate() {
            // It stays in the cache for all rows of A.
            let b = &self.b[index * self.ldb..][..self.k];
            for (row, out) in out.iter_mut().enumerate() {
                *out = dot::<FUSED>(b, &self.a[row * self.lda..][..self.k]);
            }
        }
    }
}

/// The dot product of two slices of one length.
#[inline(always)]
fn dot<const FUSED: bool>(a: &[f32], b: &[f32]) -> f32 {
    let multiplied = |x: f32, y: f32, sum: f32| if FUSED { x.mul_add(y, sum) } else { x * y + sum };
    let mut sums = [0.0f32; LANES];
    let (heads_a, heads_b) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let rest = heads_a.remainder().iter().zip(heads_b.remainder());
    let rest = rest.fold(0.0, |sum, (x, y)| multiplied(*x, *y, sum));
    for (x, y) in heads_a.zip(heads_b) {
        for lane in 0..LANES {
            sums[lane] = multiplied(x[lane], y[lane], sums[lane]);
        }
    }
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers, whose sums float32 holds exactly.
    fn numbers(len: usize, from: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 7 + from * 3) % 11) as f32 - 5.0).collect()
    }

    #[test]
    fn every_number_of_rows_gives_the_products_of_the_definition() {
        let (n, k) = (37, 50);
        for m in 1..=MOST_ROWS {
            for (alpha, beta) in [(1.0, 0.0), (2.0, 0.0), (1.0, 3.0)] {
                let (lda, ldb, ldc) = (k + 1, k + 2, n + 3);
                let (a, b, mut c) = (numbers(m * lda, 1), numbers(n * ldb, 2), numbers(m * ldc, 3));
                let before = c.clone();
                let product = FewRows { size: [m, n, k], strides: [lda, ldb, ldc], alpha, beta };
                // SAFETY: the matrices are as long as the sizes and strides say.
                unsafe { product.run(a.as_ptr(), b.as_ptr(), c.as_mut_ptr()) };
                for (i, &old) in before.iter().enumerate() {
                    let (row, column) = (i / ldc, i % ldc);
                    let dot = || -> f32 { (0..k).map(|p| a[row * lda + p] * b[column * ldb + p]).sum() };
                    let want = if column < n { alpha * dot() + beta * old } else { old };
                    assert_eq!(c[i], want, "{m} rows, {row}, {column}");
                }
            }
        }
    }

    #[test]
    fn the_old_content_of_c_is_ignored_without_beta() {
        let mut c = [f32::NAN; 1];
        let product = FewRows { size: [1, 1, 2], strides: [2, 2, 1], alpha: 1.0, beta: 0.0 };
        // SAFETY: the matrices are as long as the sizes say.
        unsafe { product.run([1.0, 2.0].as_ptr(), [3.0, 4.0].as_ptr(), c.as_mut_ptr()) };
        assert_eq!(c, [11.0]);
    }

    #[test]
    fn only_products_of_this_form_and_size_are_computed_here() {
        assert!(FewRows::fits(ROW_MAJOR, [NO_TRANS, TRANS], [1, 576, 576]));
        assert!(!FewRows::fits(ROW_MAJOR, [NO_TRANS, TRANS], [9, 576, 576]));
        assert!(!FewRows::fits(ROW_MAJOR, [NO_TRANS, TRANS], [1, 64, 64]));
        assert!(!FewRows::fits(ROW_MAJOR, [NO_TRANS, NO_TRANS], [1, 576, 576]));
        assert!(!FewRows::fits(102, [NO_TRANS, TRANS], [1, 576, 576]));
        assert!(!FewRows::fits(ROW_MAJOR, [NO_TRANS, TRANS], [-1, 576, 576]));
    }
}
