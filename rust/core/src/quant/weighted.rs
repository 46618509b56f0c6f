//! Quantization of rows with a weight for each column: how much a squared error there matters, as an importance
//! matrix says. Here is the scalar code; `weighted_lanes` and `k_quantize` do the same for several blocks at once.

#[cfg(target_arch = "aarch64")]
use super::arch::aarch64::neon;
#[cfg(target_arch = "x86_64")]
use super::arch::x86_64::{avx2, avx512};
use super::block::{BLOCK, Q4_0, Q4_1, Q5_0, Q5_1};
use super::element::{half_bytes, Element, Values, F32};
use super::from_codes::FromCodes;
use super::k_scalar::{self, Q4K, Q5K, Q6K};
use super::scalar::NAN;
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
/// When `x` is not whole rows of `weights.len()` values, a row is not whole blocks, `out` is not as long as the
/// blocks, or this processor lacks the instruction set.
pub fn quantize_weighted(simd: Simd, to: BlockFormat, x: &[f32], weights: &[f32], out: &mut [u8]) {
    let columns = weights.len();
    assert!(columns > 0 && columns.is_multiple_of(to.block_len()), "a row is whole blocks");
    assert!(x.len().is_multiple_of(columns), "the values are whole rows");
    assert_eq!(out.len(), x.len() / to.block_len() * to.block_bytes(), "the output is as long as the blocks");
    assert!(simd.available(), "{simd} cannot run here");
    if to == BlockFormat::Q8_0 {
        return simd.convert(Float::F32, to, bytes_of(x), out);
    }
    let row_bytes = columns / to.block_len() * to.block_bytes();
    for (x, out) in x.chunks_exact(columns).zip(out.chunks_exact_mut(row_bytes)) {
        if x.iter().chain(weights).all(|v| v.is_finite()) {
            let sigma2 = x.iter().fold(0.0f32, |sum, v| sum + v * v) / columns as f32;
            quantize_row(simd, to, (x, weights), sigma2, out);
        } else {
            quantize_row(Simd::Scalar, to, (x, weights), f32::NAN, out);
        }
    }
}

fn quantize_row(simd: Simd, to: BlockFormat, (x, weights): (&[f32], &[f32]), sigma2: f32, out: &mut [u8]) {
    let (x, weights) = (bytes_of(x), bytes_of(weights));
    // SAFETY (of the calls below): `quantize_weighted` has asserted that this processor has the instruction set.
    match simd {
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 => unsafe { avx2::weighted(to, x, weights, sigma2, out) },
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 => unsafe { avx512::weighted(to, x, weights, sigma2, out) },
        #[cfg(target_arch = "aarch64")]
        Simd::Neon => unsafe { neon::weighted(to, x, weights, sigma2, out) },
        _ => match to {
            BlockFormat::Q8_0 => unreachable!("weights do not change Q8_0"),
            BlockFormat::Q4_0 => blocks::<Q4_0>(x, weights, sigma2, out),
            BlockFormat::Q4_1 => blocks::<Q4_1>(x, weights, sigma2, out),
            BlockFormat::Q5_0 => blocks::<Q5_0>(x, weights, sigma2, out),
            BlockFormat::Q5_1 => blocks::<Q5_1>(x, weights, sigma2, out),
            BlockFormat::Q4K => k_scalar::quantize::<F32, Q4K>(x, Some(weights), out),
            BlockFormat::Q5K => k_scalar::quantize::<F32, Q5K>(x, Some(weights), out),
            BlockFormat::Q6K => k_scalar::quantize::<F32, Q6K>(x, Some(weights), out),
        },
    }
}

/// A format of 32 values with a search of its own: ggml's `quantize_row_q4_0_impl` and its kin.
pub(super) trait Weighted: FromCodes {
    /// The largest code; the smallest is 0.
    const LARGEST: u8;
    /// Whether there is a minimum.
    const HAS_MIN: bool;
}

/// Quantizes blocks of a row of float32 values, each of which has a weight; `sigma2` is the mean square of the row, NaN
/// where a value or weight of the row is not finite.
pub(super) fn blocks<B: Weighted>(x: &[u8], weights: &[u8], sigma2: f32, out: &mut [u8]) {
    const BYTES: usize = BLOCK * F32::BYTES;
    let blocks = x.chunks_exact(BYTES).zip(weights.chunks_exact(BYTES));
    for ((x, weights), out) in blocks.zip(out.chunks_exact_mut(B::BYTES)) {
        let (x, weights) = (F32::read_block(x), F32::read_block(weights));
        let costs = std::array::from_fn(|i| weights[i] * (sigma2 + x[i] * x[i]).sqrt());
        let block =
            if sigma2.is_nan() { B::from_codes(NAN, NAN, &[0; BLOCK]) } else { search::<B>(&x, &costs) };
        block.to_bytes(out);
    }
}

fn search<B: Weighted>(x: &Values, costs: &Values) -> B {
    let mut codes = [0; BLOCK];
    if !B::HAS_MIN {
        let half = (i32::from(B::LARGEST) + 1) / 2;
        let d = search_symmetric(x, Some(costs), half, &mut codes);
        return B::from_codes(half_bytes(d), [0; 2], &codes);
    }
    let found = search_min(x, costs, &Candidates::weighted(B::LARGEST.into()), &mut codes);
    B::from_codes(half_bytes(found.scale), half_bytes(-found.neg_min), &codes)
}

impl Weighted for Q4_0 {
    const LARGEST: u8 = 15;
    const HAS_MIN: bool = false;
}

impl Weighted for Q5_0 {
    const LARGEST: u8 = 31;
    const HAS_MIN: bool = false;
}

impl Weighted for Q4_1 {
    const LARGEST: u8 = 15;
    const HAS_MIN: bool = true;
}

impl Weighted for Q5_1 {
    const LARGEST: u8 = 31;
    const HAS_MIN: bool = true;
}
