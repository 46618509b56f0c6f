//! The three block formats as they are stored in a file: half-precision scale (and minimum), then 32 codes.
//!
//! Names and layouts are those of `block_q8_0`, `block_q4_0` and `block_q4_1` in
//! <https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-common.h>. Half-precision numbers are stored
//! as bytes, so that a block needs no alignment.

use super::element::{Element, Values};
use super::scalar;
use crate::encoding::BlockFormat;

/// Elements in a block: `QK8_0`, `QK4_0` and `QK4_1` in ggml.
pub(crate) const BLOCK: usize = BlockFormat::BLOCK_LEN;

/// x = d * qs.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Q8_0 {
    /// The scale.
    pub d: [u8; 2],
    /// One code for each element.
    pub qs: [i8; BLOCK],
}

/// x = d * (qs - 8). The low nibbles are elements 0 to 15, the high nibbles 16 to 31.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Q4_0 {
    /// The scale.
    pub d: [u8; 2],
    /// Two codes in each byte.
    pub qs: [u8; BLOCK / 2],
}

/// x = d * qs + m. Nibbles as in [`Q4_0`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Q4_1 {
    /// The scale.
    pub d: [u8; 2],
    /// The minimum.
    pub m: [u8; 2],
    /// Two codes in each byte.
    pub qs: [u8; BLOCK / 2],
}

const _: () = {
    assert!(size_of::<Q8_0>() == BlockFormat::Q8_0.block_bytes() && align_of::<Q8_0>() == 1);
    assert!(size_of::<Q4_0>() == BlockFormat::Q4_0.block_bytes() && align_of::<Q4_0>() == 1);
    assert!(size_of::<Q4_1>() == BlockFormat::Q4_1.block_bytes() && align_of::<Q4_1>() == 1);
};

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
    ($name:ident, $quantize:ident, $dequantize:ident, $($half:ident)+) => {
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
                    out[position..position + 2].copy_from_slice(&self.$half);
                    position += 2;
                )+
                for (byte, code) in out[position..].iter_mut().zip(self.qs) {
                    *byte = code as u8;
                }
            }
            #[inline(always)]
            fn from_bytes(bytes: &[u8]) -> Self {
                let mut position = 0;
                $(
                    let $half = [bytes[position], bytes[position + 1]];
                    position += 2;
                )+
                Self { $($half,)+ qs: std::array::from_fn(|i| bytes[position + i] as _) }
            }
        }
    };
}

block!(Q8_0, quantize_q8_0, dequantize_q8_0, d);
block!(Q4_0, quantize_q4_0, dequantize_q4_0, d);
block!(Q4_1, quantize_q4_1, dequantize_q4_1, d m);

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
