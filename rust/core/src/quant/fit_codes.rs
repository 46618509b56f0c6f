//! How the codes of formats that are fitted lie in a block, written over [`Vector`].

use super::block::{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use super::fit::Fit;
use super::fit_lanes::plus;
use super::quantize::store_five_bits;
use super::scalar::join_codes;
use super::vector::Vector;

/// How codes lie behind a block's scale (and minimum).
pub(super) trait FitLanes: Fit {
    /// Reads the codes.
    ///
    /// # Safety
    /// The processor has V's features; `codes` is valid for reads of what a block has behind its scale.
    unsafe fn load<V: Vector>(codes: *const u8) -> V::Block;
    /// Writes the codes.
    ///
    /// # Safety
    /// The processor has V's features; `out` is valid for writes of what a block has behind its scale.
    unsafe fn store<V: Vector>(codes: V::Block, out: *mut u8);
}

impl FitLanes for Q8_0 {
    #[inline(always)]
    unsafe fn load<V: Vector>(codes: *const u8) -> V::Block {
        // SAFETY: 32 bytes, by the caller's promise.
        unsafe { V::load_bytes(codes) }
    }
    #[inline(always)]
    unsafe fn store<V: Vector>(codes: V::Block, out: *mut u8) {
        // SAFETY: 32 bytes, by the caller's promise.
        unsafe { V::store_bytes(codes, out) }
    }
}

impl FitLanes for Q4_0 {
    #[inline(always)]
    unsafe fn load<V: Vector>(codes: *const u8) -> V::Block {
        // SAFETY: the features and 16 bytes, by the caller's promise.
        unsafe { plus::<V>(V::load_nibbles(codes), V::splat(-8.0)) }
    }
    #[inline(always)]
    unsafe fn store<V: Vector>(codes: V::Block, out: *mut u8) {
        // SAFETY: the features and 16 bytes, by the caller's promise.
        unsafe {
            V::store_nibbles(plus::<V>(codes, V::splat(8.0)), out);
        }
    }
}

impl FitLanes for Q4_1 {
    #[inline(always)]
    unsafe fn load<V: Vector>(codes: *const u8) -> V::Block {
        // SAFETY: 16 bytes, by the caller's promise.
        unsafe { V::load_nibbles(codes) }
    }
    #[inline(always)]
    unsafe fn store<V: Vector>(codes: V::Block, out: *mut u8) {
        // SAFETY: 16 bytes, by the caller's promise.
        unsafe { V::store_nibbles(codes, out) }
    }
}

impl FitLanes for Q5_0 {
    #[inline(always)]
    unsafe fn load<V: Vector>(codes: *const u8) -> V::Block {
        // SAFETY: the features and 20 bytes, by the caller's promise.
        unsafe { plus::<V>(load_five_bits::<V>(codes), V::splat(-16.0)) }
    }
    #[inline(always)]
    unsafe fn store<V: Vector>(codes: V::Block, out: *mut u8) {
        // SAFETY: the features and 20 bytes, by the caller's promise.
        unsafe {
            store_five_bits::<V>(plus::<V>(codes, V::splat(16.0)), out);
        }
    }
}

impl FitLanes for Q5_1 {
    #[inline(always)]
    unsafe fn load<V: Vector>(codes: *const u8) -> V::Block {
        // SAFETY: 20 bytes, by the caller's promise.
        unsafe { load_five_bits::<V>(codes) }
    }
    #[inline(always)]
    unsafe fn store<V: Vector>(codes: V::Block, out: *mut u8) {
        // SAFETY: 20 bytes, by the caller's promise.
        unsafe { store_five_bits::<V>(codes, out) }
    }
}

/// Reads what [`store_five_bits`] wrote.
///
/// # Safety
/// The processor has V's features; `src` is valid for reads of 20 bytes.
#[inline(always)]
unsafe fn load_five_bits<V: Vector>(src: *const u8) -> V::Block {
    // SAFETY: the features and 20 bytes, by the caller's promise; `codes` has 32 bytes.
    unsafe {
        let (high, low) =
            (src.cast::<[u8; 4]>().read_unaligned(), src.add(4).cast::<[u8; 16]>().read_unaligned());
        let codes = join_codes(high, &low);
        V::load_bytes(codes.as_ptr())
    }
}
