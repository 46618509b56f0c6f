//! The float types as types of their own, for code that is compiled once for each, and halves as bytes.

use half::f16;

use super::block::BLOCK;
use crate::encoding::Float;

/// The values of one block.
pub(crate) type Values = [f32; BLOCK];

/// A float type, read from little-endian bytes.
pub(crate) trait Element: Copy {
    /// Which type it is.
    const FLOAT: Float;
    /// Bytes of one element.
    const BYTES: usize = Self::FLOAT.size();
    /// The value of the first element of `bytes`.
    fn read(bytes: &[u8]) -> f32;

    /// The values of the first block of `bytes`.
    #[inline(always)]
    fn read_block(bytes: &[u8]) -> Values {
        std::array::from_fn(|i| Self::read(&bytes[i * Self::BYTES..(i + 1) * Self::BYTES]))
    }
}

/// [`Float::F32`].
#[derive(Clone, Copy)]
pub(crate) struct F32;
/// [`Float::F16`].
#[derive(Clone, Copy)]
pub(crate) struct F16;
/// [`Float::Bf16`].
#[derive(Clone, Copy)]
pub(crate) struct Bf16;

impl Element for F32 {
    const FLOAT: Float = Float::F32;
    #[inline(always)]
    fn read(bytes: &[u8]) -> f32 {
        f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }
}

impl Element for F16 {
    const FLOAT: Float = Float::F16;
    #[inline(always)]
    fn read(bytes: &[u8]) -> f32 {
        half_value([bytes[0], bytes[1]])
    }
}

impl Element for Bf16 {
    const FLOAT: Float = Float::Bf16;
    #[inline(always)]
    fn read(bytes: &[u8]) -> f32 {
        f32::from_le_bytes([0, 0, bytes[0], bytes[1]])
    }
}

/// The little-endian bytes of a value in half precision, rounded to nearest even.
pub(crate) fn half_bytes(x: f32) -> [u8; 2] {
    f16::from_f32_const(x).to_bits().to_le_bytes()
}

/// The value of a half-precision number, from its little-endian bytes.
pub(crate) fn half_value(bytes: [u8; 2]) -> f32 {
    f16::from_bits(u16::from_le_bytes(bytes)).to_f32_const()
}
