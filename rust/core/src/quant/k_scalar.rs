//! The specification of the K formats, one block of 256 values at a time: `quantize_row_q4_K_ref`,
//! `quantize_row_q4_K_impl` (with weights) and `dequantize_row_q4_K` in
//! <https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-quants.c>, and their kin.
//!
//! A block with a NaN or an infinity has a NaN scale (and minimum) and zeros; so does one with a weight that is
//! neither.

use super::element::{Element, F32};
use super::search::{nearest, search_min, search_symmetric, Candidates};
use super::super_block::*;
use crate::encoding::BlockFormat;

/// The values of a block.
pub(crate) type SuperValues = [f32; SUPER];

/// A K format: both directions for one block.
pub(crate) trait SuperBlock {
    /// Which format it is.
    const FORMAT: BlockFormat;
    /// Writes the block of 256 values; each has a weight where the caller gives weights.
    fn quantize(x: &SuperValues, weights: Option<&SuperValues>, out: &mut [u8]);
    /// Reads the codes of a block, 0 being the lowest.
    fn read_codes(block: &[u8], codes: &mut Codes);
    /// x = scale * (code + offset) - minimum: the scale and the minimum of these 16 values.
    fn sixteen(block: &[u8], sixteen: usize) -> (f32, f32);
    /// What is added to a code.
    const OFFSET: i8 = 0;
    /// Whether a minimum is subtracted.
    const HAS_MIN: bool = true;
}

/// [`BlockFormat::Q4K`].
pub(crate) struct Q4K;
/// [`BlockFormat::Q5K`].
pub(crate) struct Q5K;
/// [`BlockFormat::Q6K`].
pub(crate) struct Q6K;

impl SuperBlock for Q4K {
    const FORMAT: BlockFormat = BlockFormat::Q4K;
    fn quantize(x: &SuperValues, weights: Option<&SuperValues>, out: &mut [u8]) {
        if let Some(codes) = quantize_parts(x, weights, Candidates::Q4_K, out) {
            write_q4_k_codes(&codes, out);
        }
    }
    #[inline(always)]
    fn read_codes(block: &[u8], codes: &mut Codes) {
        read_q4_k_codes(block, codes);
    }
    #[inline(always)]
    fn sixteen(block: &[u8], sixteen: usize) -> (f32, f32) {
        part_of_head(block, sixteen / 2)
    }
}

impl SuperBlock for Q5K {
    const FORMAT: BlockFormat = BlockFormat::Q5K;
    fn quantize(x: &SuperValues, weights: Option<&SuperValues>, out: &mut [u8]) {
        if let Some(codes) = quantize_parts(x, weights, Candidates::Q5_K, out) {
            write_q5_k_codes(&codes, out);
        }
    }
    #[inline(always)]
    fn read_codes(block: &[u8], codes: &mut Codes) {
        read_q5_k_codes(block, codes);
    }
    #[inline(always)]
    fn sixteen(block: &[u8], sixteen: usize) -> (f32, f32) {
        part_of_head(block, sixteen / 2)
    }
}

impl SuperBlock for Q6K {
    const FORMAT: BlockFormat = BlockFormat::Q6K;
    const OFFSET: i8 = -32;
    const HAS_MIN: bool = false;
    fn quantize(x: &SuperValues, weights: Option<&SuperValues>, out: &mut [u8]) {
        if !all_finite(x, weights) {
            return write_nan_q6_k(out);
        }
        let mut codes = [0; SUPER];
        let scales = std::array::from_fn(|part| {
            let range = part * SIXTEEN..(part + 1) * SIXTEEN;
            let weights = weights.map(|weights| &weights[range.clone()]);
            search_symmetric(&x[range.clone()], weights, 32, &mut codes[range])
        });
        if !write_q6_k_scales(&scales, out) {
            return;
        }
        for (part, (codes, x)) in codes.chunks_exact_mut(SIXTEEN).zip(x.chunks_exact(SIXTEEN)).enumerate() {
            let d = q6_k_scale(out, part);
            if d != 0.0 {
                codes
                    .iter_mut()
                    .zip(x)
                    .for_each(|(code, v)| *code = (nearest(v / d).clamp(-32, 31) + 32) as u8);
            }
        }
        write_q6_k_codes(&codes, out);
    }
    #[inline(always)]
    fn read_codes(block: &[u8], codes: &mut Codes) {
        read_q6_k_codes(block, codes);
    }
    #[inline(always)]
    fn sixteen(block: &[u8], sixteen: usize) -> (f32, f32) {
        (q6_k_scale(block, sixteen), 0.0)
    }
}

