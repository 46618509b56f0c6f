//! Factors rearranged into panels, which the kernels read from beginning to end.
//!
//! A panel of rows holds the rows of the left factor that one tile of the result needs, a panel of a weight the
//! columns. Both hold at most [`KC`] of the positions that are summed over, and zeros where the factors end.

use std::ops::Range;

use super::driver::Direction;
use super::weight::{round, Stored};

/// Most positions of a panel of any kernel.
pub(super) const KC: usize = 384;

/// Elements from one row of a panel of rows to the next: a row begins in another set of the cache than the row
/// before it.
pub(super) const STRIDE: usize = KC + 32;

/// A number of a panel.
pub(super) trait Element: Copy + Default + Send + Sync {
    /// The nearest number of this type.
    fn of(value: f32) -> Self;
}

impl Element for f32 {
    #[inline(always)]
    fn of(value: f32) -> f32 {
        value
    }
}

impl Element for u16 {
    #[inline(always)]
    fn of(value: f32) -> u16 {
        round(value)
    }
}

/// Part of a weight as the right factor of a product: `positions` are summed over, `columns` are the result's.
pub(super) struct Part<'a> {
    pub stored: Stored<'a>,
    pub inputs: usize,
    pub direction: Direction,
    pub positions: Range<usize>,
    pub columns: Range<usize>,
}

impl Part<'_> {
    /// Decodes the values of row `row` of the weight that lie in the part.
    #[inline(always)]
    pub fn decode(&self, row: usize, out: &mut [f32]) {
        let columns = match self.direction {
            Direction::Forward => self.positions.clone(),
            Direction::Backward => self.columns.clone(),
        };
        self.stored.decode(self.inputs, row, columns, out);
    }
}

/// Copies rows into a panel of `rows` rows of `STRIDE` elements; `padded` positions are written. `x` begins at the
/// first of `len` positions of the first row and has `height` rows.
#[inline(always)]
pub(super) fn pack_rows<E: Element>(
    x: &[f32],
    stride: usize,
    [height, len]: [usize; 2],
    padded: usize,
    panel: &mut [E],
) {
    for (row, out) in panel.chunks_exact_mut(STRIDE).enumerate() {
        let out = &mut out[..padded];
        if row >= height {
            out.fill(E::default());
            continue;
        }
        let (now, after) = out.split_at_mut(len);
        now.iter_mut().zip(&x[row * stride..]).for_each(|(out, &value)| *out = E::of(value));
        after.fill(E::default());
    }
}

/// A panel of a weight in float32: `[positions, NR]`. `scratch` holds `KC * NR` numbers.
#[inline(always)]
pub(super) fn pack_f32<const NR: usize>(part: &Part, panel: &mut [f32], scratch: &mut [f32]) {
    let (len, width) = (part.positions.len(), part.columns.len());
    match part.direction {
        Direction::Backward => {
            for (row, out) in part.positions.clone().zip(panel.chunks_exact_mut(NR)) {
                part.decode(row, &mut out[..width]);
                out[width..].fill(0.0);
            }
        }
        Direction::Forward => {
            for (row, out) in part.columns.clone().zip(scratch.chunks_exact_mut(len)) {
                part.decode(row, out);
            }
            scratch[width * len..NR * len].fill(0.0);
            transpose::<NR, _>(scratch, len, len, panel);
        }
    }
}

/// Columns `0..len` of `NR` rows of `stride` elements as `len` rows of `NR`.
#[inline(always)]
pub(super) fn transpose<const NR: usize, T: Copy>(rows: &[T], stride: usize, len: usize, out: &mut [T]) {
    // Blocks of eight keep the lines that are written in the cache.
    for start in (0..len).step_by(8) {
        let end = (start + 8).min(len);
        for row in 0..NR {
            for column in start..end {
                out[column * NR + row] = rows[row * stride + column];
            }
        }
    }
}
