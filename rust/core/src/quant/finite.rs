//! Whether values, scales and minima are finite.

use super::element::{Bf16, Element, F16, F32};
use crate::encoding::{BlockFormat, Encoding, Float};

/// The index of the first element (of a float type) or block that holds a value, scale or minimum that is not
/// finite.
pub fn find_not_finite(encoding: Encoding, bytes: &[u8]) -> Option<usize> {
    const F16_EXPONENT: u16 = 0x7C00;
    const BF16_EXPONENT: u16 = 0x7F80;
    match encoding {
        Encoding::Float(Float::F32) => find(bytes.chunks_exact(4), |x| {
            const EXPONENT: u32 = 0x7F80_0000;
            u32::from_le_bytes([x[0], x[1], x[2], x[3]]) & EXPONENT == EXPONENT
        }),
        Encoding::Float(Float::Bf16) => find(bytes.chunks_exact(2), |x| half_has(x, BF16_EXPONENT)),
        Encoding::Float(Float::F16) => find(bytes.chunks_exact(2), |x| half_has(x, F16_EXPONENT)),
        Encoding::Block(format) => {
            let blocks = bytes.chunks_exact(format.block_bytes());
            match format {
                BlockFormat::Q8_0 | BlockFormat::Q4_0 | BlockFormat::Q5_0 => {
                    find(blocks, |block| half_has(block, F16_EXPONENT))
                }
                BlockFormat::Q4_1 | BlockFormat::Q5_1 | BlockFormat::Q4K | BlockFormat::Q5K => {
                    find(blocks, |block| half_has(block, F16_EXPONENT) | half_has(&block[2..], F16_EXPONENT))
                }
                BlockFormat::Q6K => {
                    let scale = BlockFormat::Q6K.block_bytes() - 2;
                    find(blocks, |block| half_has(&block[scale..], F16_EXPONENT))
                }
            }
        }
    }
}

/// Whether the half-precision number at the start of `bytes` has all bits of `exponent` set.
#[inline(always)]
fn half_has(bytes: &[u8], exponent: u16) -> bool {
    u16::from_le_bytes([bytes[0], bytes[1]]) & exponent == exponent
}

/// The position of the first chunk that is bad. Since there usually is none, a first pass looks at all chunks
/// without leaving early, so that it can be vectorized.
#[inline(always)]
fn find<'a>(chunks: impl Iterator<Item = &'a [u8]> + Clone, bad: impl Fn(&[u8]) -> bool) -> Option<usize> {
    let any = chunks.clone().fold(false, |any, chunk| any | bad(chunk));
    any.then(|| chunks.clone().position(&bad)).flatten()
}

/// The value at `index` of a float row, as float32.
pub(crate) fn value_at(float: Float, bytes: &[u8], index: usize) -> f32 {
    let bytes = &bytes[index * float.size()..];
    match float {
        Float::F32 => F32::read(bytes),
        Float::F16 => F16::read(bytes),
        Float::Bf16 => Bf16::read(bytes),
    }
}
