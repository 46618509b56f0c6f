//! The block formats of 32 values as they are stored in a file: half-precision scale (and minimum), then codes.
//!
//! Names and layouts are those of `block_q8_0`, `block_q4_0`, `block_q4_1`, `block_q5_0` and `block_q5_1` in
//! <https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-common.h>. Half-precision numbers are stored
//! as bytes, so that a block needs no alignment.

use crate::encoding::BlockFormat;

/// Elements in a block: `QK8_0`, `QK4_0` and so on in ggml.
pub(crate) const BLOCK: usize = BlockFormat::Q8_0.block_len();

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

/// x = d * (q - 16). The low four bits of a code q are in `qs` as in [`Q4_0`], the fifth of code i is bit i of
/// `qh`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Q5_0 {
    /// The scale.
    pub d: [u8; 2],
    /// The highest bits of the codes, little-endian.
    pub qh: [u8; 4],
    /// The low bits of two codes in each byte.
    pub qs: [u8; BLOCK / 2],
}

/// x = d * q + m. Codes as in [`Q5_0`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Q5_1 {
    /// The scale.
    pub d: [u8; 2],
    /// The minimum.
    pub m: [u8; 2],
    /// The highest bits of the codes, little-endian.
    pub qh: [u8; 4],
    /// The low bits of two codes in each byte.
    pub qs: [u8; BLOCK / 2],
}

const _: () = {
    assert!(size_of::<Q5_0>() == BlockFormat::Q5_0.block_bytes() && align_of::<Q5_0>() == 1);
    assert!(size_of::<Q5_1>() == BlockFormat::Q5_1.block_bytes() && align_of::<Q5_1>() == 1);
    assert!(size_of::<Q8_0>() == BlockFormat::Q8_0.block_bytes() && align_of::<Q8_0>() == 1);
    assert!(size_of::<Q4_0>() == BlockFormat::Q4_0.block_bytes() && align_of::<Q4_0>() == 1);
    assert!(size_of::<Q4_1>() == BlockFormat::Q4_1.block_bytes() && align_of::<Q4_1>() == 1);
};
