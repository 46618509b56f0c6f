//! Quantization to the K formats, written over [`Vector`]: parts are searched in lanes, then each block's codes are
//! made from its values as they lie. A group with a part that lanes cannot search is left to the scalar code.

use super::element::{Element, F32};
use super::k_scalar::{self, read_super, sigma2, Q4K, Q5K, Q6K};
use super::search::Candidates;
use super::search_lanes::{are_tame, costs, load_parts, search_min, search_symmetric, weights_are_tame};
use super::super_block::*;
use super::vector::{lanes, load_block, Vector, MAX_LANES};
use crate::encoding::BlockFormat;

/// Defines a function that quantizes groups of `$blocks` blocks with `$group`, and the rest, or a group that it
/// declines, with the scalar code.
macro_rules! quantize_by_groups {
    ($name:ident, $block:ty, $parts:ident, $group:ident) => {
        /// Quantizes a whole number of blocks; `weights` are float32, one for each value.
        ///
        /// # Safety
        /// The processor has V's features.
        #[inline(always)]
        pub(super) unsafe fn $name<V: Vector, E: Element>(
            src: &[u8],
            weights: Option<&[u8]>,
            out: &mut [u8],
        ) {
            let blocks = V::LANES.div_ceil($parts);
            let bytes = <$block as k_scalar::SuperBlock>::FORMAT.block_bytes();
            let (src_step, out_step) = (blocks * SUPER * E::BYTES, blocks * bytes);
            for (i, (src, out)) in src.chunks(src_step).zip(out.chunks_mut(out_step)).enumerate() {
                let whole = src.len() == src_step && out.len() == out_step;
                let weights = weights.map(|weights| &weights[i * blocks * SUPER * F32::BYTES..]);
                // SAFETY: the features, by the caller's promise.
                if !(whole && unsafe { $group::<V, E>(src, weights, out) }) {
                    k_scalar::quantize::<E, $block>(src, weights, out);
                }
            }
        }
    };
}

quantize_by_groups!(q4_k, Q4K, PARTS, group_q4_k);
quantize_by_groups!(q5_k, Q5K, PARTS, group_q5_k);
quantize_by_groups!(q6_k, Q6K, SIXTEENS, group_q6_k);

/// # Safety
/// The processor has V's features.
#[inline(always)]
unsafe fn group_q4_k<V: Vector, E: Element>(src: &[u8], weights: Option<&[u8]>, out: &mut [u8]) -> bool {
    let candidates = weights.map_or(Candidates::Q4_K, |_| Candidates::weighted(15.0));
    // SAFETY: the features, by the caller's promise.
    unsafe { group_of_parts::<V, E>(src, weights, out, BlockFormat::Q4K, candidates, write_q4_k_codes) }
}

/// # Safety
/// The processor has V's features.
#[inline(always)]
unsafe fn group_q5_k<V: Vector, E: Element>(src: &[u8], weights: Option<&[u8]>, out: &mut [u8]) -> bool {
    let candidates = weights.map_or(Candidates::Q5_K, |_| Candidates::weighted(31.0));
    // SAFETY: the features, by the caller's promise.
    unsafe { group_of_parts::<V, E>(src, weights, out, BlockFormat::Q5K, candidates, write_q5_k_codes) }
}

/// Numbers of the parts of a group: at most 16.
type OfParts = [f32; 16];

/// Writes the lanes of a register to the numbers of the parts from `first` on.
#[inline(always)]
fn put<V: Vector>(v: V, first: usize, out: &mut OfParts) {
    out[first..first + V::LANES].copy_from_slice(&lanes(v)[..V::LANES]);
}

