//! The small vector type that the kernels are written over, and what all of them do with it.

use super::block::BLOCK;
use super::element::Element;
use crate::encoding::Float;

/// One register of float32 lanes.
///
/// A *group* is as many blocks as a register has lanes, so that one register holds one number of each block.
///
/// A value of an implementing type is proof that the processor has the features which the type's module
/// names: values come from the constructors alone, and those are unsafe to call without the features. That is
/// why methods that take a value are safe unless they take a pointer.
///
/// # Safety
/// An implementer guarantees that
/// - `LANES` divides 32 and is at most 16, `Block` is an array of 32 / LANES registers and `Group` one of
///   LANES (`check_layout` asserts this at compile time);
/// - no safe function makes a value out of nothing;
/// - functions that take a pointer touch exactly the bytes that they name, at any alignment;
/// - `equal` sets no bit at or above `LANES`, since callers use the bits as indices of blocks.
pub(super) unsafe trait Vector: Copy {
    /// Lanes of a register, and blocks of a group.
    const LANES: usize;
    /// `[Self; 32 / LANES]`: the values of a block.
    type Block: Copy + AsRef<[Self]> + AsMut<[Self]>;
    /// `[Self; LANES]`: one register for each block of a group.
    type Group: Copy + AsRef<[Self]> + AsMut<[Self]>;

    /// `x` in every lane.
    ///
    /// # Safety
    /// The processor has the module's features.
    unsafe fn splat(x: f32) -> Self;
    /// Reads LANES float32 values.
    ///
    /// # Safety
    /// The processor has the module's features; `src` is valid for reads of 4 * LANES bytes.
    unsafe fn load_f32(src: *const u8) -> Self;
    /// Reads LANES half-precision values.
    ///
    /// # Safety
    /// The processor has the module's features; `src` is valid for reads of 2 * LANES bytes.
    unsafe fn load_f16(src: *const u8) -> Self;
    /// Reads LANES bfloat16 values.
    ///
    /// # Safety
    /// The processor has the module's features; `src` is valid for reads of 2 * LANES bytes.
    unsafe fn load_bf16(src: *const u8) -> Self;
    /// Reads 32 signed bytes as a block's values.
    ///
    /// # Safety
    /// The processor has the module's features; `src` is valid for reads of 32 bytes.
    unsafe fn load_bytes(src: *const u8) -> Self::Block;
    /// Reads 32 nibbles, 0 to 15, as a block's values: the low nibbles of 16 bytes, then the high ones.
    ///
    /// # Safety
    /// The processor has the module's features; `src` is valid for reads of 16 bytes.
    unsafe fn load_nibbles(src: *const u8) -> Self::Block;

    /// Writes LANES float32 values.
    ///
    /// # Safety
    /// `out` is valid for writes of 4 * LANES bytes.
    unsafe fn store_f32(self, out: *mut u8);
    /// Writes LANES half-precision values, rounded to nearest even.
    ///
    /// # Safety
    /// `out` is valid for writes of 2 * LANES bytes.
    unsafe fn store_f16(self, out: *mut u8);
    /// Writes a block's values as 32 signed bytes, rounded to nearest with halves away from zero. The values
    /// lie within ±127.5; what is written for others is not specified.
    ///
    /// # Safety
    /// `out` is valid for writes of 32 bytes.
    unsafe fn store_bytes(block: Self::Block, out: *mut u8);
    /// Writes a block's values as 16 bytes of nibbles, truncated to whole numbers of at most 15. The values
    /// lie within 0 and 17; what is written for others is not specified.
    ///
    /// # Safety
    /// `out` is valid for writes of 16 bytes.
    unsafe fn store_nibbles(block: Self::Block, out: *mut u8);

    /// Writes a block's values as 32 bytes, truncated to whole numbers. The values lie within 0 and 255; what is
    /// written for others is not specified.
    ///
    /// # Safety
    /// `out` is valid for writes of 32 bytes.
    unsafe fn store_truncated(block: Self::Block, out: *mut u8);
    /// Writes how far each value of a block, rounded as [`nearest`](super::search::nearest) does whatever it is and
    /// limited to `low..=high`, is above `low`: 32 bytes. `high - low` is at most 127.
    ///
    /// # Safety
    /// `out` is valid for writes of 32 bytes.
    unsafe fn store_nearest(block: Self::Block, low: i32, high: i32, out: *mut u8);

    /// Hints that the cache line at `src` will be read soon. Any address will do.
    #[inline(always)]
    fn prefetch_read(_src: *const u8) {}
    /// Hints that the cache line at `out` will be written soon. Any address will do.
    #[inline(always)]
    fn prefetch_write(_out: *const u8) {}

    /// A block with this register in every place.
    fn to_block(self) -> Self::Block;
    /// A group with this register in every place.
    fn to_group(self) -> Self::Group;

