//! [`weighted`](super::weighted) for as many blocks of 32 values at once as a register has lanes.

use super::block::BLOCK;
use super::element::F32;
use super::search::Candidates;
use super::search_lanes::{are_tame, costs, load_parts, search_min, search_symmetric, weights_are_tame};
use super::vector::{half_lanes, lanes, load_block, Vector};
use super::weighted::{self, Weighted};

/// Quantizes a row of float32 values, each of which has a weight; `sigma2` is the mean square of the row.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn row<V: Vector, B: Weighted>(x: &[u8], weights: &[u8], sigma2: f32, out: &mut [u8]) {
    let step = V::LANES * BLOCK * size_of::<f32>();
    let groups = x.chunks(step).zip(weights.chunks(step)).zip(out.chunks_mut(V::LANES * B::BYTES));
    for ((x, weights), out) in groups {
        // SAFETY: the features, by the caller's promise; the slices are LANES blocks long.
        if x.len() < step || !unsafe { group::<V, B>(x, weights, sigma2, out) } {
            weighted::blocks::<B>(x, weights, sigma2, out);
        }
    }
}

/// Quantizes a group, or returns false where lanes cannot search a block.
///
/// # Safety
/// The processor has V's features; the slices are LANES blocks long.
#[inline(always)]
unsafe fn group<V: Vector, B: Weighted>(x: &[u8], weights: &[u8], sigma2: f32, out: &mut [u8]) -> bool {
    let half = (i32::from(B::LARGEST) + 1) / 2;
    // SAFETY: the features, by the caller's promise. A block is read from `x`, which has LANES, and `codes` has room
    // for its codes.
    unsafe {
        let parts = load_parts::<V, F32, BLOCK>(x);
        if !are_tame(&parts) {
            return false;
        }
        let w = costs(&parts, &load_parts::<V, F32, BLOCK>(weights), V::splat(sigma2));
        if !weights_are_tame(&w) {
            return false;
        }
        let (scale, min, inverse, empty) = if B::HAS_MIN {
            let mut least = parts[0];
            for v in &parts[1..] {
                least = least.min(*v);
            }
            // Of zeros of both signs the first is the minimum, which lanes do not tell apart.
            if least.equal(V::splat(0.0)) != 0 {
                return false;
            }
            let Some(found) = search_min(&parts, &w, &Candidates::weighted(B::LARGEST.into())) else {
                return false;
            };
            (found.scale, (found.min, found.base), found.inverse, V::splat(1.0))
        } else {
            let found = search_symmetric(&parts, &w, half);
            (found.scale, (V::splat(0.0), V::splat(0.0)), found.inverse, found.largest)
        };
        let (scales, minima) = (half_lanes(scale), half_lanes(min.0));
        let (inverses, bases, largest) = (lanes(inverse), lanes(min.1), lanes(empty));
        for (i, out) in out.chunks_exact_mut(B::BYTES).enumerate() {
            let (inverse, base) = (V::splat(inverses[i]), V::splat(bases[i]));
            let mut values = load_block::<V, F32>(x, i);
            for v in values.as_mut() {
                *v = inverse.mul(if B::HAS_MIN { v.sub(base) } else { *v });
            }
            let mut codes = [0; BLOCK];
            let (low, high) = if B::HAS_MIN { (0, i32::from(B::LARGEST)) } else { (-half, half - 1) };
            V::store_nearest(values, low, high, codes.as_mut_ptr());
            if largest[i] == 0.0 {
                codes.fill(0);
            }
            B::from_codes(scales[i], minima[i], &codes).to_bytes(out);
        }
        true
    }
}
