//! The product of an adapter's two matrices, added to rows of float32 values.

use std::ops::Range;

use crate::encoding::Float;
use crate::error::{Error, Result};
use crate::plan::{self, TensorSource};
use crate::quant::{self, Simd};
use crate::source::View;

/// Columns that are summed at once. They fill the registers of AVX2 and of NEON.
const TILE: usize = 32;
/// Rows that share a tile of the right factor while it is in the nearest cache.
const ROWS: usize = 8;
/// Partial sums of a row's norm.
const LANES: usize = 8;

/// An adapter of a matrix, its tensors found and checked.
pub(crate) struct LowRank<'a> {
    rank: usize,
    scale: f32,
    left: Factor<'a>,
    right: Factor<'a>,
    magnitudes: Option<Floats<'a>>,
}

/// A tensor of a float type.
struct Floats<'a> {
    float: Float,
    view: View<'a>,
}

/// A matrix `[rows, columns]`, which the file may hold transposed.
struct Factor<'a> {
    floats: Floats<'a>,
    rows: usize,
    columns: usize,
    transposed: bool,
}

/// A worker's buffers, reused from piece to piece.
#[derive(Default)]
pub(crate) struct Scratch {
    read: Vec<f32>,
    /// `scale * left` of the piece's rows, `[rows, rank]`.
    left: Vec<f32>,
    /// The right factor as `[tiles, rank, TILE]`, with zeros after the last column.
    right: Vec<f32>,
    /// The values before, where magnitudes change them once more.
    before: Vec<f32>,
}

impl<'a> LowRank<'a> {
    /// Checks that the factors fit a matrix of `[rows, columns]`; `name` is for messages.
    pub fn new(
        name: &str,
        plan: &'a plan::LowRank,
        [rows, columns]: [u64; 2],
        view: impl Fn(&'a TensorSource) -> Result<View<'a>>,
    ) -> Result<LowRank<'a>> {
        let misfit = |expected: String, found: String| Error::Tensor { tensor: name.into(), expected, found };
        if plan.rank == 0 || !plan.scale.is_finite() {
            let found = format!("rank {}, scale {}", plan.rank, plan.scale);
            return Err(misfit("a rank from 1 and a finite scale".into(), found));
        }
        let floats = |source: &'a TensorSource, shape: &[u64]| {
            let view = view(source)?;
            let dtype = view.dtype()?;
            match dtype.float() {
                Some(float) if view.shape() == shape => Ok(Floats { float, view }),
                _ => {
                    let found = format!("{dtype} {:?}", view.shape());
                    Err(misfit(format!("a float tensor {} of shape {shape:?}", source.name), found))
                }
            }
        };
        let factor = |factor: &'a plan::Factor, rows: u64, columns: u64| {
            let shape = if factor.transposed { [columns, rows] } else { [rows, columns] };
            let floats = floats(&factor.source, &shape)?;
            let (rows, columns) = (rows as usize, columns as usize);
            Ok(Factor { floats, rows, columns, transposed: factor.transposed })
        };
        Ok(LowRank {
            rank: plan.rank as usize,
            scale: plan.scale,
            left: factor(&plan.left, rows, plan.rank)?,
            right: factor(&plan.right, plan.rank, columns)?,
            magnitudes: plan.magnitudes.as_ref().map(|source| floats(source, &[rows])).transpose()?,
        })
    }

    /// Adds the product to `values`, which are these `rows` of the matrix, in this order, and returns the largest
    /// change of a value.
    pub fn add(
        &self,
        simd: Simd,
        values: &mut [f32],
        columns: usize,
        rows: impl Iterator<Item = usize> + Clone,
        scratch: &mut Scratch,
    ) -> Result<f32> {
        let Scratch { read, left, right, before } = scratch;
        let span = rows.clone().min().unwrap_or(0)..rows.clone().max().map_or(0, |last| last + 1);
        self.left.read(simd, span.clone(), read)?;
        left.clear();
        for row in rows.clone() {
            let row = &read[(row - span.start) * self.rank..][..self.rank];
            left.extend(row.iter().map(|x| self.scale * x));
        }
        self.right.read(simd, 0..self.rank, read)?;
        pack(read, columns, right);
        let Some(magnitudes) = &self.magnitudes else {
            return Ok(add_products(simd, values, columns, left, right));
        };
        before.clear();
        before.extend_from_slice(values);
        add_products(simd, values, columns, left, right);
        magnitudes.read(simd, span.clone(), read)?;
        for (row, values) in rows.zip(values.chunks_exact_mut(columns)) {
            let factor = read[row - span.start] / norm(values);
            values.iter_mut().for_each(|value| *value *= factor);
        }
        Ok(values.iter().zip(before).fold(0.0, |most, (value, before)| most.max((*value - *before).abs())))
    }
}

impl Floats<'_> {
    /// A range of elements as float32.
    fn read(&self, simd: Simd, range: Range<usize>, out: &mut Vec<f32>) -> Result<()> {
        let size = self.float.size();
        let bytes = self.view.read(range.start * size..range.end * size)?;
        out.resize(range.len(), 0.0);
        simd.convert(self.float, Float::F32, bytes, quant::bytes_of_mut(out));
        Ok(())
    }
}