    /// self + other.
    fn add(self, other: Self) -> Self;
    /// self - other.
    fn sub(self, other: Self) -> Self;
    /// self * other.
    fn mul(self, other: Self) -> Self;
    /// self / other, rounded as the scalar division.
    fn div(self, other: Self) -> Self;
    /// The magnitude.
    fn abs(self) -> Self;
    /// The smaller value of each lane. Which of two zeros, and what of a NaN, is not specified.
    fn min(self, other: Self) -> Self;
    /// The larger value of each lane. Which of two zeros, and what of a NaN, is not specified.
    fn max(self, other: Self) -> Self;
    /// The square root, rounded as the scalar one.
    fn sqrt(self) -> Self;
    /// `yes` in the lanes where `a < b`, else `no`. A NaN is not less.
    fn where_less(a: Self, b: Self, yes: Self, no: Self) -> Self;
    /// The larger bit pattern of each lane: among magnitudes, NaN before infinity before numbers.
    fn max_bits(self, other: Self) -> Self;
    /// `low` in the lanes where `-low > self`, else `self`.
    fn or_larger_negative(self, low: Self) -> Self;
    /// A bit for each lane where the two are equal, lane 0 lowest.
    fn equal(self, other: Self) -> u32;
    /// Whether no lane is NaN or infinite.
    fn all_finite(self) -> bool;
    /// Zero in the lanes that are NaN or infinite.
    fn finite_or_zero(self) -> Self;

    /// Lane i becomes the minimum of the i-th register's lanes.
    fn fold_min(group: &Self::Group) -> Self;
    /// Lane i becomes the maximum of the i-th register's lanes.
    fn fold_max(group: &Self::Group) -> Self;
    /// Lane i becomes the sum of the i-th register's lanes, taken in halves: lanes j and j + LANES / 2 first.
    fn fold_sum(group: &Self::Group) -> Self;
    /// Lane i becomes the largest bit pattern of the i-th register's lanes.
    fn fold_max_bits(group: &Self::Group) -> Self;
}

/// Fails to compile where an implementation's constants and types disagree.
#[inline(always)]
pub(super) const fn check_layout<V: Vector>() {
    const {
        assert!(V::LANES <= MAX_LANES && BLOCK.is_multiple_of(V::LANES));
        assert!(size_of::<V>() == 4 * V::LANES);
        assert!(size_of::<V::Block>() == 4 * BLOCK);
        assert!(size_of::<V::Group>() == 4 * V::LANES * V::LANES);
    }
}

/// Reads LANES values of a float type.
///
/// # Safety
/// The processor has V's features; `src` is valid for reads of LANES * E::BYTES bytes.
#[inline(always)]
pub(super) unsafe fn load<V: Vector, E: Element>(src: *const u8) -> V {
    // SAFETY: the caller's promise is that of each of the three functions.
    unsafe {
        match E::FLOAT {
            Float::F32 => V::load_f32(src),
            Float::F16 => V::load_f16(src),
            Float::Bf16 => V::load_bf16(src),
        }
    }
}

/// Reads the values of the block with this index.
///
/// # Safety
/// The processor has V's features; `src` holds more than `index` blocks.
#[inline(always)]
pub(super) unsafe fn load_block<V: Vector, E: Element>(src: &[u8], index: usize) -> V::Block {
    check_layout::<V>();
    debug_assert!(src.len() >= (index + 1) * BLOCK * E::BYTES);
    // SAFETY: the block lies within `src`, by the caller's promise. Register i of 32 / LANES covers the
    // values from i * LANES on, so the last one ends with the block.
    unsafe {
        let src = src.as_ptr().add(index * BLOCK * E::BYTES);
        let mut block = V::splat(0.0).to_block();
        for (i, register) in block.as_mut().iter_mut().enumerate() {
            *register = load::<V, E>(src.add(i * V::LANES * E::BYTES));
        }
        block
    }
}

/// Lanes of the widest vector.
pub(super) const MAX_LANES: usize = 16;

/// One number for each lane, with room for the widest vector.
pub(super) type Lanes<T> = [T; MAX_LANES];

/// The lanes of a register.
#[inline(always)]
pub(super) fn lanes<V: Vector>(v: V) -> Lanes<f32> {
    check_layout::<V>();
    let mut out = [0.0; MAX_LANES];
    // SAFETY: LANES is at most MAX_LANES.
    unsafe { v.store_f32(out.as_mut_ptr().cast()) };
    out
}

/// The lanes of a register in half precision, as bytes in file order.
#[inline(always)]
pub(super) fn half_lanes<V: Vector>(v: V) -> Lanes<[u8; 2]> {
    check_layout::<V>();
    let mut out = [[0; 2]; MAX_LANES];
    // SAFETY: LANES is at most MAX_LANES.
    unsafe { v.store_f16(out.as_mut_ptr().cast()) };
    out
}
