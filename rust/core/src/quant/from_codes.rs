//! Blocks of 32 values put together from a scale, a minimum and codes.

use super::block::{BLOCK, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use super::rows::Block;
use super::scalar::split_codes;

/// A format whose blocks can be put together.
pub(super) trait FromCodes: Block {
    /// The block of a scale, a minimum (if the format has one) and codes, which count from 0; those of Q8_0 from -127.
    fn from_codes(d: [u8; 2], m: [u8; 2], codes: &[u8; BLOCK]) -> Self;
}

fn pack(codes: &[u8; BLOCK]) -> [u8; BLOCK / 2] {
    std::array::from_fn(|i| codes[i] | codes[i + BLOCK / 2] << 4)
}

impl FromCodes for Q8_0 {
    fn from_codes(d: [u8; 2], _m: [u8; 2], codes: &[u8; BLOCK]) -> Q8_0 {
        Q8_0 { d, qs: codes.map(|code| code.wrapping_sub(127) as i8) }
    }
}

impl FromCodes for Q4_0 {
    fn from_codes(d: [u8; 2], _m: [u8; 2], codes: &[u8; BLOCK]) -> Q4_0 {
        Q4_0 { d, qs: pack(codes) }
    }
}

impl FromCodes for Q4_1 {
    fn from_codes(d: [u8; 2], m: [u8; 2], codes: &[u8; BLOCK]) -> Q4_1 {
        Q4_1 { d, m, qs: pack(codes) }
    }
}

impl FromCodes for Q5_0 {
    fn from_codes(d: [u8; 2], _m: [u8; 2], codes: &[u8; BLOCK]) -> Q5_0 {
        let (qh, qs) = split_codes(codes);
        Q5_0 { d, qh, qs }
    }
}

impl FromCodes for Q5_1 {
    fn from_codes(d: [u8; 2], m: [u8; 2], codes: &[u8; BLOCK]) -> Q5_1 {
        let (qh, qs) = split_codes(codes);
        Q5_1 { d, m, qh, qs }
    }
}
