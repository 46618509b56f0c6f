//! The specification of quantization to blocks of 32 values, one block at a time: ggml's `quantize_row_*_ref` and `dequantize_row_*`
//! in <https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-quants.c>.
//!
//! Where C leaves a cast undefined, this defines the result, and every vector path does the same:
//! - a block with a NaN or an infinity has a NaN scale (and minimum) and codes of zero;
//! - where 1/d overflows it counts as zero (such a d is zero in half precision anyway);
//! - where max - min overflows, the codes are zero.

use super::block::{BLOCK, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use super::element::{half_bytes, half_value, Values};

/// A half-precision NaN: the scale of a block with a value that is not finite.
pub(crate) const NAN: [u8; 2] = 0x7E00u16.to_le_bytes();

fn all_finite(x: &Values) -> bool {
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

/// ggml's `quantize_row_q8_0_ref`: the largest magnitude becomes code 127 or -127.
pub(crate) fn quantize_q8_0(x: &Values) -> Q8_0 {
    if !all_finite(x) {
        return Q8_0 { d: NAN, qs: [0; BLOCK] };
    }
    let amax = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
    let d = amax / 127.0;
    let id = inverse(d);
    // `round` rounds halves away from zero, as C's roundf.
    Q8_0 { d: half_bytes(d), qs: x.map(|v| (v * id).round() as i8) }
}

/// ggml's `quantize_row_q4_0_ref`: the value of the largest magnitude, the first of equals, becomes code 0.
pub(crate) fn quantize_q4_0(x: &Values) -> Q4_0 {
    if !all_finite(x) {
        return Q4_0 { d: NAN, qs: [0; BLOCK / 2] };
    }
    let d = first_largest(x) / -8.0;
    let id = inverse(d);
    Q4_0 { d: half_bytes(d), qs: pack(x, |v| v * id + 8.5) }
}

/// ggml's `quantize_row_q5_0_ref`: as [`quantize_q4_0`] with twice the codes.
pub(crate) fn quantize_q5_0(x: &Values) -> Q5_0 {
    if !all_finite(x) {
        return Q5_0 { d: NAN, qh: [0; 4], qs: [0; BLOCK / 2] };
    }
    let d = first_largest(x) / -16.0;
    let id = inverse(d);
    let (qh, qs) = split_codes(&x.map(|v| ((v * id + 16.5) as u8).min(31)));
    Q5_0 { d: half_bytes(d), qh, qs }
}

/// The value of the largest magnitude, the first of equals.
fn first_largest(x: &Values) -> f32 {
    x.iter().fold(0.0f32, |max, &v| if v.abs() > max.abs() { v } else { max })
}

/// ggml's `quantize_row_q4_1_ref`: the minimum becomes code 0, the maximum code 15.
pub(crate) fn quantize_q4_1(x: &Values) -> Q4_1 {
    if !all_finite(x) {
        return Q4_1 { d: NAN, m: NAN, qs: [0; BLOCK / 2] };
    }
    let (min, max) = extremes(x);
    let d = (max - min) / 15.0;
    let id = inverse(d);
    let qs = if d.is_finite() { pack(x, |v| (v - min) * id + 0.5) } else { [0; BLOCK / 2] };
    Q4_1 { d: half_bytes(d), m: half_bytes(min), qs }
}

/// ggml's `quantize_row_q5_1_ref`: the minimum becomes code 0, the maximum code 31.
pub(crate) fn quantize_q5_1(x: &Values) -> Q5_1 {
    if !all_finite(x) {
        return Q5_1 { d: NAN, m: NAN, qh: [0; 4], qs: [0; BLOCK / 2] };
    }
    let (min, max) = extremes(x);
    let d = (max - min) / 31.0;
    let id = inverse(d);
    let code = |v: f32| if d.is_finite() { (((v - min) * id + 0.5) as u8).min(31) } else { 0 };
    let (qh, qs) = split_codes(&x.map(code));
    Q5_1 { d: half_bytes(d), m: half_bytes(min), qh, qs }
}

/// The minimum and the maximum.
fn extremes(x: &Values) -> (f32, f32) {
    let (mut min, mut max) = (f32::MAX, f32::MIN);
    for &v in x {
        // Strict comparisons, so that of two zeros of different sign the first stays.
        if v < min {
            min = v;
        }
        if v > max {
            max = v;
        }
    }
    (min, max)
}

/// 5-bit codes as their highest bits, one after the other, and their low halves, packed two into each byte.
pub(crate) fn split_codes(codes: &[u8; BLOCK]) -> ([u8; 4], [u8; BLOCK / 2]) {
    let high = codes.iter().enumerate().fold(0u32, |high, (i, code)| high | u32::from(code >> 4) << i);
    let qs = std::array::from_fn(|i| codes[i] & 15 | codes[i + BLOCK / 2] << 4);
    (high.to_le_bytes(), qs)
}

/// The inverse of [`split_codes`].
pub(crate) fn join_codes(qh: [u8; 4], qs: &[u8; BLOCK / 2]) -> [u8; BLOCK] {
    let high = u32::from_le_bytes(qh);
    std::array::from_fn(|i| {
        let low = if i < BLOCK / 2 { qs[i] & 15 } else { qs[i - BLOCK / 2] >> 4 };
        low | ((high >> i & 1) as u8) << 4
    })
}

/// Truncates codes to whole numbers of at most 15 and packs two into each byte.
fn pack(x: &Values, code: impl Fn(f32) -> f32) -> [u8; BLOCK / 2] {
    let nibble = |v: f32| (code(v) as u8).min(15);
    std::array::from_fn(|i| nibble(x[i]) | nibble(x[i + BLOCK / 2]) << 4)
}

/// ggml's `dequantize_row_q8_0`.
pub(crate) fn dequantize_q8_0(block: &Q8_0) -> Values {
    let d = half_value(block.d);
    block.qs.map(|code| f32::from(code) * d)
}

/// ggml's `dequantize_row_q4_0`.
pub(crate) fn dequantize_q4_0(block: &Q4_0) -> Values {
    let d = half_value(block.d);
    unpack(&block.qs, |code| (f32::from(code) - 8.0) * d)
}

/// ggml's `dequantize_row_q4_1`. The product and the sum are rounded one after the other: a compiler that
/// contracts them in C gives other values.
pub(crate) fn dequantize_q4_1(block: &Q4_1) -> Values {
    let (d, m) = (half_value(block.d), half_value(block.m));
    unpack(&block.qs, |code| f32::from(code) * d + m)
}

/// ggml's `dequantize_row_q5_0`.
pub(crate) fn dequantize_q5_0(block: &Q5_0) -> Values {
    let d = half_value(block.d);
    join_codes(block.qh, &block.qs).map(|code| (f32::from(code) - 16.0) * d)
}

/// ggml's `dequantize_row_q5_1`; rounded as [`dequantize_q4_1`].
pub(crate) fn dequantize_q5_1(block: &Q5_1) -> Values {
    let (d, m) = (half_value(block.d), half_value(block.m));
    join_codes(block.qh, &block.qs).map(|code| f32::from(code) * d + m)
}

/// The values of packed codes.
fn unpack(qs: &[u8; BLOCK / 2], value: impl Fn(u8) -> f32) -> Values {
    std::array::from_fn(|i| if i < BLOCK / 2 { value(qs[i] & 15) } else { value(qs[i - BLOCK / 2] >> 4) })
}
