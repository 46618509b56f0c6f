//! Matrix products on row-major slices, with their bounds checked.
//!
//! The crate `gemm` picks the widest vectors of this processor and splits large products over rayon's
//! threads; each element of the result is summed by one thread, so the number of threads changes nothing.

use gemm::{gemm, Parallelism};

/// A matrix in a slice: its first element is the slice's, each row `stride` after the one before.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    stride: usize,
    transposed: bool,
}

/// A row-major matrix as it lies.
pub fn plain(data: &[f32], stride: usize) -> Matrix<'_> {
    Matrix { data, stride, transposed: false }
}

/// A row-major matrix, to be used transposed.
pub fn transposed(data: &[f32], stride: usize) -> Matrix<'_> {
    Matrix { data, stride, transposed: true }
}

impl Matrix<'_> {
    /// Whether [rows, cols], after any transposing, lie within the slice.
    fn holds(&self, rows: usize, cols: usize) -> bool {
        let (rows, cols) = if self.transposed { (cols, rows) } else { (rows, cols) };
        fits(rows, cols, self.stride, self.data.len())
    }

    /// Elements from a column to the next, and from a row to the next.
    fn strides(&self) -> (isize, isize) {
        let stride = self.stride as isize;
        if self.transposed {
            (stride, 1)
        } else {
            (1, stride)
        }
    }
}

/// Multiplications below which a second thread costs more than it takes over.
const ALONE: usize = 1 << 21;

fn fits(rows: usize, cols: usize, stride: usize, len: usize) -> bool {
    rows == 0 || (cols <= stride && (rows - 1) * stride + cols <= len)
}

/// c = alpha a b + beta c, where a is [m, k], b [k, n] and c [m, n] after any transposing.
///
/// # Panics
/// When a matrix does not fit into its slice.
#[allow(clippy::too_many_arguments)]
pub fn product(
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
    let threads = if m * n * k < ALONE { Parallelism::None } else { Parallelism::Rayon(0) };
    // SAFETY: all three matrices lie within their slices, and c is borrowed alone.
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

    /// Small whole numbers: every order of summing gives the same.
    fn numbers(len: usize, from: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 7 + from) % 11) as f32 - 5.0).collect()
    }

    #[test]
    fn products_are_those_of_three_loops_in_every_layout() {
        for [m, n, k] in [[1, 1, 1], [3, 5, 7], [16, 33, 40], [130, 70, 65], [2, 3, 0]] {
            for (turn_a, turn_b, beta) in
                [(false, false, 0.0), (true, false, 1.0), (false, true, 2.0), (true, true, 1.0)]
            {
                let stride = |rows: usize, cols: usize, turned: bool| (if turned { rows } else { cols }) + 2;
                let (sa, sb, sc) = (stride(m, k, turn_a), stride(k, n, turn_b), n + 1);
                let a = numbers(sa * m.max(k), 1);
                let b = numbers(sb * k.max(n), 2);
                let before = numbers(sc * m, 3);
                let side = |data, stride, turned| Matrix { data, stride, transposed: turned };
                let mut c = before.clone();
                product([m, n, k], 3.0, side(&a, sa, turn_a), side(&b, sb, turn_b), beta, &mut c, sc);
                let at = |data: &[f32], stride: usize, turned: bool, row: usize, col: usize| {
                    if turned {
                        data[col * stride + row]
                    } else {
                        data[row * stride + col]
                    }
                };
                for (i, &old) in before.iter().enumerate() {
                    let (row, col) = (i / sc, i % sc);
                    let dot = || -> f32 {
                        (0..k).map(|p| at(&a, sa, turn_a, row, p) * at(&b, sb, turn_b, p, col)).sum()
                    };
                    let want = if col < n { 3.0 * dot() + beta * old } else { old };
                    assert_eq!(c[i], want, "{m} {n} {k} at {row}, {col}");
                }
            }
        }
    }

    #[test]
    fn what_c_held_does_not_matter_without_beta() {
        let mut c = [f32::NAN; 4];
        product([2, 2, 2], 1.0, plain(&[1.0; 4], 2), plain(&[1.0; 4], 2), 0.0, &mut c, 2);
        assert_eq!(c, [2.0; 4]);
    }

    #[test]
    #[should_panic(expected = "matrix sizes")]
    fn a_matrix_beyond_its_slice_is_refused() {
        product([2, 2, 2], 1.0, plain(&[1.0; 3], 2), plain(&[1.0; 4], 2), 0.0, &mut [0.0; 4], 2);
    }
}
