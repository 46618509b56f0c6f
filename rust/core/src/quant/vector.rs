//! The small vector that the kernels are written over, and what all of them do with it.

use super::scalar::{Element, Kind};

/// One register of float32 lanes, as many as blocks in a group.
///
/// # Safety
/// Every function needs the processor features of the module that implements it; those that take a
/// pointer need it valid for the bytes said. Pointers need no alignment.
pub(crate) unsafe trait Vector: Copy {
    const LANES: usize;
    /// `[Self; 32 / LANES]`, a block's values.
    type Block: Copy + AsRef<[Self]> + AsMut<[Self]>;
    /// `[Self; LANES]`, one register for each block of a group.
    type Group: Copy + AsRef<[Self]> + AsMut<[Self]>;

    unsafe fn splat(x: f32) -> Self;
    unsafe fn splat_block(x: f32) -> Self::Block;
    unsafe fn splat_group(x: f32) -> Self::Group;
    /// Reads LANES values.
    unsafe fn load_f32(src: *const u8) -> Self;
    unsafe fn load_f16(src: *const u8) -> Self;
    unsafe fn load_bf16(src: *const u8) -> Self;
    /// Writes LANES values.
    unsafe fn store_f32(self, out: *mut u8);
    /// Writes LANES values, rounded to nearest even.
    unsafe fn store_f16(self, out: *mut u8);

    /// Says that an address will be read, or written, soon. It may lie beyond the memory in hand.
    #[inline(always)]
    fn prefetch(_src: *const u8) {}
    #[inline(always)]
    fn prefetch_write(_out: *const u8) {}

    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    unsafe fn abs(self) -> Self;
    /// Of finite values; which of two zeros is left open.
    unsafe fn min(self, other: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    /// The larger bit pattern: of absolute values, a NaN wins over infinity over the rest.
    unsafe fn max_bits(self, other: Self) -> Self;
    /// `low` where `-low > self`, else `self`.
    unsafe fn or_larger_negative(self, low: Self) -> Self;
    /// A bit for each lane where the two are equal.
    unsafe fn equal(self, other: Self) -> u32;
    unsafe fn all_finite(self) -> bool;
    /// Zero in the lanes that are not finite.
    unsafe fn finite_or_zero(self) -> Self;

    /// Lane i becomes the minimum (maximum) of the i-th register's lanes.
    unsafe fn fold_min(group: &Self::Group) -> Self;
    unsafe fn fold_max(group: &Self::Group) -> Self;
    unsafe fn fold_max_bits(group: &Self::Group) -> Self;

    /// Writes 32 signed bytes, rounded half away from zero; values are within ±127.5.
    unsafe fn store_bytes(block: Self::Block, out: *mut u8);
    /// Writes 16 bytes of nibbles, cut off below the point and at 15; values are within 0 and 17.
    unsafe fn store_nibbles(block: Self::Block, out: *mut u8);
    /// Reads 32 signed bytes.
    unsafe fn load_bytes(src: *const u8) -> Self::Block;
    /// Reads 16 bytes of nibbles, 0 to 15.
    unsafe fn load_nibbles(src: *const u8) -> Self::Block;
}

/// LANES values of a source type.
///
/// # Safety
/// As for `Vector`: `src` is valid for LANES * E::BYTES bytes.
#[inline(always)]
pub(super) unsafe fn load<V: Vector, E: Element>(src: *const u8) -> V {
    // SAFETY: passed on.
    unsafe {
        match E::KIND {
            Kind::F32 => V::load_f32(src),
            Kind::F16 => V::load_f16(src),
            Kind::BF16 => V::load_bf16(src),
        }
    }
}

/// A block's values.
///
/// # Safety
/// `src` is valid for 32 * E::BYTES bytes.
#[inline(always)]
pub(super) unsafe fn load_block<V: Vector, E: Element>(src: *const u8) -> V::Block {
    // SAFETY: register i covers values i * LANES up to (i + 1) * LANES, below 32 in all.
    unsafe {
        let mut block = V::splat_block(0.0);
        for (i, v) in block.as_mut().iter_mut().enumerate() {
            *v = load::<V, E>(src.add(i * V::LANES * E::BYTES));
        }
        block
    }
}

/// As many lanes as the widest vector has.
pub(super) type Lanes<T> = [T; 16];

/// # Safety
/// The features of V.
#[inline(always)]
pub(super) unsafe fn lanes<V: Vector>(v: V) -> Lanes<f32> {
    let mut out = [0.0; 16];
    // SAFETY: 16 values are room for LANES.
    unsafe { v.store_f32(out.as_mut_ptr().cast()) };
    out
}

/// Half-precision bytes in file order.
///
/// # Safety
/// The features of V.
#[inline(always)]
pub(super) unsafe fn halves<V: Vector>(v: V) -> Lanes<[u8; 2]> {
    let mut out = [[0; 2]; 16];
    // SAFETY: 16 values are room for LANES.
    unsafe { v.store_f16(out.as_mut_ptr().cast()) };
    out
}
