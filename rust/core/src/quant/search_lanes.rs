//! The searches of [`search`](super::search) for as many parts at once as a register has lanes: each register holds
//! one value of every part, so that every lane computes in the order of the scalar code, and finds the same.

use super::element::Element;
use super::search::{symmetric_steps, Candidates, SMALLEST};
use super::vector::{check_layout, Vector, MAX_LANES};

/// Parts whose largest magnitude lies in this range, or is zero, are searched in lanes: within it no inverse
/// overflows, and no product of three values and weights becomes infinite. Others are left to the scalar code.
const TAME: (f32, f32) = (f32::from_bits(37 << 23), f32::from_bits(157 << 23)); // 2^-90 and 2^30

/// How much smaller than the range of the values the range of a candidate may be: then codes before they are limited
/// stay below 2^22, which is what rounding by an addition asks for.
const SHRINK: f32 = 65536.0;

/// Rounds to nearest, halves to even, what is smaller than 2^22.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn round<V: Vector>(x: V) -> V {
    // SAFETY: the features, by the caller's promise.
    let magic = unsafe { V::splat(12_582_912.0) };
    x.add(magic).sub(magic)
}

/// Reads LANES parts of N values each; register i holds the i-th value of every part.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn load_parts<V: Vector, E: Element, const N: usize>(src: &[u8]) -> [V; N] {
    check_layout::<V>();
    let mut values = [[0.0f32; MAX_LANES]; N];
    let src = &src[..V::LANES * N * E::BYTES];
    for (lane, part) in src.chunks_exact(N * E::BYTES).enumerate() {
        for (value, bytes) in values.iter_mut().zip(part.chunks_exact(E::BYTES)) {
            value[lane] = E::read(bytes);
        }
    }
    // SAFETY: the features, by the caller's promise; every row has room for MAX_LANES values.
    unsafe {
        let mut parts = [V::splat(0.0); N];
        for (part, row) in parts.iter_mut().zip(&values) {
            *part = V::load_f32(row.as_ptr().cast());
        }
        parts
    }
}

/// Whether every lane's values lie in the range that lanes can search.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn are_tame<V: Vector, const N: usize>(x: &[V; N]) -> bool {
    let mut largest = x[0].abs();
    for v in &x[1..] {
        largest = largest.max_bits(v.abs());
    }
    if !largest.all_finite() {
        return false;
    }
    // SAFETY: the features, by the caller's promise.
    unsafe {
        let (zero, one) = (V::splat(0.0), V::splat(1.0));
        let low = V::where_less(zero, largest, V::where_less(largest, V::splat(TAME.0), one, zero), zero);
        let high = V::where_less(V::splat(TAME.1), largest, one, zero);
        low.add(high).equal(zero).count_ones() as usize == V::LANES
    }
}

/// Whether no weight is so large that a product with values could become infinite.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn weights_are_tame<V: Vector, const N: usize>(w: &[V; N]) -> bool {
    let mut largest = w[0].abs();
    for v in &w[1..] {
        largest = largest.max_bits(v.abs());
    }
    // SAFETY: the features, by the caller's promise.
    unsafe {
        let (zero, one) = (V::splat(0.0), V::splat(1.0));
        let tame = V::where_less(largest, V::splat(TAME.1), zero, one);
        tame.equal(zero).count_ones() as usize == V::LANES
    }
}

/// What a squared error of each value costs where columns have weights: `weight[l] = qw[l] * sqrtf(sigma2 + x[l]^2)`
/// in C.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn costs<V: Vector, const N: usize>(x: &[V; N], weights: &[V; N], sigma2: V) -> [V; N] {
    let mut w = *weights;
    for (w, &v) in w.iter_mut().zip(x) {
        *w = w.mul(sigma2.add(v.mul(v)).sqrt());
    }
    w
}

/// The weighted squared error of a value with code `l`.
#[inline(always)]
fn cost<V: Vector>(v: V, w: V, l: V, scale: V, min: V) -> V {
    let difference = scale.mul(l).add(min).sub(v);
    w.mul(difference.mul(difference))
}

/// What [`search_min`] finds for each lane.
pub(super) struct MinLanes<V> {
    /// The scale.
    pub scale: V,
    /// The minimum.
    pub min: V,
    /// With `base`: the code of a value is `(x - base) * inverse`, rounded and limited.
    pub inverse: V,
    /// See `inverse`.
    pub base: V,
}

