//! Quantization of a group of blocks at once, written over [`Vector`]. Each format takes two passes over the
//! group.
//!
//! The first pass finds each block's extremes. They are folded so that each lane holds those of one block;
//! scales, their inverses and their half-precision form are then computed for the whole group at once. The
//! second pass, over values that are still in the nearest cache, makes the codes. A group with a value that is
//! not finite is left to the scalar code, so that such blocks cannot differ from the specification.

use super::block::{BLOCK, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use super::element::Element;
use super::extremes::{extremes, first_of_magnitude, magnitudes, read_block, Extremes};
use super::rows::{self, Block};
use super::scalar::split_codes;
use super::vector::{check_layout, half_lanes, lanes, load_block, Vector};

/// How far ahead of the current block input is prefetched, in bytes: the processor's own prefetching stops at
/// the end of a 4 KiB page. Measured in docs/performance.md, "Kernels".
const READ_AHEAD: usize = 4096;
/// How far ahead of the current block output is prefetched, in bytes: a cache line is read before it is
/// written, and the processor requests it late. Measured in docs/performance.md, "Kernels".
const WRITE_AHEAD: usize = 2048;

/// Prefetches the memory of a block to come. Kernels call it between the blocks' arithmetic: requests for a
/// whole group at once would wait for room in the queue.
#[inline(always)]
fn prefetch<V: Vector, E: Element>(src: *const u8, out: *const u8) {
    const LINE: usize = 64;
    for line in (0..BLOCK * E::BYTES).step_by(LINE) {
        V::prefetch_read(src.wrapping_add(READ_AHEAD + line));
    }
    // A block's output is shorter than a cache line.
    V::prefetch_write(out.wrapping_add(WRITE_AHEAD));
}

/// Defines a function that quantizes groups with `$group`, and the rest, or a group that it declines, with the
/// scalar code.
macro_rules! quantize_by_groups {
    ($name:ident, $block:ty, $group:ident) => {
        /// Quantizes a whole number of blocks.
        ///
        /// # Safety
        /// The processor has V's features.
        #[inline(always)]
        pub(super) unsafe fn $name<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) {
            debug_assert_eq!(src.len() / (BLOCK * E::BYTES), out.len() / <$block>::BYTES);
            let (src_step, out_step) = (V::LANES * BLOCK * E::BYTES, V::LANES * <$block>::BYTES);
            for (src, out) in src.chunks(src_step).zip(out.chunks_mut(out_step)) {
                let whole = src.len() == src_step && out.len() == out_step;
                // SAFETY: the features, by the caller's promise; both slices are LANES blocks long.
                if !(whole && unsafe { $group::<V, E>(src, out) }) {
                    rows::quantize::<E, $block>(src, out);
                }
            }
        }
    };
}

quantize_by_groups!(q8_0, Q8_0, group_q8_0);
quantize_by_groups!(q4_0, Q4_0, group_q4_0);
quantize_by_groups!(q4_1, Q4_1, group_q4_1);
quantize_by_groups!(q5_0, Q5_0, group_q5_0);
quantize_by_groups!(q5_1, Q5_1, group_q5_1);

/// Quantizes a group to Q8_0, or returns false where a value is not finite.
///
/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long.
#[inline(always)]
unsafe fn group_q8_0<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) -> bool {
    check_layout::<V>();
    debug_assert_eq!(src.len(), V::LANES * BLOCK * E::BYTES);
    debug_assert_eq!(out.len(), V::LANES * Q8_0::BYTES);
    // SAFETY: the features, by the caller's promise. Block i is within both slices, since i < LANES, and the
    // block's 34 bytes of output are 2 of the scale and 32 of the codes.
    unsafe {
        let amax = magnitudes::<V, E>(src);
        if !amax.all_finite() {
            return false;
        }
        let d = amax.div(V::splat(127.0));
        let inverses = lanes(V::splat(1.0).div(d).finite_or_zero());
        let scales = half_lanes(d);
        for i in 0..V::LANES {
            let id = V::splat(inverses[i]);
            let mut block = load_block::<V, E>(src, i);
            for v in block.as_mut() {
                *v = v.mul(id);
            }
            let out = out.as_mut_ptr().add(i * Q8_0::BYTES);
            prefetch::<V, E>(src.as_ptr().add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            V::store_bytes(block, out.add(2));
        }
        true
    }
}

/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long.
#[inline(always)]
unsafe fn group_q4_0<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) -> bool {
    // SAFETY: the caller's promise; a block has 16 bytes after its scale.
    unsafe { group_with_zero::<V, E, Q4_0>(src, out, 8.0, |codes, out| V::store_nibbles(codes, out)) }
}

/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long.
#[inline(always)]
unsafe fn group_q5_0<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) -> bool {
    // SAFETY: the caller's promise; a block has 20 bytes after its scale.
    unsafe { group_with_zero::<V, E, Q5_0>(src, out, 16.0, |codes, out| store_five_bits::<V>(codes, out)) }
}

/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long.
#[inline(always)]
unsafe fn group_q4_1<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) -> bool {
    // SAFETY: the caller's promise; a block has 16 bytes after its scale and minimum.
    unsafe { group_with_min::<V, E, Q4_1>(src, out, 15.0, |codes, out| V::store_nibbles(codes, out)) }
}

/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long.
#[inline(always)]
unsafe fn group_q5_1<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) -> bool {
    // SAFETY: the caller's promise; a block has 20 bytes after its scale and minimum.
    unsafe { group_with_min::<V, E, Q5_1>(src, out, 31.0, |codes, out| store_five_bits::<V>(codes, out)) }
}