impl Factor<'_> {
    /// Rows of the matrix as float32, `[rows, columns]`.
    fn read(&self, simd: Simd, rows: Range<usize>, out: &mut Vec<f32>) -> Result<()> {
        let columns = self.columns;
        if !self.transposed {
            return self.floats.read(simd, rows.start * columns..rows.end * columns, out);
        }
        // One read for a whole matrix, else one for each of its columns.
        let (all, mut column) = (rows == (0..self.rows), Vec::new());
        if all {
            self.floats.read(simd, 0..self.rows * columns, &mut column)?;
        }
        out.resize(rows.len() * columns, 0.0);
        for index in 0..columns {
            let start = index * self.rows;
            let from = if all {
                &column[start..start + self.rows]
            } else {
                self.floats.read(simd, start + rows.start..start + rows.end, &mut column)?;
                &column[..]
            };
            for (row, value) in from.iter().enumerate() {
                out[row * columns + index] = *value;
            }
        }
        Ok(())
    }
}

/// Arranges `[rank, columns]` as `[tiles, rank, TILE]`, with zeros after the last column.
fn pack(right: &[f32], columns: usize, out: &mut Vec<f32>) {
    let rank = right.len() / columns;
    out.clear();
    out.resize(columns.div_ceil(TILE) * rank * TILE, 0.0);
    for (index, tile) in out.chunks_exact_mut(rank * TILE).enumerate() {
        let start = index * TILE;
        let len = TILE.min(columns - start);
        for (k, packed) in tile.chunks_exact_mut(TILE).enumerate() {
            packed[..len].copy_from_slice(&right[k * columns + start..][..len]);
        }
    }
}

/// Adds `left`, `[rows, rank]`, times `right`, as [`pack`] arranges it, to `values`, `[rows, columns]`, and returns
/// the largest change of a value.
fn add_products(simd: Simd, values: &mut [f32], columns: usize, left: &[f32], right: &[f32]) -> f32 {
    // A fused multiply-add is exact in whatever way it is computed, so all of these give the same values.
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx512f")]
        fn avx512(values: &mut [f32], columns: usize, left: &[f32], right: &[f32]) -> f32 {
            sum_tiles(values, columns, left, right)
        }
        #[target_feature(enable = "avx2,fma")]
        fn avx2(values: &mut [f32], columns: usize, left: &[f32], right: &[f32]) -> f32 {
            sum_tiles(values, columns, left, right)
        }
        if simd == Simd::Avx512 {
            // SAFETY: the set in use is one that this processor has.
            return unsafe { avx512(values, columns, left, right) };
        }
        if simd == Simd::Avx2 && is_x86_feature_detected!("fma") {
            // SAFETY: the set in use is one that this processor has, and FMA was just asked for.
            return unsafe { avx2(values, columns, left, right) };
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = simd;
    sum_tiles(values, columns, left, right)
}

#[inline(always)]
fn sum_tiles(values: &mut [f32], columns: usize, left: &[f32], right: &[f32]) -> f32 {
    let mut most = [0.0f32; TILE];
    let rank = left.len() * columns / values.len().max(1);
    for (values, left) in values.chunks_mut(ROWS * columns).zip(left.chunks(ROWS * rank)) {
        for (tile, right) in right.chunks_exact(rank * TILE).enumerate() {
            for (row, left) in values.chunks_exact_mut(columns).zip(left.chunks_exact(rank)) {
                let mut sums = [0.0f32; TILE];
                for (x, right) in left.iter().zip(right.chunks_exact(TILE)) {
                    for (sum, y) in sums.iter_mut().zip(right) {
                        *sum = x.mul_add(*y, *sum);
                    }
                }
                let row = &mut row[tile * TILE..];
                for ((value, sum), most) in row.iter_mut().zip(sums).zip(&mut most) {
                    let changed = *value + sum;
                    *most = most.max((changed - *value).abs());
                    *value = changed;
                }
            }
        }
    }
    most.into_iter().fold(0.0, f32::max)
}

/// The Euclidean norm of a row. Squares are exact in float64; element i goes to partial sum i mod 8, and the
/// partial sums are added in their order.
fn norm(row: &[f32]) -> f32 {
    let mut sums = [0.0f64; LANES];
    for part in row.chunks(LANES) {
        for (sum, value) in sums.iter_mut().zip(part) {
            *sum += f64::from(*value) * f64::from(*value);
        }
    }
    sums.iter().sum::<f64>().sqrt() as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(len: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..len).map(|_| next()).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_specified_sum() {
        let (rows, rank, columns) = (19, 5, 71);
        let (left, right) = (numbers(rows * rank, 1), numbers(rank * columns, 2));
        let before = numbers(rows * columns, 3);
        let mut packed = Vec::new();
        pack(&right, columns, &mut packed);
        for simd in Simd::ALL.into_iter().filter(|simd| simd.available()) {
            let mut values = before.clone();
            let most = add_products(simd, &mut values, columns, &left, &packed);
            let changes = values.iter().zip(&before).map(|(value, before)| (value - before).abs());
            assert_eq!(most, changes.fold(0.0, f32::max));
            for (i, value) in values.into_iter().enumerate() {
                let (row, column) = (i / columns, i % columns);
                let sum = (0..rank)
                    .fold(0.0f32, |sum, k| left[row * rank + k].mul_add(right[k * columns + column], sum));
                assert_eq!(value.to_bits(), (before[i] + sum).to_bits(), "{simd} {row} {column}");
            }
        }
    }

    #[test]
    fn a_norm_is_exact_where_float32_overflows() {
        assert_eq!(norm(&[3e30, 0.0, 4e30]), 5e30);
        assert_eq!(norm(&[1.0; 9]), 3.0);
    }
}
