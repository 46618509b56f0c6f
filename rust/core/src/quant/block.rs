//! The three block formats as they lie in a file: f16 scale (and minimum), then 32 codes.

/// Elements in a block, of each of the three formats.
pub const BLOCK: usize = 32;

/// x = scale * code.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Q8_0 {
    pub scale: [u8; 2],
    pub codes: [i8; BLOCK],
}

/// x = scale * (code - 8); elements 0-15 are the low nibbles, 16-31 the high ones.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Q4_0 {
    pub scale: [u8; 2],
    pub codes: [u8; BLOCK / 2],
}

/// x = scale * code + min; nibbles as in `Q4_0`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Q4_1 {
    pub scale: [u8; 2],
    pub min: [u8; 2],
    pub codes: [u8; BLOCK / 2],
}

const _: () = {
    assert!(size_of::<Q8_0>() == 34 && align_of::<Q8_0>() == 1);
    assert!(size_of::<Q4_0>() == 18 && align_of::<Q4_0>() == 1);
    assert!(size_of::<Q4_1>() == 20 && align_of::<Q4_1>() == 1);
};
