//! The extremes of each block of a group at once.

use super::block::BLOCK;
use super::element::{Element, Values};
use super::vector::{load_block, Vector};

/// The extremes of each block of a group, by lane.
pub(super) struct Extremes<V> {
    /// The largest bit pattern of a magnitude.
    pub magnitude: V,
    /// Only meaningful where `magnitude` is finite.
    pub min: V,
    /// As `min`.
    pub max: V,
}

/// The extremes of each block of a group.
///
/// # Safety
/// The processor has V's features; `src` holds LANES blocks.
#[inline(always)]
pub(super) unsafe fn extremes<V: Vector, E: Element>(src: &[u8]) -> Extremes<V> {
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
pub(super) unsafe fn magnitudes<V: Vector, E: Element>(src: &[u8]) -> V {
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

/// The values of the block with this index.
#[inline(always)]
pub(super) fn read_block<E: Element>(src: &[u8], index: usize) -> Values {
    E::read_block(&src[index * BLOCK * E::BYTES..(index + 1) * BLOCK * E::BYTES])
}

/// The first value of this magnitude.
#[cold]
pub(super) fn first_of_magnitude(x: &Values, magnitude: f32) -> f32 {
    x.iter().copied().find(|v| v.abs() == magnitude).unwrap_or(magnitude)
}
