//! The K formats: 256 values, in parts of 32 or 16 whose scales are codes too. What the scalar and the vector
//! kernels share: how scales are rounded, and where each code is stored.
//!
//! Layouts are those of `block_q4_K`, `block_q5_K` and `block_q6_K` in
//! <https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-common.h>.

use super::element::{half_bytes, half_value};
use super::scalar::NAN;
use super::search::{nearest, search_positive, SMALLEST};
use crate::encoding::BlockFormat;

/// Values in a block: `QK_K` in ggml.
pub(crate) const SUPER: usize = BlockFormat::Q4K.block_len();

/// One code for each value of a block, in the order of the values.
pub(crate) type Codes = [u8; SUPER];

/// Parts of a block with a scale and a minimum.
pub(crate) const PARTS: usize = 8;
/// Values in such a part.
pub(crate) const PART: usize = SUPER / PARTS;

/// Parts of a Q6_K block.
pub(crate) const SIXTEENS: usize = 16;
/// Values in such a part.
pub(crate) const SIXTEEN: usize = SUPER / SIXTEENS;

/// Offset of the scale in a Q6_K block, which comes last.
const Q6_K_SCALE: usize = BlockFormat::Q6K.block_bytes() - 2;

/// The head of a Q4_K or Q5_K block: half-precision scale and minimum, then 6-bit factors of both for each part.
pub(crate) const HEAD: usize = 16;

/// Writes the head of a Q4_K or Q5_K block.
///
/// `scales` and `neg_mins` are those of the parts; `sums` are the sums of each part's weights where the caller gave
/// weights. C: `quantize_row_q4_K_ref` without, `quantize_row_q4_K_impl` with them. Factors are at most `limit`:
/// C's `quantize_row_q4_K_impl` keeps the low byte of one that is negative.
pub(crate) fn write_head(
    scales: &[f32; PARTS],
    neg_mins: &[f32; PARTS],
    sums: Option<&[f32; PARTS]>,
    limit: u8,
    out: &mut [u8],
) {
    let ((d, scales), (m, minima)) = match sums {
        Some(sums) => (search_positive(scales, sums, 63), search_positive(neg_mins, sums, 63)),
        None => (round_to_63(scales), round_to_63(neg_mins)),
    };
    out[..2].copy_from_slice(&half_bytes(d));
    out[2..4].copy_from_slice(&half_bytes(m));
    let packed = &mut out[4..HEAD];
    for part in 0..PARTS {
        let (scale, min) = (scales[part].min(limit), minima[part].min(limit));
        if part < 4 {
            packed[part] = scale;
            packed[part + 4] = min;
        } else {
            packed[part + 4] = scale & 15 | (min & 15) << 4;
            packed[part - 4] |= scale >> 4 << 6;
            packed[part] |= min >> 4 << 6;
        }
    }
}

/// The largest number over 63, and each number in steps of that.
fn round_to_63(x: &[f32; PARTS]) -> (f32, [u8; PARTS]) {
    let largest = x.iter().fold(0.0f32, |largest, &v| if v > largest { v } else { largest });
    let inverse = if largest > 0.0 { 63.0 / largest } else { 0.0 };
    // C keeps the low byte of a number that is negative, too.
    (largest / 63.0, x.map(|v| (nearest(inverse * v) as u8).min(63)))
}

/// The scale and the minimum of a part of a Q4_K or Q5_K block, as its head says: `get_scale_min_k4` in C.
pub(crate) fn part_of_head(head: &[u8], part: usize) -> (f32, f32) {
    let (d, m) = (half_value([head[0], head[1]]), half_value([head[2], head[3]]));
    let packed = &head[4..HEAD];
    let (scale, min) = if part < 4 {
        (packed[part] & 63, packed[part + 4] & 63)
    } else {
        (packed[part + 4] & 15 | packed[part - 4] >> 6 << 4, packed[part + 4] >> 4 | packed[part] >> 6 << 4)
    };
    (d * f32::from(scale), m * f32::from(min))
}

/// Writes the codes of a Q4_K block: two parts of 32 share 32 bytes.
pub(crate) fn write_q4_k_codes(codes: &Codes, out: &mut [u8]) {
    for (codes, bytes) in codes.chunks_exact(64).zip(out[HEAD..].chunks_exact_mut(32)) {
        let (low, high) = codes.split_at(32);
        for i in 0..32 {
            bytes[i] = low[i] | high[i] << 4;
        }
    }
}

/// Reads what [`write_q4_k_codes`] wrote.
pub(crate) fn read_q4_k_codes(block: &[u8], codes: &mut Codes) {
    for (codes, bytes) in codes.chunks_exact_mut(64).zip(block[HEAD..].chunks_exact(32)) {
        for i in 0..32 {
            (codes[i], codes[i + 32]) = (bytes[i] & 15, bytes[i] >> 4);
        }
    }
}

