//! The specification of quantization: ggml's `_ref` functions, one block at a time.
//!
//! Where C leaves a cast undefined, this says what happens, and every other path does the same:
//! a block that holds a NaN or an infinity gets a NaN scale (and minimum) and codes of zero;
//! 1/d that overflows counts as zero (such a d is zero in f16 anyway); where max - min overflows,
//! the codes are zero.

use half::f16;

use super::block::{BLOCK, Q4_0, Q4_1, Q8_0};

/// The f16 scale of a block that cannot be represented.
pub(crate) const POISON: [u8; 2] = 0x7E00u16.to_le_bytes();

pub type Values = [f32; BLOCK];

fn finite(x: &Values) -> bool {
    x.iter().all(|v| v.is_finite())
}

/// 1/d, or zero where that is not finite.
fn inverse(d: f32) -> f32 {
    let id = 1.0 / d;
    if id.is_finite() {
        id
    } else {
        0.0
    }
}

/// Half-precision bits in file order, rounded to nearest even.
pub(crate) fn half_bytes(x: f32) -> [u8; 2] {
    f16::from_f32_const(x).to_bits().to_le_bytes()
}

pub(crate) fn half_value(bytes: [u8; 2]) -> f32 {
    f16::from_bits(u16::from_le_bytes(bytes)).to_f32_const()
}

pub fn quantize_q8_0(x: &Values) -> Q8_0 {
    if !finite(x) {
        return Q8_0 { scale: POISON, codes: [0; BLOCK] };
    }
    let max = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    let d = max / 127.0;
    let id = inverse(d);
    // `round` is half away from zero, as C's roundf.
    Q8_0 { scale: half_bytes(d), codes: x.map(|v| (v * id).round() as i8) }
}

pub fn quantize_q4_0(x: &Values) -> Q4_0 {
    if !finite(x) {
        return Q4_0 { scale: POISON, codes: [0; BLOCK / 2] };
    }
    let mut max = 0.0f32;
    for &v in x {
        if v.abs() > max.abs() {
            max = v;
        }
    }
    let d = max / -8.0;
    let id = inverse(d);
    Q4_0 { scale: half_bytes(d), codes: pack(x, |v| v * id + 8.5) }
}

pub fn quantize_q4_1(x: &Values) -> Q4_1 {
    if !finite(x) {
        return Q4_1 { scale: POISON, min: POISON, codes: [0; BLOCK / 2] };
    }
    let (mut min, mut max) = (f32::MAX, f32::MIN);
    for &v in x {
        // Strict, so that of two zeros of different sign the first one stays.
        if v < min {
            min = v;
        }
        if v > max {
            max = v;
        }
    }
    let d = (max - min) / 15.0;
    let id = inverse(d);
    let codes = if d.is_finite() { pack(x, |v| (v - min) * id + 0.5) } else { [0; BLOCK / 2] };
    Q4_1 { scale: half_bytes(d), min: half_bytes(min), codes }
}

/// Codes cut off below the point and at 15, two to a byte.
fn pack(x: &Values, code: impl Fn(f32) -> f32) -> [u8; BLOCK / 2] {
    let nibble = |v: f32| (code(v) as u8).min(15);
    std::array::from_fn(|i| nibble(x[i]) | nibble(x[i + BLOCK / 2]) << 4)
}

pub fn dequantize_q8_0(block: &Q8_0) -> Values {
    let d = half_value(block.scale);
    block.codes.map(|code| f32::from(code) * d)
}

pub fn dequantize_q4_0(block: &Q4_0) -> Values {
    let d = half_value(block.scale);
    unpack(&block.codes, |code| (f32::from(code) - 8.0) * d)
}

pub fn dequantize_q4_1(block: &Q4_1) -> Values {
    let (d, min) = (half_value(block.scale), half_value(block.min));
    // Two roundings: C must not contract this either.
    unpack(&block.codes, |code| f32::from(code) * d + min)
}

