//! Quantization of a group of blocks at once, written over [`Vector`]. Each format takes two passes over the
//! group.
//!
//! The first pass finds each block's extremes. They are folded so that each lane holds those of one block;
//! scales, their inverses and their half-precision form are then computed for the whole group at once. The
//! second pass, over values that are still in the nearest cache, makes the codes. A group with a value that is
//! not finite is left to the scalar code, so that such blocks cannot differ from the specification.

use super::block::{BLOCK, Q4_0, Q4_1, Q8_0};
use super::element::{Element, Values};
use super::rows::{self, Block};
use super::vector::{check_layout, half_lanes, lanes, load_block, Vector};

/// How far ahead of the current block input is prefetched, in bytes: the processor's own prefetching stops at
/// the end of a 4 KiB page. Measured in docs/performance.md, "Kernels".
const READ_AHEAD: usize = 4096;
/// How far ahead of the current block output is prefetched, in bytes: a cache line is read before it is
/// written, and the processor requests it late. Measured in docs/performance.md, "Kernels".
const WRITE_AHEAD: usize = 2048;

/// The extremes of each block of a group, by lane.
struct Extremes<V> {
    /// The largest bit pattern of a magnitude.
    magnitude: V,
    /// Only meaningful where `magnitude` is finite.
    min: V,
    max: V,
}

/// # Safety
/// The processor has V's features; `src` holds LANES blocks.
#[inline(always)]
unsafe fn extremes<V: Vector, E: Element>(src: &[u8]) -> Extremes<V> {
    debug_assert_eq!(src.len(), V::LANES * BLOCK * E::BYTES);
    // SAFETY: the features, by the caller's promise.
    let empty = unsafe { V::splat(0.0).to_group() };
    let (mut magnitudes, mut minima, mut maxima) = (empty, empty, empty);
    for i in 0..V::LANES {
        // SAFETY: the features, and `src` holds LANES blocks, by the caller's promise.
        let block = unsafe { load_block::<V, E>(src, i) };
        let values = block.as_ref();
        let (mut magnitude, mut min, mut max) = (values[0].abs(), values[0], values[0]);
        for &v in &values[1..] {
            magnitude = magnitude.max_bits(v.abs());
            min = min.min(v);
            max = max.max(v);
        }
        magnitudes.as_mut()[i] = magnitude;
        minima.as_mut()[i] = min;
        maxima.as_mut()[i] = max;
    }
    Extremes {
        magnitude: V::fold_max_bits(&magnitudes),
        min: V::fold_min(&minima),
        max: V::fold_max(&maxima),
    }
}

/// The largest magnitude of each block of a group, by lane.
///
/// # Safety
/// The processor has V's features; `src` holds LANES blocks.
#[inline(always)]
unsafe fn magnitudes<V: Vector, E: Element>(src: &[u8]) -> V {
    debug_assert_eq!(src.len(), V::LANES * BLOCK * E::BYTES);
    // SAFETY: the features, by the caller's promise.
    let mut magnitudes = unsafe { V::splat(0.0).to_group() };
    for i in 0..V::LANES {
        // SAFETY: the features, and `src` holds LANES blocks, by the caller's promise.
        let block = unsafe { load_block::<V, E>(src, i) };
        let values = block.as_ref();
        let mut magnitude = values[0].abs();
        for &v in &values[1..] {
            magnitude = magnitude.max_bits(v.abs());
        }
        magnitudes.as_mut()[i] = magnitude;
    }
    V::fold_max_bits(&magnitudes)
}

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

/// Quantizes a group to Q4_0, or returns false where a value is not finite.
///
/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long.
#[inline(always)]
unsafe fn group_q4_0<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) -> bool {
    check_layout::<V>();
    debug_assert_eq!(src.len(), V::LANES * BLOCK * E::BYTES);
    debug_assert_eq!(out.len(), V::LANES * Q4_0::BYTES);
    // SAFETY: the features, by the caller's promise. Block i is within both slices, since i < LANES, and the
    // block's 18 bytes of output are 2 of the scale and 16 of the codes. A register is loaded from `maxima`,
    // which has room for MAX_LANES values.
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
        // The same as a division by -8, since that is a power of two.
        let d = largest.mul(V::splat(-0.125));
        let inverses = lanes(V::splat(1.0).div(d).finite_or_zero());
        let scales = half_lanes(d);
        let middle = V::splat(8.5);
        for i in 0..V::LANES {
            let id = V::splat(inverses[i]);
            let mut block = load_block::<V, E>(src, i);
            for v in block.as_mut() {
                *v = v.mul(id).add(middle);
            }
            let out = out.as_mut_ptr().add(i * Q4_0::BYTES);
            prefetch::<V, E>(src.as_ptr().add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            V::store_nibbles(block, out.add(2));
        }
        true
    }
}

/// Quantizes a group to Q4_1, or returns false where a value or a scale is not finite.
///
/// # Safety
/// The processor has V's features; `src` and `out` are LANES blocks long.
#[inline(always)]
unsafe fn group_q4_1<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) -> bool {
    check_layout::<V>();
    debug_assert_eq!(src.len(), V::LANES * BLOCK * E::BYTES);
    debug_assert_eq!(out.len(), V::LANES * Q4_1::BYTES);
    // SAFETY: the features, by the caller's promise. Block i is within both slices, since i < LANES, and the
    // block's 20 bytes of output are 2 of the scale, 2 of the minimum and 16 of the codes. A register is
    // loaded from `minima`, which has room for MAX_LANES values.
    unsafe {
        let Extremes { magnitude, min, max } = extremes::<V, E>(src);
        let zero = V::splat(0.0);
        // Adding zero makes a negative zero positive, as x - x is.
        let d = max.sub(min).add(zero).div(V::splat(15.0));
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
            let out = out.as_mut_ptr().add(i * Q4_1::BYTES);
            prefetch::<V, E>(src.as_ptr().add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            out.add(2).cast::<[u8; 2]>().write_unaligned(half_minima[i]);
            V::store_nibbles(block, out.add(4));
        }
        true
    }
}

/// The values of the block with this index.
#[inline(always)]
fn read_block<E: Element>(src: &[u8], index: usize) -> Values {
    E::read_block(&src[index * BLOCK * E::BYTES..(index + 1) * BLOCK * E::BYTES])
}

/// The first value of this magnitude.
#[cold]
fn first_of_magnitude(x: &Values, magnitude: f32) -> f32 {
    x.iter().copied().find(|v| v.abs() == magnitude).unwrap_or(magnitude)
}