/// Writes a block's values as 4 bytes of high bits and 16 of nibbles, truncated to whole numbers of at most 31.
///
/// # Safety
/// `out` is valid for writes of 20 bytes.
#[inline(always)]
pub(super) unsafe fn store_five_bits<V: Vector>(block: V::Block, out: *mut u8) {
    let mut codes = [0; BLOCK];
    // SAFETY: `codes` has room for 32 bytes, and `out` for 20, by the caller's promise.
    unsafe {
        V::store_truncated(block, codes.as_mut_ptr());
        let (qh, qs) = split_codes(&codes.map(|code| code.min(31)));
        out.cast::<[u8; 4]>().write_unaligned(qh);
        out.add(4).cast::<[u8; BLOCK / 2]>().write_unaligned(qs);
    }
}

/// Quantizes a group to Q4_0 or Q5_0, whose code `half` means zero, or returns false where a value is not finite.
/// `store` writes the codes behind the scale, truncated and limited.
///
/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long; `store` may write what a block has
/// behind its scale.
#[inline(always)]
unsafe fn group_with_zero<V: Vector, E: Element, B: Block>(
    src: &[u8],
    out: &mut [u8],
    half: f32,
    store: impl Fn(V::Block, *mut u8),
) -> bool {
    check_layout::<V>();
    debug_assert_eq!(src.len(), V::LANES * BLOCK * E::BYTES);
    debug_assert_eq!(out.len(), V::LANES * B::BYTES);
    // SAFETY: the features, by the caller's promise. Block i is within both slices, since i < LANES, and a block
    // begins with the 2 bytes of the scale. A register is loaded from `maxima`, which has room for MAX_LANES
    // values.
    unsafe {
        let Extremes { magnitude, min, max } = extremes::<V, E>(src);
        if !magnitude.all_finite() {
            return false;
        }
        let zero = V::splat(0.0);
        // The value of the largest magnitude. Adding zero makes a negative zero positive.
        let mut largest = max.or_larger_negative(min).add(zero);
        // Where values of both signs have the largest magnitude, the first of them decides.
        let mut ties = zero.sub(min).equal(max) & !max.equal(zero);
        if ties != 0 {
            let mut maxima = lanes(largest);
            while ties != 0 {
                let i = ties.trailing_zeros() as usize;
                maxima[i] = first_of_magnitude(&read_block::<E>(src, i), maxima[i].abs());
                ties &= ties - 1;
            }
            largest = V::load_f32(maxima.as_ptr().cast());
        }
        // The same as a division by -half, since that is a power of two.
        let d = largest.mul(V::splat(-1.0 / half));
        let inverses = lanes(V::splat(1.0).div(d).finite_or_zero());
        let scales = half_lanes(d);
        let middle = V::splat(half + 0.5);
        for i in 0..V::LANES {
            let id = V::splat(inverses[i]);
            let mut block = load_block::<V, E>(src, i);
            for v in block.as_mut() {
                *v = v.mul(id).add(middle);
            }
            let out = out.as_mut_ptr().add(i * B::BYTES);
            prefetch::<V, E>(src.as_ptr().add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            store(block, out.add(2));
        }
        true
    }
}

/// Quantizes a group to Q4_1 or Q5_1, whose largest code is `largest`, or returns false where a value or a scale is
/// not finite. `store` writes the codes behind scale and minimum, truncated and limited.
///
/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long; `store` may write what a block has
/// behind its scale and minimum.
#[inline(always)]
unsafe fn group_with_min<V: Vector, E: Element, B: Block>(
    src: &[u8],
    out: &mut [u8],
    largest: f32,
    store: impl Fn(V::Block, *mut u8),
) -> bool {
    check_layout::<V>();
    debug_assert_eq!(src.len(), V::LANES * BLOCK * E::BYTES);
    debug_assert_eq!(out.len(), V::LANES * B::BYTES);
    // SAFETY: the features, by the caller's promise. Block i is within both slices, since i < LANES, and a block
    // begins with the 4 bytes of scale and minimum. A register is loaded from `minima`, which has room for
    // MAX_LANES values.
    unsafe {
        let Extremes { magnitude, min, max } = extremes::<V, E>(src);
        let zero = V::splat(0.0);
        // Adding zero makes a negative zero positive, as x - x is.
        let d = max.sub(min).add(zero).div(V::splat(largest));
        if !(magnitude.all_finite() && d.all_finite()) {
            return false;
        }
        let mut minima = lanes(min);
        // Of zeros of both signs the first is the minimum.
        let mut zeros = min.equal(zero);
        while zeros != 0 {
            let i = zeros.trailing_zeros() as usize;
            minima[i] = first_of_magnitude(&read_block::<E>(src, i), 0.0);
            zeros &= zeros - 1;
        }
        let min = V::load_f32(minima.as_ptr().cast());
        let inverses = lanes(V::splat(1.0).div(d).finite_or_zero());
        let (scales, half_minima) = (half_lanes(d), half_lanes(min));
        let half = V::splat(0.5);
        for i in 0..V::LANES {
            let (id, min) = (V::splat(inverses[i]), V::splat(minima[i]));
            let mut block = load_block::<V, E>(src, i);
            for v in block.as_mut() {
                *v = v.sub(min).mul(id).add(half);
            }
            let out = out.as_mut_ptr().add(i * B::BYTES);
            prefetch::<V, E>(src.as_ptr().add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            out.add(2).cast::<[u8; 2]>().write_unaligned(half_minima[i]);
            store(block, out.add(4));
        }
        true
    }
}
