//! Quantization of rows with a weight for each column: how much a squared error there matters, as an importance
//! matrix says. Scalar code, and the place where rows of other weights are to come in.

use super::block::{BLOCK, Q4_0, Q4_1, Q5_0, Q5_1};
use super::element::{half_bytes, F32};
use super::k_scalar::{self, Q4K, Q5K, Q6K};
use super::rows::{self, Block};
use super::scalar::{split_codes, NAN};
use super::search::{search_min, search_symmetric, Candidates};
use super::{bytes_of, simd::Simd};
use crate::encoding::{BlockFormat, Float};

/// Quantizes rows of float32 values, whose columns have `weights`, as ggml's `quantize_q4_K` and its kin do with
/// `quant_weights`. Q8_0 has no use for weights.
///
/// A row with a value or weight that is not finite gets NaN scales in every block, or with a K format in the blocks
/// that hold one.
///
/// # Panics
/// When `x` is not whole rows of `weights.len()` values, a row is not whole blocks, or `out` is not as long as the
/// blocks.
pub fn quantize_weighted(simd: Simd, to: BlockFormat, x: &[f32], weights: &[f32], out: &mut [u8]) {
    let columns = weights.len();
    assert!(columns > 0 && columns.is_multiple_of(to.block_len()), "a row is whole blocks");
    assert!(x.len().is_multiple_of(columns), "the values are whole rows");
    assert_eq!(out.len(), x.len() / to.block_len() * to.block_bytes(), "the output is as long as the blocks");
    if to == BlockFormat::Q8_0 {
        return simd.convert(Float::F32, to, bytes_of(x), out);
    }
    let row_bytes = columns / to.block_len() * to.block_bytes();
    for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(row_bytes)) {
        match to {
            BlockFormat::Q8_0 => rows::quantize::<F32, super::block::Q8_0>(bytes_of(x), out),
            BlockFormat::Q4_0 => row::<Q4_0>(x, weights, out),
            BlockFormat::Q4_1 => row::<Q4_1>(x, weights, out),
            BlockFormat::Q5_0 => row::<Q5_0>(x, weights, out),
            BlockFormat::Q5_1 => row::<Q5_1>(x, weights, out),
            BlockFormat::Q4K => k_scalar::quantize_weighted::<Q4K>(x, weights, out),
            BlockFormat::Q5K => k_scalar::quantize_weighted::<Q5K>(x, weights, out),
            BlockFormat::Q6K => k_scalar::quantize_weighted::<Q6K>(x, weights, out),
        }
    }
}

/// A format of 32 values with a search of its own: ggml's `quantize_row_q4_0_impl` and its kin.
trait Weighted: Block {
    fn search(x: &[f32], weights: &[f32; BLOCK]) -> Self;
    fn nan() -> Self;
}

fn row<B: Weighted>(x: &[f32], weights: &[f32], out: &mut [u8]) {
    let finite = x.iter().chain(weights).all(|v| v.is_finite());
    let sigma2 = x.iter().fold(0.0f32, |sum, v| sum + v * v) / x.len() as f32;
    let blocks = x.chunks_exact(BLOCK).zip(weights.chunks_exact(BLOCK));
    for ((x, weights), out) in blocks.zip(out.chunks_exact_mut(B::BYTES)) {
        let block = if finite {
            B::search(x, &std::array::from_fn(|i| weights[i] * (sigma2 + x[i] * x[i]).sqrt()))
        } else {
            B::nan()
        };
        block.to_bytes(out);
    }
}

fn symmetric(x: &[f32], weights: &[f32; BLOCK], half: i32) -> ([u8; 2], [u8; BLOCK]) {
    let mut codes = [0; BLOCK];
    let d = search_symmetric(x, Some(weights), half, &mut codes);
    (half_bytes(d), codes)
}

fn with_minimum(x: &[f32], weights: &[f32; BLOCK], largest: f32) -> ([u8; 2], [u8; 2], [u8; BLOCK]) {
    let mut codes = [0; BLOCK];
    let found = search_min(x, weights, &Candidates::weighted(largest), &mut codes);
    (half_bytes(found.scale), half_bytes(-found.neg_min), codes)
}

fn pack(codes: &[u8; BLOCK]) -> [u8; BLOCK / 2] {
    std::array::from_fn(|i| codes[i] | codes[i + BLOCK / 2] << 4)
}

impl Weighted for Q4_0 {
    fn search(x: &[f32], weights: &[f32; BLOCK]) -> Q4_0 {
        let (d, codes) = symmetric(x, weights, 8);
        Q4_0 { d, qs: pack(&codes) }
    }
    fn nan() -> Q4_0 {
        Q4_0 { d: NAN, qs: [0; BLOCK / 2] }
    }
}

impl Weighted for Q5_0 {
    fn search(x: &[f32], weights: &[f32; BLOCK]) -> Q5_0 {
        let (d, codes) = symmetric(x, weights, 16);
        let (qh, qs) = split_codes(&codes);
        Q5_0 { d, qh, qs }
    }
    fn nan() -> Q5_0 {
        Q5_0 { d: NAN, qh: [0; 4], qs: [0; BLOCK / 2] }
    }
}

impl Weighted for Q4_1 {
    fn search(x: &[f32], weights: &[f32; BLOCK]) -> Q4_1 {
        let (d, m, codes) = with_minimum(x, weights, 15.0);
        Q4_1 { d, m, qs: pack(&codes) }
    }
    fn nan() -> Q4_1 {
        Q4_1 { d: NAN, m: NAN, qs: [0; BLOCK / 2] }
    }
}

impl Weighted for Q5_1 {
    fn search(x: &[f32], weights: &[f32; BLOCK]) -> Q5_1 {
        let (d, m, codes) = with_minimum(x, weights, 31.0);
        let (qh, qs) = split_codes(&codes);
        Q5_1 { d, m, qh, qs }
    }
    fn nan() -> Q5_1 {
        Q5_1 { d: NAN, m: NAN, qh: [0; 4], qs: [0; BLOCK / 2] }
    }
}
