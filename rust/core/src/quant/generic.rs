//! The kernels, written once over a small vector: each format in two passes over a group of blocks.
//!
//! The first pass finds each block's extremes; they are folded so that one lane holds one block's,
//! and scales, their inverses and their half-precision form are computed for the whole group at once.
//! The second pass, on values still in the nearest cache, makes the codes. A group with a value that
//! is not finite goes to the scalar code, so such blocks cannot differ from the specification.

use super::block::{BLOCK, Q4_0, Q4_1, Q8_0};
use super::scalar::{self, Element};
use super::vector::{halves, lanes, load_block, Vector};

/// The largest magnitude, minimum and maximum of each block of a group, by lane. Only the first is
/// right where a value is not finite.
///
/// # Safety
/// `src` is valid for LANES blocks.
#[inline(always)]
unsafe fn extremes<V: Vector, E: Element>(src: *const u8) -> (V, V, V) {
    // SAFETY: block i of the group starts at i * 32 values.
    unsafe {
        let (mut bits, mut low, mut high) = (V::splat_group(0.0), V::splat_group(0.0), V::splat_group(0.0));
        for i in 0..V::LANES {
            let block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            let values = block.as_ref();
            let (mut b, mut l, mut h) = (values[0].abs(), values[0], values[0]);
            for &v in &values[1..] {
                b = b.max_bits(v.abs());
                l = l.min(v);
                h = h.max(v);
            }
            bits.as_mut()[i] = b;
            low.as_mut()[i] = l;
            high.as_mut()[i] = h;
        }
        (V::fold_max_bits(&bits), V::fold_min(&low), V::fold_max(&high))
    }
}

/// Largest magnitude only.
///
/// # Safety
/// `src` is valid for LANES blocks.
#[inline(always)]
unsafe fn magnitudes<V: Vector, E: Element>(src: *const u8) -> V {
    // SAFETY: block i of the group starts at i * 32 values.
    unsafe {
        let mut bits = V::splat_group(0.0);
        for i in 0..V::LANES {
            let block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            let values = block.as_ref();
            let mut b = values[0].abs();
            for &v in &values[1..] {
                b = b.max_bits(v.abs());
            }
            bits.as_mut()[i] = b;
        }
        V::fold_max_bits(&bits)
    }
}

/// How far ahead of the block in hand memory is asked for. The processor's own prefetching stops at a
/// page's end, and fetches what is to be written too late.
const READ_AHEAD: usize = 4096;
const WRITE_AHEAD: usize = 2048;

/// Asks for the memory of a block to come, a line at a time between the blocks' arithmetic: a whole
/// group's at once waits for room in the queue.
#[inline(always)]
fn look_ahead<V: Vector, E: Element>(src: *const u8, out: *const u8) {
    const LINE: usize = 64;
    for line in (0..BLOCK * E::BYTES).step_by(LINE) {
        V::prefetch(src.wrapping_add(READ_AHEAD + line));
    }
    // A block's bytes out are fewer than a line's.
    V::prefetch_write(out.wrapping_add(WRITE_AHEAD));
}

/// Whole groups with `group`, and what is left over, or a group it declines, with the scalar code.
macro_rules! by_groups {
    ($name:ident, $block:ty, $group:ident) => {
        /// Quantizes a whole number of blocks.
        ///
        /// # Safety
        /// The features of V.
        #[inline(always)]
        pub(crate) unsafe fn $name<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) {
            let (src_step, out_step) = (V::LANES * BLOCK * E::BYTES, V::LANES * size_of::<$block>());
            for (src, out) in src.chunks(src_step).zip(out.chunks_mut(out_step)) {
                // SAFETY: a whole group of blocks in and out.
                let done = src.len() == src_step
                    && out.len() == out_step
                    && unsafe { $group::<V, E>(src.as_ptr(), out.as_mut_ptr()) };
                if !done {
                    scalar::rows::<E, $block>(src, out);
                }
            }
        }
    };
}

by_groups!(q8_0, Q8_0, group_q8_0);
by_groups!(q4_0, Q4_0, group_q4_0);
by_groups!(q4_1, Q4_1, group_q4_1);