fn unpack(codes: &[u8; BLOCK / 2], value: impl Fn(u8) -> f32) -> Values {
    std::array::from_fn(
        |i| {
            if i < BLOCK / 2 {
                value(codes[i] & 15)
            } else {
                value(codes[i - BLOCK / 2] >> 4)
            }
        },
    )
}

/// A block format: the two directions for one block, and its bytes.
pub trait Block: Copy {
    const BYTES: usize;
    fn quantize(x: &Values) -> Self;
    fn dequantize(&self) -> Values;
    fn to_bytes(&self, out: &mut [u8]);
    fn from_bytes(bytes: &[u8]) -> Self;
}

macro_rules! block {
    ($name:ident, $quantize:ident, $dequantize:ident, $($scale:ident)+) => {
        impl Block for $name {
            const BYTES: usize = size_of::<$name>();
            #[inline(always)]
            fn quantize(x: &Values) -> Self {
                $quantize(x)
            }
            #[inline(always)]
            fn dequantize(&self) -> Values {
                $dequantize(self)
            }
            #[inline(always)]
            fn to_bytes(&self, out: &mut [u8]) {
                let mut at = 0;
                $(
                    out[at..at + 2].copy_from_slice(&self.$scale);
                    at += 2;
                )+
                for (to, code) in out[at..].iter_mut().zip(self.codes) {
                    *to = code as u8;
                }
            }
            #[inline(always)]
            fn from_bytes(bytes: &[u8]) -> Self {
                let mut at = 0;
                $(
                    let $scale = [bytes[at], bytes[at + 1]];
                    at += 2;
                )+
                Self { $($scale,)+ codes: std::array::from_fn(|i| bytes[at + i] as _) }
            }
        }
    };
}

block!(Q8_0, quantize_q8_0, dequantize_q8_0, scale);
block!(Q4_0, quantize_q4_0, dequantize_q4_0, scale);
block!(Q4_1, quantize_q4_1, dequantize_q4_1, scale min);

/// Quantizes a whole number of blocks.
pub fn rows<E: Element, B: Block>(src: &[u8], out: &mut [u8]) {
    for (from, to) in src.chunks_exact(BLOCK * E::BYTES).zip(out.chunks_exact_mut(B::BYTES)) {
        B::quantize(&load::<E>(from)).to_bytes(to);
    }
}

/// Expands a whole number of blocks.
pub fn expand<B: Block>(src: &[u8], out: &mut [f32]) {
    for (from, to) in src.chunks_exact(B::BYTES).zip(out.chunks_exact_mut(BLOCK)) {
        to.copy_from_slice(&B::from_bytes(from).dequantize());
    }
}

/// One float32 from little-endian bytes of a source type.
pub trait Element: Copy {
    const KIND: Kind;
    const BYTES: usize;
    fn read(bytes: &[u8]) -> f32;
}

/// Which of the three a source type is, for code that chooses at compile time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    F32,
    F16,
    BF16,
}

#[derive(Clone, Copy)]
pub struct F32;
#[derive(Clone, Copy)]
pub struct F16;
#[derive(Clone, Copy)]
pub struct BF16;

impl Element for F32 {
    const KIND: Kind = Kind::F32;
    const BYTES: usize = 4;
    #[inline(always)]
    fn read(bytes: &[u8]) -> f32 {
        f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }
}

impl Element for F16 {
    const KIND: Kind = Kind::F16;
    const BYTES: usize = 2;
    #[inline(always)]
    fn read(bytes: &[u8]) -> f32 {
        half_value([bytes[0], bytes[1]])
    }
}

impl Element for BF16 {
    const KIND: Kind = Kind::BF16;
    const BYTES: usize = 2;
    #[inline(always)]
    fn read(bytes: &[u8]) -> f32 {
        f32::from_le_bytes([0, 0, bytes[0], bytes[1]])
    }
}

/// A block's worth of a source row as float32.
#[inline(always)]
pub fn load<E: Element>(bytes: &[u8]) -> Values {
    std::array::from_fn(|i| E::read(&bytes[i * E::BYTES..(i + 1) * E::BYTES]))
}
