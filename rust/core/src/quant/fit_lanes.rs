//! [`fit`](super::fit) for a group of blocks at once, written over [`Vector`]. A register holds values of one block;
//! their sums are folded so that each lane holds that of one block, in the order of the scalar code.

use super::block::BLOCK;
use super::element::{Element, F32};
use super::extremes::{extremes, Extremes};
use super::fit::{Fit, LEAST, LESS, TAME};
use super::fit_codes::FitLanes;
use super::search_lanes::round;
use super::vector::{half_lanes, lanes, load_block, Lanes, Vector, MAX_LANES};

/// The most candidates of a format.
const MOST: usize = 3;

/// Bytes of the largest group: of float32 values.
const MOST_BYTES: usize = MAX_LANES * BLOCK * F32::BYTES;

/// Each value of a block times that of another.
#[inline(always)]
fn product<V: Vector>(mut block: V::Block, other: &V::Block) -> V::Block {
    for (v, other) in block.as_mut().iter_mut().zip(other.as_ref()) {
        *v = v.mul(*other);
    }
    block
}

/// A block plus one number.
#[inline(always)]
pub(super) fn plus<V: Vector>(mut block: V::Block, number: V) -> V::Block {
    for v in block.as_mut() {
        *v = v.add(number);
    }
    block
}

/// A block times its weights.
#[inline(always)]
fn weigh<V: Vector, const WEIGHTED: bool>(block: V::Block, w: &V::Block) -> V::Block {
    if WEIGHTED {
        product::<V>(block, w)
    } else {
        block
    }
}

/// The codes of values, on the grid of `inverse` and `offset`.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
unsafe fn codes<V: Vector, B: Fit>(mut x: V::Block, inverse: V, offset: V) -> V::Block {
    // SAFETY: the features, by the caller's promise.
    unsafe {
        let (low, high) = (V::splat(B::LOW), V::splat(B::HIGH));
        for v in x.as_mut() {
            let code = v.mul(inverse);
            *v = round(if B::HAS_MIN { code.add(offset) } else { code }).min(high).max(low);
        }
        x
    }
}

/// The squared errors of values whose codes have the scale `d` and the minimum `m`.
#[inline(always)]
fn squares<V: Vector, B: Fit>(x: &V::Block, mut codes: V::Block, d: V, m: V) -> V::Block {
    for (v, x) in codes.as_mut().iter_mut().zip(x.as_ref()) {
        let y = v.mul(d);
        let difference = x.sub(if B::HAS_MIN { y.add(m) } else { y });
        *v = difference.mul(difference);
    }
    codes
}

/// The sums of the halves of a block, until one register is left.
#[inline(always)]
fn halves<V: Vector>(mut block: V::Block) -> V {
    let registers = block.as_mut();
    let mut width = BLOCK / V::LANES / 2;
    while width > 0 {
        for i in 0..width {
            registers[i] = registers[i].add(registers[i + width]);
        }
        width /= 2;
    }
    registers[0]
}

/// Replaces each of a whole number of blocks by a better one, where one is found.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn improve<V: Vector, B: FitLanes>(src: &[u8], weights: Option<&[u8]>, out: &mut [u8]) {
    let (src_step, out_step) = (V::LANES * BLOCK * F32::BYTES, V::LANES * B::BYTES);
    for (i, (src, out)) in src.chunks(src_step).zip(out.chunks_mut(out_step)).enumerate() {
        let weights = weights.map(|weights| &weights[i * src_step..weights.len().min((i + 1) * src_step)]);
        if out.len() == out_step {
            // SAFETY: the features, by the caller's promise; all slices are LANES blocks long.
            unsafe { improve_group::<V, B>(src, weights, out) };
            continue;
        }
        let (mut padded_src, mut padded_w) = ([0; MOST_BYTES], [0; MOST_BYTES]);
        let mut padded_out = [0; MOST_BYTES];
        padded_src[..src.len()].copy_from_slice(src);
        padded_out[..out.len()].copy_from_slice(out);
        let weights = weights.map(|weights| {
            padded_w[..weights.len()].copy_from_slice(weights);
            &padded_w[..src_step]
        });
        // SAFETY: the features, by the caller's promise; all slices are LANES blocks long. Blocks of zeros stay.
        unsafe { improve_group::<V, B>(&padded_src[..src_step], weights, &mut padded_out[..out_step]) };
        out.copy_from_slice(&padded_out[..out.len()]);
    }
}