/// # Safety
/// The features of V; `src` and `out` are valid for LANES blocks.
#[inline(always)]
unsafe fn group_q8_0<V: Vector, E: Element>(src: *const u8, out: *mut u8) -> bool {
    // SAFETY: block i of the group is 32 values in and 34 bytes out.
    unsafe {
        let max = magnitudes::<V, E>(src);
        if !max.all_finite() {
            return false;
        }
        let d = max.div(V::splat(127.0));
        let inverse = lanes(V::splat(1.0).div(d).finite_or_zero());
        let scales = halves(d);
        for i in 0..V::LANES {
            let id = V::splat(inverse[i]);
            let mut block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            for v in block.as_mut() {
                *v = v.mul(id);
            }
            let out = out.add(i * size_of::<Q8_0>());
            look_ahead::<V, E>(src.add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            V::store_bytes(block, out.add(2));
        }
        true
    }
}

/// # Safety
/// The features of V; `src` and `out` are valid for LANES blocks.
#[inline(always)]
unsafe fn group_q4_0<V: Vector, E: Element>(src: *const u8, out: *mut u8) -> bool {
    // SAFETY: block i of the group is 32 values in and 18 bytes out.
    unsafe {
        let (bits, low, high) = extremes::<V, E>(src);
        if !bits.all_finite() {
            return false;
        }
        let zero = V::splat(0.0);
        // Adding zero makes a negative zero positive.
        let mut max = high.or_larger_negative(low).add(zero);
        // Where both signs reach the magnitude, the first of them decides.
        let mut ties = zero.sub(low).equal(high) & !high.equal(zero);
        if ties != 0 {
            let mut maxima = lanes(max);
            while ties != 0 {
                let i = ties.trailing_zeros() as usize;
                let block = std::slice::from_raw_parts(src.add(i * BLOCK * E::BYTES), BLOCK * E::BYTES);
                maxima[i] = first(&scalar::load::<E>(block), maxima[i].abs());
                ties &= ties - 1;
            }
            max = V::load_f32(maxima.as_ptr().cast());
        }
        // The same as dividing by -8: a power of two.
        let d = max.mul(V::splat(-0.125));
        let inverse = lanes(V::splat(1.0).div(d).finite_or_zero());
        let scales = halves(d);
        let middle = V::splat(8.5);
        for i in 0..V::LANES {
            let id = V::splat(inverse[i]);
            let mut block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            for v in block.as_mut() {
                *v = v.mul(id).add(middle);
            }
            let out = out.add(i * size_of::<Q4_0>());
            look_ahead::<V, E>(src.add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            V::store_nibbles(block, out.add(2));
        }
        true
    }
}

/// The first value of this magnitude.
#[cold]
fn first(x: &scalar::Values, magnitude: f32) -> f32 {
    x.iter().copied().find(|v| v.abs() == magnitude).unwrap_or(magnitude)
}

/// # Safety
/// The features of V; `src` and `out` are valid for LANES blocks.
#[inline(always)]
unsafe fn group_q4_1<V: Vector, E: Element>(src: *const u8, out: *mut u8) -> bool {
    // SAFETY: block i of the group is 32 values in and 20 bytes out.
    unsafe {
        let (bits, low, high) = extremes::<V, E>(src);
        let zero = V::splat(0.0);
        // Adding zero makes a negative zero positive, as x - x is.
        let d = high.sub(low).add(zero).div(V::splat(15.0));
        if !(bits.all_finite() && d.all_finite()) {
            return false;
        }
        let mut minima = lanes(low);
        // Of zeros of both signs the first is the minimum.
        let mut zeros = low.equal(zero);
        while zeros != 0 {
            let i = zeros.trailing_zeros() as usize;
            let block = std::slice::from_raw_parts(src.add(i * BLOCK * E::BYTES), BLOCK * E::BYTES);
            minima[i] = first(&scalar::load::<E>(block), 0.0);
            zeros &= zeros - 1;
        }
        let low = V::load_f32(minima.as_ptr().cast());
        let inverse = lanes(V::splat(1.0).div(d).finite_or_zero());
        let (scales, offsets) = (halves(d), halves(low));
        let half = V::splat(0.5);
        for i in 0..V::LANES {
            let (id, min) = (V::splat(inverse[i]), V::splat(minima[i]));
            let mut block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            for v in block.as_mut() {
                *v = v.sub(min).mul(id).add(half);
            }
            let out = out.add(i * size_of::<Q4_1>());
            look_ahead::<V, E>(src.add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            out.add(2).cast::<[u8; 2]>().write_unaligned(offsets[i]);
            V::store_nibbles(block, out.add(4));
        }
        true
    }
}
