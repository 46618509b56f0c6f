//! The scalar code for rows of blocks: what every vector path must equal, and what it leaves over.

use super::block::{BLOCK, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use super::element::{Element, Values};
use super::scalar;

/// A block format: both directions for one block, and its bytes.
pub(crate) trait Block: Copy {
    /// Bytes of a block.
    const BYTES: usize = size_of::<Self>();
    /// The block of 32 values.
    fn quantize(x: &Values) -> Self;
    /// The values of a block.
    fn dequantize(&self) -> Values;
    /// Writes the block to the first `BYTES` bytes of `out`.
    fn to_bytes(self, out: &mut [u8]);
    /// Reads the block from the first `BYTES` bytes.
    fn from_bytes(bytes: &[u8]) -> Self;
}

macro_rules! block {
    ($name:ident, $quantize:ident, $dequantize:ident, $($field:ident)+) => {
        impl Block for $name {
            #[inline(always)]
            fn quantize(x: &Values) -> Self {
                scalar::$quantize(x)
            }
            #[inline(always)]
            fn dequantize(&self) -> Values {
                scalar::$dequantize(self)
            }
            #[inline(always)]
            fn to_bytes(self, out: &mut [u8]) {
                let mut position = 0;
                $(
                    out[position..position + self.$field.len()].copy_from_slice(&self.$field);
                    position += self.$field.len();
                )+
                for (byte, code) in out[position..].iter_mut().zip(self.qs) {
                    *byte = code as u8;
                }
            }
            #[inline(always)]
            fn from_bytes(bytes: &[u8]) -> Self {
                let mut position = 0;
                $(
                    let $field = std::array::from_fn(|i| bytes[position + i]);
                    position += $field.len();
                )+
                Self { $($field,)+ qs: std::array::from_fn(|i| bytes[position + i] as _) }
            }
        }
    };
}

block!(Q8_0, quantize_q8_0, dequantize_q8_0, d);
block!(Q4_0, quantize_q4_0, dequantize_q4_0, d);
block!(Q4_1, quantize_q4_1, dequantize_q4_1, d m);
block!(Q5_0, quantize_q5_0, dequantize_q5_0, d qh);
block!(Q5_1, quantize_q5_1, dequantize_q5_1, d m qh);

/// Quantizes a whole number of blocks of little-endian values.
pub(crate) fn quantize<E: Element, B: Block>(src: &[u8], out: &mut [u8]) {
    for (values, block) in src.chunks_exact(BLOCK * E::BYTES).zip(out.chunks_exact_mut(B::BYTES)) {
        B::quantize(&E::read_block(values)).to_bytes(block);
    }
}

/// Dequantizes a whole number of blocks.
pub(crate) fn dequantize<B: Block>(src: &[u8], out: &mut [f32]) {
    for (block, values) in src.chunks_exact(B::BYTES).zip(out.chunks_exact_mut(BLOCK)) {
        values.copy_from_slice(&B::from_bytes(block).dequantize());
    }
}