/// Writes the codes of a Q5_K block: bit p of byte i is the highest bit of value i of part p; the rest is as in
/// Q4_K.
pub(crate) fn write_q5_k_codes(codes: &Codes, out: &mut [u8]) {
    let (high, low) = out[HEAD..].split_at_mut(32);
    high.fill(0);
    for (pair, (codes, bytes)) in codes.chunks_exact(64).zip(low.chunks_exact_mut(32)).enumerate() {
        for i in 0..32 {
            let (a, b) = (codes[i], codes[i + 32]);
            bytes[i] = a & 15 | b << 4;
            high[i] |= (a >> 4 | b >> 4 << 1) << (2 * pair);
        }
    }
}

/// Reads what [`write_q5_k_codes`] wrote.
pub(crate) fn read_q5_k_codes(block: &[u8], codes: &mut Codes) {
    let (high, low) = block[HEAD..].split_at(32);
    for (pair, (codes, bytes)) in codes.chunks_exact_mut(64).zip(low.chunks_exact(32)).enumerate() {
        for i in 0..32 {
            let bits = high[i] >> (2 * pair);
            codes[i] = bytes[i] & 15 | (bits & 1) << 4;
            codes[i + 32] = bytes[i] >> 4 | (bits >> 1 & 1) << 4;
        }
    }
}

/// Writes scale and factors of a Q6_K block. False where all scales count as zero: then the block is zeros.
pub(crate) fn write_q6_k_scales(scales: &[f32; SIXTEENS], out: &mut [u8]) -> bool {
    let largest = scales.iter().fold(0.0f32, |largest, &v| if v.abs() > largest.abs() { v } else { largest });
    if largest.abs() < SMALLEST {
        out.fill(0);
        return false;
    }
    let inverse = -128.0 / largest;
    out[Q6_K_SCALE..].copy_from_slice(&half_bytes(1.0 / inverse));
    for (byte, scale) in out[Q6_K_SCALE - SIXTEENS..].iter_mut().zip(scales) {
        *byte = nearest(inverse * scale).min(127) as i8 as u8;
    }
    true
}

/// The scale of a part of a Q6_K block.
pub(crate) fn q6_k_scale(block: &[u8], part: usize) -> f32 {
    let d = half_value([block[Q6_K_SCALE], block[Q6_K_SCALE + 1]]);
    d * f32::from(block[Q6_K_SCALE - SIXTEENS + part] as i8)
}

/// Writes the codes of a Q6_K block: for each half of the block the low four bits of 128 codes, two in each byte,
/// and after those of both halves the high two bits, four in each byte.
pub(crate) fn write_q6_k_codes(codes: &Codes, out: &mut [u8]) {
    let (low, rest) = out.split_at_mut(SUPER / 2);
    let halves = low.chunks_exact_mut(64).zip(rest.chunks_exact_mut(32));
    for (codes, (low, high)) in codes.chunks_exact(128).zip(halves) {
        for i in 0..32 {
            let [a, b, c, d] = [codes[i], codes[i + 32], codes[i + 64], codes[i + 96]];
            low[i] = a & 15 | c << 4;
            low[i + 32] = b & 15 | d << 4;
            high[i] = a >> 4 | b >> 4 << 2 | c >> 4 << 4 | d >> 4 << 6;
        }
    }
}

/// Reads what [`write_q6_k_codes`] wrote.
pub(crate) fn read_q6_k_codes(block: &[u8], codes: &mut Codes) {
    let (low, rest) = block.split_at(SUPER / 2);
    let halves = low.chunks_exact(64).zip(rest.chunks_exact(32));
    for (codes, (low, high)) in codes.chunks_exact_mut(128).zip(halves) {
        for i in 0..32 {
            codes[i] = low[i] & 15 | (high[i] & 3) << 4;
            codes[i + 32] = low[i + 32] & 15 | (high[i] >> 2 & 3) << 4;
            codes[i + 64] = low[i] >> 4 | (high[i] >> 4 & 3) << 4;
            codes[i + 96] = low[i + 32] >> 4 | (high[i] >> 6) << 4;
        }
    }
}

/// A Q4_K or Q5_K block with a value that is not finite: NaN scale and minimum, and zeros.
pub(crate) fn write_nan_head(out: &mut [u8]) {
    out.fill(0);
    out[..2].copy_from_slice(&NAN);
    out[2..4].copy_from_slice(&NAN);
}

/// A Q6_K block with a value that is not finite: a NaN scale, and zeros.
pub(crate) fn write_nan_q6_k(out: &mut [u8]) {
    out.fill(0);
    out[Q6_K_SCALE..].copy_from_slice(&NAN);
}