/// Quantizes a group of Q4_K or Q5_K blocks, or returns false where lanes cannot search a part.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
unsafe fn group_of_parts<V: Vector, E: Element>(
    src: &[u8],
    weights: Option<&[u8]>,
    out: &mut [u8],
    format: BlockFormat,
    candidates: Candidates,
    write_codes: impl Fn(&Codes, &mut [u8]),
) -> bool {
    const { assert!(MAX_LANES <= 16) };
    let parts = src.len() / (PART * E::BYTES);
    let (mut scales, mut neg_mins, mut inverses, mut bases) = ([0.0; 16], [0.0; 16], [0.0; 16], [0.0; 16]);
    let (mut sigmas, mut sums) = ([0.0; 16], [0.0; 16]);
    if weights.is_some() {
        for (block, src) in src.chunks_exact(SUPER * E::BYTES).enumerate() {
            sigmas[block * PARTS..(block + 1) * PARTS].fill(sigma2(&read_super::<E>(src)));
        }
    }
    for first in (0..parts).step_by(V::LANES) {
        // SAFETY: the features, by the caller's promise; a register is loaded from 16 numbers, of which those of
        // the parts from `first` on are LANES.
        unsafe {
            let x = load_parts::<V, E, PART>(&src[first * PART * E::BYTES..]);
            if !are_tame(&x) {
                return false;
            }
            let zero = V::splat(0.0);
            let mut w = x;
            if let Some(weights) = weights {
                let sigma2 = V::load_f32(sigmas.as_ptr().add(first).cast());
                w = costs(&x, &load_parts::<V, F32, PART>(&weights[first * PART * F32::BYTES..]), sigma2);
                if !weights_are_tame(&w) {
                    return false;
                }
                let mut sum = zero;
                for v in &w {
                    sum = sum.add(*v);
                }
                put(sum, first, &mut sums);
            } else {
                let mut squares = zero;
                for v in &x {
                    squares = squares.add(v.mul(*v));
                }
                let mean = squares.div(V::splat(PART as f32)).sqrt();
                for v in &mut w {
                    *v = v.abs().add(mean);
                }
            }
            let Some(found) = search_min(&x, &w, &candidates) else { return false };
            put(found.scale, first, &mut scales);
            put(zero.sub(found.min), first, &mut neg_mins);
            put(found.inverse, first, &mut inverses);
            put(found.base, first, &mut bases);
        }
    }
    let largest = candidates.largest as i32;
    for (block, out) in out.chunks_exact_mut(format.block_bytes()).enumerate() {
        let of_block = |numbers: &OfParts| -> [f32; PARTS] {
            numbers[block * PARTS..(block + 1) * PARTS].try_into().expect("eight parts")
        };
        let sums = weights.map(|_| of_block(&sums));
        let limit = candidates.factor_limit();
        write_head(&of_block(&scales), &of_block(&neg_mins), sums.as_ref(), limit, out);
        let mut codes = [0; SUPER];
        for part in 0..PARTS {
            let index = block * PARTS + part;
            let (d, m) = part_of_head(out, part);
            // SAFETY: the features, by the caller's promise; `src` has the part, and `codes` room for it.
            unsafe {
                let mut values = load_block::<V, E>(src, index);
                if d == 0.0 {
                    // The codes of the search stay.
                    let (inverse, base) = (V::splat(inverses[index]), V::splat(bases[index]));
                    for v in values.as_mut() {
                        *v = inverse.mul(v.sub(base));
                    }
                } else {
                    let (d, m) = (V::splat(d), V::splat(m));
                    for v in values.as_mut() {
                        *v = v.add(m).div(d);
                    }
                }
                V::store_nearest(values, 0, largest, codes[part * PART..].as_mut_ptr());
            }
        }
        write_codes(&codes, out);
    }
    true
}

/// Quantizes a group of Q6_K blocks, or returns false where lanes cannot search a part.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
unsafe fn group_q6_k<V: Vector, E: Element>(src: &[u8], weights: Option<&[u8]>, out: &mut [u8]) -> bool {
    let (mut scales, mut inverses, mut largest) = ([0.0; 16], [0.0; 16], [0.0; 16]);
    for first in (0..SIXTEENS).step_by(V::LANES) {
        // SAFETY: the features, by the caller's promise.
        unsafe {
            let x = load_parts::<V, E, SIXTEEN>(&src[first * SIXTEEN * E::BYTES..]);
            if !are_tame(&x) {
                return false;
            }
            let mut w = x;
            if let Some(weights) = weights {
                w = load_parts::<V, F32, SIXTEEN>(&weights[first * SIXTEEN * F32::BYTES..]);
                if !weights_are_tame(&w) {
                    return false;
                }
            } else {
                for v in &mut w {
                    *v = v.mul(*v);
                }
            }
            let found = search_symmetric(&x, &w, 32);
            put(found.scale, first, &mut scales);
            put(found.inverse, first, &mut inverses);
            put(found.largest, first, &mut largest);
        }
    }
    if !write_q6_k_scales(&scales, out) {
        return true;
    }
    let steps: OfParts = std::array::from_fn(|part| q6_k_scale(out, part));
    let mut codes = [0; SUPER];
    for pair in 0..SIXTEENS / 2 {
        // SAFETY: the features, by the caller's promise; `src` has the two parts, and `codes` room for them.
        unsafe {
            let mut values = load_block::<V, E>(src, pair);
            for (i, v) in values.as_mut().iter_mut().enumerate() {
                let part = 2 * pair + i * V::LANES / SIXTEEN;
                let d = steps[part];
                // The codes of the search stay where d is zero.
                *v = if d == 0.0 { V::splat(inverses[part]).mul(*v) } else { v.div(V::splat(d)) };
            }
            V::store_nearest(values, -32, 31, codes[pair * 2 * SIXTEEN..].as_mut_ptr());
        }
        for part in [2 * pair, 2 * pair + 1] {
            if largest[part] == 0.0 && steps[part] == 0.0 {
                codes[part * SIXTEEN..(part + 1) * SIXTEEN].fill(0);
            }
        }
    }
    write_q6_k_codes(&codes, out);
    true
}
