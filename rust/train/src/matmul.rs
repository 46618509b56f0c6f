//! Matrix products on row-major slices, with their bounds checked.
//!
//! The crate `gemm` picks the widest vectors of this processor and splits large products over rayon's
//! threads. One thread sums each element of the result, so the number of threads changes nothing.

use gemm::{gemm, Parallelism};

/// A row-major matrix in a slice: the slice's first element is the matrix's, and each row begins `stride`
/// elements after the row before it.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<'a> {
    data: &'a [f32],
    stride: usize,
    transposed: bool,
}

/// A row-major matrix, used as it is stored.
pub(crate) fn plain(data: &[f32], stride: usize) -> Matrix<'_> {
    Matrix { data, stride, transposed: false }
}

/// A row-major matrix, used transposed.
pub(crate) fn transposed(data: &[f32], stride: usize) -> Matrix<'_> {
    Matrix { data, stride, transposed: true }
}

impl Matrix<'_> {
    /// Whether a matrix of `[rows, cols]`, counted after transposing, lies within the slice.
    fn holds(&self, rows: usize, cols: usize) -> bool {
        let (rows, cols) = if self.transposed { (cols, rows) } else { (rows, cols) };
        fits(rows, cols, self.stride, self.data.len())
    }

    /// Elements between neighbouring columns and between neighbouring rows, after transposing.
    fn strides(&self) -> (isize, isize) {
        let stride = self.stride as isize;
        if self.transposed {
            (stride, 1)
        } else {
            (1, stride)
        }
    }
}

/// Below this many multiplications a product runs on one thread: waking a second one and waiting for it takes
/// longer than its share of the work.
const SINGLE_THREADED: usize = 1 << 21;

/// Whether a row-major matrix lies within `len` elements.
fn fits(rows: usize, cols: usize, stride: usize, len: usize) -> bool {
    rows == 0 || (cols <= stride && (rows - 1) * stride + cols <= len)
}

/// c = alpha * a b + beta * c, where a is `[m, k]`, b `[k, n]` and c `[m, n]`, after transposing. With a
/// beta of zero the old content of c is not read.
///
/// # Panics
/// When a matrix does not fit into its slice.
pub(crate) fn matmul(
    [m, n, k]: [usize; 3],
    alpha: f32,
    a: Matrix,
    b: Matrix,
    beta: f32,
    c: &mut [f32],
    c_stride: usize,
) {
    assert!(a.holds(m, k) && b.holds(k, n) && fits(m, n, c_stride, c.len()), "matrix sizes");
    let ((a_col, a_row), (b_col, b_row)) = (a.strides(), b.strides());
    let threads = if m * n * k < SINGLE_THREADED { Parallelism::None } else { Parallelism::Rayon(0) };
    // SAFETY: the assertion has found all three matrices to lie within their slices, so every element that
    // these strides reach is valid; c is borrowed exclusively, so it overlaps neither a nor b.
    unsafe {
        gemm(
            m,
            n,
            k,
            c.as_mut_ptr(),
            1,
            c_stride as isize,
            beta != 0.0,
            a.data.as_ptr(),
            a_col,
            a_row,
            b.data.as_ptr(),
            b_col,
            b_row,
            beta,
            alpha,
            false,
            false,
            false,
            threads,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers, whose sums are exact in every order.
    fn numbers(len: usize, from: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 7 + from) % 11) as f32 - 5.0).collect()
    }

    #[test]
    fn products_are_those_of_three_loops_in_every_layout() {
        for [m, n, k] in [[1, 1, 1], [3, 5, 7], [16, 33, 40], [130, 70, 65], [2, 3, 0]] {
            for (transpose_a, transpose_b, beta) in
                [(false, false, 0.0), (true, false, 1.0), (false, true, 2.0), (true, true, 1.0)]
            {
                let stride =
                    |rows: usize, cols: usize, swapped: bool| (if swapped { rows } else { cols }) + 2;
                let (sa, sb, sc) = (stride(m, k, transpose_a), stride(k, n, transpose_b), n + 1);
                let a = numbers(sa * m.max(k), 1);
                let b = numbers(sb * k.max(n), 2);
                let before = numbers(sc * m, 3);
                let side = |data, stride, swapped| Matrix { data, stride, transposed: swapped };
                let mut c = before.clone();
                matmul(
                    [m, n, k],
                    3.0,
                    side(&a, sa, transpose_a),
                    side(&b, sb, transpose_b),
                    beta,
                    &mut c,
                    sc,
                );
                let at = |data: &[f32], stride: usize, swapped: bool, row: usize, col: usize| {
                    if swapped {
                        data[col * stride + row]
                    } else {
                        data[row * stride + col]
                    }
                };
                for (i, &old) in before.iter().enumerate() {
                    let (row, col) = (i / sc, i % sc);
                    let dot = || -> f32 {
                        (0..k)
                            .map(|p| at(&a, sa, transpose_a, row, p) * at(&b, sb, transpose_b, p, col))
                            .sum()
                    };
                    let want = if col < n { 3.0 * dot() + beta * old } else { old };
                    assert_eq!(c[i], want, "{m} {n} {k} at {row}, {col}");
                }
            }
        }
    }

    #[test]
    fn without_beta_the_old_content_of_c_is_ignored() {
        let mut c = [f32::NAN; 4];
        matmul([2, 2, 2], 1.0, plain(&[1.0; 4], 2), plain(&[1.0; 4], 2), 0.0, &mut c, 2);
        assert_eq!(c, [2.0; 4]);
    }

    #[test]
    #[should_panic(expected = "matrix sizes")]
    fn a_matrix_beyond_its_slice_is_refused() {
        matmul([2, 2, 2], 1.0, plain(&[1.0; 3], 2), plain(&[1.0; 4], 2), 0.0, &mut [0.0; 4], 2);
    }
}
