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

impl<'a> Part<'a> {
    /// The numbers of a weight in bfloat16 where the part has `width` columns, its positions are whole blocks of
    /// 16, and pairs of them lie at multiples of four bytes.
    #[inline(always)]
    fn whole_halves(&self, width: usize) -> Option<&'a [u16]> {
        let Stored::Bf16(halves) = self.stored else { return None };
        let whole = self.columns.len() == width && self.positions.len().is_multiple_of(16);
        let aligned = self.inputs.is_multiple_of(2) && halves.as_ptr().addr().is_multiple_of(4);
        (whole && aligned && self.positions.start.is_multiple_of(2)).then_some(halves)
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

/// A panel of a weight in bfloat16: `[padded / 2, NR]` pairs of positions, the first in the low half, zeros after
/// the last position. `scratch` holds `KC * NR / 2` numbers; `transposed` does what [`transpose`] does.
#[inline(always)]
pub(super) fn pack_pairs<const NR: usize>(
    part: &Part,
    padded: usize,
    panel: &mut [u32],
    scratch: &mut [u32],
    transposed: impl Fn(&[u32], usize, usize, &mut [u32]),
) {
    let (len, width) = (part.positions.len(), part.columns.len());
    if let Some(halves) = part.whole_halves(NR) {
        return pack_halves::<NR>(part, halves, panel, transposed);
    }
    match part.direction {
        Direction::Backward => {
            for (pair, out) in panel.chunks_exact_mut(NR).take(padded / 2).enumerate() {
                let row = part.positions.start + 2 * pair;
                let [mut low, mut high] = [[0.0; NR]; 2];
                for (row, values) in [(row, &mut low), (row + 1, &mut high)] {
                    if row < part.positions.end {
                        part.decode(row, &mut values[..width]);
                    }
                }
                for (out, (low, high)) in out.iter_mut().zip(low.into_iter().zip(high)) {
                    *out = u32::from(round(low)) | u32::from(round(high)) << 16;
                }
            }
        }
        Direction::Forward => {
            let rows = &mut scratch[..NR * padded / 2];
            for (column, pairs) in rows.chunks_exact_mut(padded / 2).enumerate() {
                let mut values = [0.0; KC];
                if column < width {
                    part.decode(part.columns.start + column, &mut values[..len]);
                }
                for (pair, values) in pairs.iter_mut().zip(values.as_chunks::<2>().0) {
                    *pair = u32::from(round(values[0])) | u32::from(round(values[1])) << 16;
                }
            }
            transposed(rows, padded / 2, padded / 2, panel);
        }
    }
}

/// [`pack_pairs`] where the weight is stored in bfloat16 and the part is a whole panel: nothing is decoded.
#[inline(always)]
fn pack_halves<const NR: usize>(
    part: &Part,
    halves: &[u16],
    panel: &mut [u32],
    transposed: impl Fn(&[u32], usize, usize, &mut [u32]),
) {
    let (len, stride) = (part.positions.len(), part.inputs);
    match part.direction {
        Direction::Backward => {
            let rows = halves[part.positions.start * stride..].chunks(2 * stride);
            for (rows, out) in rows.zip(panel.chunks_exact_mut(NR)).take(len / 2) {
                let low = &rows[part.columns.clone()];
                let high = &rows[stride..][part.columns.clone()];
                for (out, (&low, &high)) in out.iter_mut().zip(low.iter().zip(high)) {
                    *out = u32::from(low) | u32::from(high) << 16;
                }
            }
        }
        Direction::Forward => {
            let first = part.columns.start * stride + part.positions.start;
            // SAFETY: every bit pattern is a u32.
            let (_, pairs, _) = unsafe { halves[first..].align_to() };
            transposed(pairs, stride / 2, len / 2, panel);
        }
    }
}

/// Numbers of bfloat16 as pairs.
pub(super) fn as_pairs(values: &mut [u16]) -> &mut [u32] {
    // SAFETY: every bit pattern is a u32.
    let (before, pairs, after) = unsafe { values.align_to_mut() };
    assert!(before.is_empty() && after.is_empty(), "panels begin at a cache line");
    pairs
}

/// Numbers as the bits of pairs.
pub(super) fn as_bits(values: &mut [f32]) -> &mut [u32] {
    // SAFETY: both types have four bytes and every bit pattern.
    let (_, bits, _) = unsafe { values.align_to_mut() };
    bits
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