fn all_finite(x: &SuperValues, weights: Option<&SuperValues>) -> bool {
    x.iter().chain(weights.into_iter().flatten()).all(|v| v.is_finite())
}

/// Writes the head of a Q4_K or Q5_K block and returns the codes, or None where a value is not finite.
fn quantize_parts(
    x: &SuperValues,
    weights: Option<&SuperValues>,
    unweighted: Candidates,
    out: &mut [u8],
) -> Option<Codes> {
    if !all_finite(x, weights) {
        write_nan_head(out);
        return None;
    }
    let candidates = weights.map_or(unweighted, |_| Candidates::weighted(unweighted.largest));
    let costs = costs(x, weights);
    let mut codes = [0; SUPER];
    let (mut scales, mut neg_mins) = ([0.0; PARTS], [0.0; PARTS]);
    for part in 0..PARTS {
        let range = part * PART..(part + 1) * PART;
        let found = search_min(&x[range.clone()], &costs[range.clone()], &candidates, &mut codes[range]);
        (scales[part], neg_mins[part]) = (found.scale, found.neg_min);
    }
    let sums: [f32; PARTS] =
        std::array::from_fn(|part| costs[part * PART..(part + 1) * PART].iter().fold(0.0, |sum, w| sum + w));
    write_head(&scales, &neg_mins, weights.map(|_| &sums), candidates.factor_limit(), out);
    let largest = candidates.largest as i32;
    for (part, (codes, x)) in codes.chunks_exact_mut(PART).zip(x.chunks_exact(PART)).enumerate() {
        let (d, m) = part_of_head(out, part);
        if d != 0.0 {
            codes
                .iter_mut()
                .zip(x)
                .for_each(|(code, v)| *code = nearest((v + m) / d).clamp(0, largest) as u8);
        }
    }
    Some(codes)
}

/// Twice the mean square of a block's values.
pub(crate) fn sigma2(x: &SuperValues) -> f32 {
    2.0 * x.iter().fold(0.0f32, |sum, v| sum + v * v) / SUPER as f32
}

/// What a squared error of each value of a Q4_K or Q5_K block costs.
fn costs(x: &SuperValues, weights: Option<&SuperValues>) -> SuperValues {
    let squares = |x: &[f32]| x.iter().fold(0.0f32, |sum, v| sum + v * v);
    match weights {
        Some(weights) => {
            let sigma2 = sigma2(x);
            std::array::from_fn(|i| weights[i] * (sigma2 + x[i] * x[i]).sqrt())
        }
        None => {
            let mut out = x.map(f32::abs);
            for (out, x) in out.chunks_exact_mut(PART).zip(x.chunks_exact(PART)) {
                let mean = (squares(x) / PART as f32).sqrt();
                out.iter_mut().for_each(|cost| *cost += mean);
            }
            out
        }
    }
}

/// Quantizes a whole number of blocks of little-endian values; `weights` are float32, one for each value.
pub(crate) fn quantize<E: Element, B: SuperBlock>(src: &[u8], weights: Option<&[u8]>, out: &mut [u8]) {
    let blocks = src.chunks_exact(SUPER * E::BYTES).zip(out.chunks_exact_mut(B::FORMAT.block_bytes()));
    for (i, (values, block)) in blocks.enumerate() {
        let weights = weights.map(|weights| read_super::<F32>(&weights[i * SUPER * F32::BYTES..]));
        B::quantize(&read_super::<E>(values), weights.as_ref(), block);
    }
}

/// Dequantizes a whole number of blocks.
pub(crate) fn dequantize<B: SuperBlock>(src: &[u8], out: &mut [f32]) {
    let bytes = B::FORMAT.block_bytes();
    let mut codes = [0; SUPER];
    for (block, values) in src.chunks_exact(bytes).zip(out.chunks_exact_mut(SUPER)) {
        B::read_codes(block, &mut codes);
        let parts = values.chunks_exact_mut(SIXTEEN).zip(codes.chunks_exact(SIXTEEN));
        for (sixteen, (values, codes)) in parts.enumerate() {
            let (scale, min) = B::sixteen(block, sixteen);
            for (value, &code) in values.iter_mut().zip(codes) {
                let product = scale * f32::from(code as i8 + B::OFFSET);
                *value = if B::HAS_MIN { product - min } else { product };
            }
        }
    }
}

/// The values of the first block of `bytes`.
pub(crate) fn read_super<E: Element>(bytes: &[u8]) -> SuperValues {
    std::array::from_fn(|i| E::read(&bytes[i * E::BYTES..(i + 1) * E::BYTES]))
}
