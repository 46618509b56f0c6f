//! Panels of a weight in bfloat16 for the instructions of x86-64, which multiply pairs of positions.

use super::driver::Direction;
use super::panels::{Part, KC};
use super::weight::{round, Stored};

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

/// The bits of numbers.
pub(super) fn bits(values: &[f32]) -> &[u32] {
    // SAFETY: both types have four bytes and every bit pattern.
    let (_, bits, _) = unsafe { values.align_to() };
    bits
}

/// Numbers as the bits of pairs.
pub(super) fn as_bits(values: &mut [f32]) -> &mut [u32] {
    // SAFETY: both types have four bytes and every bit pattern.
    let (_, bits, _) = unsafe { values.align_to_mut() };
    bits
}
