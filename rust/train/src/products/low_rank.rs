//! Products of low rank, LoRA's, that are added to a product with a weight.

use super::driver::Direction;
use super::panels::Part;
use super::weight::Stored;
use crate::matmul::{matmul, plain, transposed, Matrix};

/// `scale * (x down) up`, where x is `[rows, positions]`, down `[positions, rank]` and up `[rank, columns]`. In a
/// product that goes backward both matrices are stored transposed.
pub(crate) struct LowRank<'a> {
    /// The first matrix.
    pub down: &'a [f32],
    /// The second matrix.
    pub up: &'a [f32],
    /// Columns of the first, rows of the second.
    pub rank: usize,
    /// What the product is multiplied by.
    pub scale: f32,
    /// Receives `scale * x down`, `[rows, rank]`.
    pub inner: &'a mut [f32],
}

impl LowRank<'_> {
    /// # Panics
    /// When the matrices do not have these rows, columns and positions.
    pub fn check(&self, [rows, columns, positions]: [usize; 3]) {
        assert_eq!(self.down.len(), positions * self.rank, "down is [positions, rank]");
        assert_eq!(self.up.len(), self.rank * columns, "up is [rank, columns]");
        assert_eq!(self.inner.len(), rows * self.rank, "the inner product is [rows, rank]");
    }

    /// Adds the product for x, `[rows, positions]`, to `out`, `[rows, columns]`, which may have no rows.
    pub fn add_to(&mut self, direction: Direction, x: &[f32], out: &mut [f32]) {
        if self.inner.is_empty() {
            return;
        }
        let (rank, rows) = (self.rank, self.inner.len() / self.rank);
        let (positions, columns) = (x.len() / rows, out.len() / rows);
        let (down, up): (Matrix, Matrix) = match direction {
            Direction::Forward => (plain(self.down, rank), plain(self.up, columns)),
            Direction::Backward => (transposed(self.down, positions), transposed(self.up, rank)),
        };
        matmul([rows, rank, positions], self.scale, plain(x, positions), down, 0.0, self.inner, rank);
        matmul([rows, columns, rank], 1.0, plain(self.inner, rank), up, 1.0, out, columns);
    }

    /// Part of the first matrix, for a product of this direction.
    pub(super) fn down(
        &self,
        direction: Direction,
        positions: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
    ) -> Part<'_> {
        let all = self.down.len() / self.rank;
        let inputs = if direction == Direction::Forward { self.rank } else { all };
        let stored = Stored::F32(self.down);
        Part { stored, inputs, direction: direction.opposite(), positions, columns }
    }

    /// Some columns of the second matrix.
    pub(super) fn up(&self, direction: Direction, columns: std::ops::Range<usize>) -> Part<'_> {
        let all = self.up.len() / self.rank;
        let inputs = if direction == Direction::Forward { all } else { self.rank };
        let (stored, positions) = (Stored::F32(self.up), 0..self.rank);
        Part { stored, inputs, direction: direction.opposite(), positions, columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::products::{product_with, FrozenWeight, Kernels, Product};
    use crate::spec::ProjectionShape;

    /// Small whole numbers, whose sums are exact in every order.
    fn numbers(len: usize, from: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 7 + from) % 11) as f32 - 5.0).collect()
    }

    /// a b, of `[rows, inner]` and `[inner, columns]`, by its definition.
    fn times(a: &[f32], b: &[f32], inner: usize) -> Vec<f32> {
        let columns = b.len() / inner;
        let sum = |row: &[f32], column: usize| -> f32 {
            row.iter().zip(b[column..].iter().step_by(columns)).map(|(a, b)| a * b).sum()
        };
        a.chunks(inner)
            .flat_map(|row| (0..columns).map(move |column| (row, column)))
            .map(|(r, c)| sum(r, c))
            .collect()
    }

    fn transpose(a: &[f32], columns: usize) -> Vec<f32> {
        (0..columns).flat_map(|column| a[column..].iter().step_by(columns).copied()).collect()
    }

    #[test]
    fn every_kernel_adds_the_product_of_low_rank() {
        // Several blocks of positions, edges of tiles, ranks of one panel, of part of one, of more and of none.
        for [rows, inputs, outputs, rank] in
            [[13, 40, 48, 16], [8, 600, 20, 8], [1, 33, 7, 3], [30, 64, 64, 40], [5, 32, 32, 300]]
        {
            let weight = numbers(inputs * outputs, 1);
            let (a, b) = (numbers(inputs * rank, 2), numbers(rank * outputs, 3));
            for kernels in Kernels::ALL.into_iter().filter(|kernels| kernels.available()) {
                for direction in [Direction::Forward, Direction::Backward] {
                    let forward = direction == Direction::Forward;
                    let (columns, positions) = if forward { (outputs, inputs) } else { (inputs, outputs) };
                    let right = if forward { transpose(&weight, inputs) } else { weight.clone() };
                    let (down, up) = if forward { (&a, &b) } else { (&b, &a) };
                    let of_rank = |matrix: &[f32], width| {
                        if forward {
                            matrix.to_vec()
                        } else {
                            transpose(matrix, width)
                        }
                    };
                    let (plain_down, plain_up) = (of_rank(down, outputs), of_rank(up, rank));
                    let x = numbers(rows * positions, 4);
                    let want_inner: Vec<f32> =
                        times(&x, &plain_down, positions).iter().map(|x| 0.5 * x).collect();
                    let low = times(&want_inner, &plain_up, rank);
                    let want = times(&x, &right, positions).into_iter().zip(low).map(|(a, b)| a + b);
                    let want: Vec<f32> = want.collect();
                    let mut inner = vec![f32::NAN; rows * rank];
                    let mut out = vec![f32::NAN; rows * columns];
                    let stored = Stored::F32(&weight);
                    let shape = ProjectionShape { inputs, outputs };
                    let what = Product { rows, shape, weight: FrozenWeight { stored, kernels }, direction };
                    let low_rank = LowRank { down, up, rank, scale: 0.5, inner: &mut inner };
                    product_with(&what, &x, low_rank, false, &mut out);
                    assert_eq!(inner, want_inner, "{kernels} {direction:?} {rows} {inputs} {outputs} {rank}");
                    for (i, (out, want)) in out.into_iter().zip(want).enumerate() {
                        let bound = 1e-6 * want.abs().max(1e4);
                        assert!(
                            (out - want).abs() <= bound,
                            "{kernels} {direction:?} {rank} {i}: {out} {want}"
                        );
                    }
                }
            }
        }
    }
}