/// # Safety
/// The processor has V's features; all slices are LANES blocks long.
#[inline(always)]
unsafe fn improve_group<V: Vector, B: FitLanes>(src: &[u8], weights: Option<&[u8]>, out: &mut [u8]) {
    // SAFETY: the caller's promise.
    unsafe {
        match weights {
            Some(weights) => group::<V, B, true>(src, weights, out),
            None => group::<V, B, false>(src, &[], out),
        }
    }
}

/// Replaces each block of a group by a better one, where one is found.
///
/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long, and so is `weights` with WEIGHTED.
#[inline(always)]
unsafe fn group<V: Vector, B: FitLanes, const WEIGHTED: bool>(src: &[u8], weights: &[u8], out: &mut [u8]) {
    const { assert!(B::CANDIDATES.len() <= MOST) };
    debug_assert_eq!(src.len(), V::LANES * BLOCK * F32::BYTES);
    debug_assert_eq!(out.len(), V::LANES * B::BYTES);
    debug_assert!(!WEIGHTED || weights.len() == V::LANES * BLOCK * F32::BYTES);
    let head = if B::HAS_MIN { 4 } else { 2 };
    // SAFETY: the features, by the caller's promise. Block i is within the slices, since i < LANES, and a block
    // begins with the bytes of its scale (and minimum). Registers are loaded from arrays of MAX_LANES numbers.
    unsafe {
        let (zero, one) = (V::splat(0.0), V::splat(1.0));
        let Extremes { magnitude, min, max } = extremes::<V, F32>(src);
        let middle = if B::HAS_MIN { min.add(max).mul(V::splat(0.5)) } else { zero };
        let spread = if B::HAS_MIN { max.sub(min) } else { max.or_larger_negative(min) };
        let middles = lanes(middle);
        let mut inverses = [[0.0; MAX_LANES]; MOST];
        for (inverses, candidate) in inverses.iter_mut().zip(B::CANDIDATES) {
            let width = if B::HAS_MIN { candidate.end - candidate.start } else { candidate.end };
            *inverses = lanes(V::splat(width).div(spread));
        }
        let empty = zero.to_group();
        let (mut sum_w, mut sum_x) = (empty, empty);
        let (mut sum_l, mut sum_l2, mut sum_xl) = ([empty; MOST], [empty; MOST], [empty; MOST]);
        for i in 0..V::LANES {
            let w = if WEIGHTED { load_block::<V, F32>(weights, i) } else { one.to_block() };
            let mut x = load_block::<V, F32>(src, i);
            if B::HAS_MIN {
                let middle = V::splat(middles[i]);
                for v in x.as_mut() {
                    *v = v.sub(middle);
                }
                sum_x.as_mut()[i] = halves::<V>(weigh::<V, WEIGHTED>(x, &w));
                if WEIGHTED {
                    sum_w.as_mut()[i] = halves::<V>(w);
                }
            }
            for (k, candidate) in B::CANDIDATES.iter().enumerate() {
                let inverse = V::splat(inverses[k][i]);
                let offset = V::splat((candidate.end + candidate.start) * 0.5);
                let l = codes::<V, B>(x, inverse, offset);
                let wl = weigh::<V, WEIGHTED>(l, &w);
                if B::HAS_MIN {
                    sum_l[k].as_mut()[i] = halves::<V>(wl);
                }
                sum_l2[k].as_mut()[i] = halves::<V>(product::<V>(wl, &l));
                sum_xl[k].as_mut()[i] = halves::<V>(product::<V>(wl, &x));
            }
        }
        let sum_w = if WEIGHTED { V::fold_sum(&sum_w) } else { V::splat(BLOCK as f32) };
        let sum_x = V::fold_sum(&sum_x);
        let (mut best, mut d, mut best_l) = (zero, zero, zero);
        for k in 0..B::CANDIDATES.len() {
            let (l2, xl) = (V::fold_sum(&sum_l2[k]), V::fold_sum(&sum_xl[k]));
            let l = if B::HAS_MIN { V::fold_sum(&sum_l[k]) } else { zero };
            let (above, below) = if B::HAS_MIN {
                (sum_w.mul(xl).sub(sum_x.mul(l)), sum_w.mul(l2).sub(l.mul(l)))
            } else {
                (xl, l2)
            };
            let score = above.mul(above).div(below);
            d = V::where_less(best, score, above.div(below), d);
            best_l = V::where_less(best, score, l, best_l);
            best = V::where_less(best, score, score, best);
        }
        let half_d = half_lanes(d);
        let d = V::load_f16(half_d.as_ptr().cast());
        let m = if B::HAS_MIN { sum_x.sub(d.mul(best_l)).div(sum_w).add(middle) } else { zero };
        let half_m = half_lanes(m);
        let m = V::load_f16(half_m.as_ptr().cast());
        let (scales, minima) = (lanes(d), lanes(m));
        let inverses = lanes(one.div(d).finite_or_zero());
        let (old_scales, old_minima) = old_parts::<V, B>(out);
        let mut fitted = [zero.to_block(); MAX_LANES];
        let (mut before, mut after) = (empty, empty);
        for i in 0..V::LANES {
            let w = if WEIGHTED { load_block::<V, F32>(weights, i) } else { one.to_block() };
            let x = load_block::<V, F32>(src, i);
            let (d, m, inverse) = (V::splat(scales[i]), V::splat(minima[i]), V::splat(inverses[i]));
            let mut above = x;
            if B::HAS_MIN {
                for v in above.as_mut() {
                    *v = v.sub(m);
                }
            }
            fitted[i] = codes::<V, B>(above, inverse, zero);
            after.as_mut()[i] = halves::<V>(weigh::<V, WEIGHTED>(squares::<V, B>(&x, fitted[i], d, m), &w));
            let old = B::load::<V>(out.as_ptr().add(i * B::BYTES + head));
            let (d, m) = (V::splat(old_scales[i]), V::splat(old_minima[i]));
            before.as_mut()[i] = halves::<V>(weigh::<V, WEIGHTED>(squares::<V, B>(&x, old, d, m), &w));
        }
        let (before, after) = (V::fold_sum(&before), V::fold_sum(&after));
        let worse = V::splat(f32::INFINITY);
        let after = V::where_less(V::splat(TAME.0), magnitude, after, worse);
        let after = V::where_less(magnitude, V::splat(TAME.1), after, worse);
        let after = V::where_less(V::splat(LEAST), before, after, worse);
        let better = lanes(V::where_less(after, before.mul(V::splat(LESS)), one, zero));
        for i in 0..V::LANES {
            if better[i] != 0.0 {
                let out = out.as_mut_ptr().add(i * B::BYTES);
                out.cast::<[u8; 2]>().write_unaligned(half_d[i]);
                if B::HAS_MIN {
                    out.add(2).cast::<[u8; 2]>().write_unaligned(half_m[i]);
                }
                B::store::<V>(fitted[i], out.add(head));
            }
        }
    }
}

/// The scales and minima of a group's blocks.
///
/// # Safety
/// The processor has V's features; `out` is LANES blocks long.
#[inline(always)]
unsafe fn old_parts<V: Vector, B: Fit>(out: &[u8]) -> (Lanes<f32>, Lanes<f32>) {
    let (mut d, mut m) = ([[0u8; 2]; MAX_LANES], [[0u8; 2]; MAX_LANES]);
    for (i, block) in out.chunks_exact(B::BYTES).enumerate() {
        d[i] = [block[0], block[1]];
        m[i] = [block[2], block[3]];
    }
    // SAFETY: the features, by the caller's promise; both arrays have MAX_LANES numbers.
    unsafe { (lanes(V::load_f16(d.as_ptr().cast())), lanes(V::load_f16(m.as_ptr().cast()))) }
}