/// [`search_min`](super::search::search_min), or None where a candidate leaves the range in which lanes can round.
/// Values and weights are tame.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn search_min<V: Vector, const N: usize>(
    x: &[V; N],
    w: &[V; N],
    candidates: &Candidates,
) -> Option<MinLanes<V>> {
    // SAFETY (of all calls): the features, by the caller's promise.
    unsafe {
        let (zero, one) = (V::splat(0.0), V::splat(1.0));
        let largest = V::splat(candidates.largest);
        let (mut min, mut max, mut sum_w) = (x[0], x[0], w[0]);
        let mut sum_x = sum_w.mul(x[0]);
        for (&v, &w) in x.iter().zip(w).skip(1) {
            min = min.min(v);
            max = max.max(v);
            sum_w = sum_w.add(w);
            sum_x = sum_x.add(w.mul(v));
        }
        min = V::where_less(zero, min, zero, min);
        let range = max.sub(min);
        let inverse = largest.div(range);
        let mut found = MinLanes { scale: one.div(inverse), min, inverse, base: min };
        let mut best_error = zero;
        for (&v, &w) in x.iter().zip(w) {
            let l = round(inverse.mul(v.sub(min))).min(largest).max(zero);
            best_error = best_error.add(cost(v, w, l, found.scale, min));
        }
        // A part of equal values keeps its scale of zero, the inverse of infinity: nothing is less than minus
        // infinity.
        best_error = V::where_less(min, max, best_error, V::splat(f32::NEG_INFINITY));
        for i in 0..=candidates.last {
            let this_range = max.sub(found.min);
            let shrunk = V::where_less(this_range.mul(V::splat(SHRINK)), range, one, zero);
            if shrunk.equal(zero).count_ones() as usize != V::LANES {
                return None;
            }
            let (inverse, base) = (V::splat(candidates.steps(i)).div(this_range), found.min);
            let mut codes = [zero; N];
            let (mut sum_l, mut sum_l2, mut sum_xl) = (zero, zero, zero);
            for ((&v, &w), l) in x.iter().zip(w).zip(&mut codes) {
                *l = round(inverse.mul(v.sub(base))).min(largest).max(zero);
                let wl = w.mul(*l);
                sum_l = sum_l.add(wl);
                sum_l2 = sum_l2.add(wl.mul(*l));
                sum_xl = sum_xl.add(wl.mul(v));
            }
            let determinant = sum_w.mul(sum_l2).sub(sum_l.mul(sum_l));
            let scale = sum_w.mul(sum_xl).sub(sum_x.mul(sum_l)).div(determinant);
            let min = sum_l2.mul(sum_x).sub(sum_l.mul(sum_xl)).div(determinant);
            let scale = V::where_less(zero, min, sum_xl.div(sum_l2), scale);
            let min = V::where_less(zero, min, zero, min);
            let mut this_error = zero;
            for ((&v, &w), &l) in x.iter().zip(w).zip(&codes) {
                this_error = this_error.add(cost(v, w, l, scale, min));
            }
            let this_error = V::where_less(zero, determinant, this_error, V::splat(f32::INFINITY));
            found = MinLanes {
                scale: V::where_less(this_error, best_error, scale, found.scale),
                min: V::where_less(this_error, best_error, min, found.min),
                inverse: V::where_less(this_error, best_error, inverse, found.inverse),
                base: V::where_less(this_error, best_error, base, found.base),
            };
            best_error = V::where_less(this_error, best_error, this_error, best_error);
        }
        Some(found)
    }
}

/// The sums of w x l and of w l² over the codes l that `inverse` gives.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
unsafe fn sums<V: Vector, const N: usize>(x: &[V; N], w: &[V; N], inverse: V, low: V, high: V) -> (V, V) {
    // SAFETY (of all calls): the features, by the caller's promise.
    unsafe {
        let (mut sum_lx, mut sum_l2) = (V::splat(0.0), V::splat(0.0));
        for (&v, &w) in x.iter().zip(w) {
            let l = round(inverse.mul(v)).min(high).max(low);
            sum_lx = sum_lx.add(w.mul(v).mul(l));
            sum_l2 = sum_l2.add(w.mul(l).mul(l));
        }
        (sum_lx, sum_l2)
    }
}

/// What [`search_symmetric`] finds for each lane.
pub(super) struct SymmetricLanes<V> {
    /// The scale; zero where all values count as zero.
    pub scale: V,
    /// The code of a value is `x * inverse`, rounded and limited.
    pub inverse: V,
    /// Zero where all values count as zero, and their codes are zero.
    pub largest: V,
}

/// [`search_symmetric`](super::search::search_symmetric). Values and weights are tame.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn search_symmetric<V: Vector, const N: usize>(
    x: &[V; N],
    w: &[V; N],
    half: i32,
) -> SymmetricLanes<V> {
    // SAFETY (of all calls): the features, by the caller's promise.
    unsafe {
        let (zero, low, high) = (V::splat(0.0), V::splat(-half as f32), V::splat((half - 1) as f32));
        let (mut max, mut amax) = (zero, zero);
        for &v in x {
            max = V::where_less(amax, v.abs(), v, max);
            amax = amax.max(v.abs());
        }
        let mut inverse = low.div(max);
        let (sum_lx, sum_l2) = sums(x, w, inverse, low, high);
        let mut scale = V::where_less(zero, sum_l2, sum_lx.div(sum_l2), zero);
        let mut best = scale.mul(sum_lx);
        for i in (-9..=9).filter(|i| *i != 0) {
            let trial = V::splat(symmetric_steps(half, i)).div(max);
            let (sum_lx, sum_l2) = sums(x, w, trial, low, high);
            let this_scale = sum_lx.div(sum_l2);
            // Where the sum of the squares is zero, nothing is less than minus infinity.
            let new = V::where_less(zero, sum_l2, sum_lx.mul(sum_lx), V::splat(f32::NEG_INFINITY));
            let old = best.mul(sum_l2);
            scale = V::where_less(old, new, this_scale, scale);
            best = V::where_less(old, new, this_scale.mul(sum_lx), best);
            inverse = V::where_less(old, new, trial, inverse);
        }
        let smallest = V::splat(SMALLEST);
        SymmetricLanes {
            scale: V::where_less(amax, smallest, zero, scale),
            inverse,
            largest: V::where_less(amax, smallest, zero, amax),
        }
    }
}
