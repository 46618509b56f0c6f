//! Dequantization of formats whose codes are first unpacked to bytes, written over [`Vector`].

use super::block::{BLOCK, Q5_0, Q5_1};
use super::element::half_value;
use super::k_scalar::SuperBlock;
use super::rows::Block;
use super::scalar::join_codes;
use super::super_block::{SIXTEEN, SUPER};
use super::vector::{check_layout, Vector};

/// Dequantizes a whole number of blocks of a K format.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn super_blocks<V: Vector, B: SuperBlock>(src: &[u8], out: &mut [f32]) {
    check_layout::<V>();
    let mut codes = [0; SUPER];
    for (block, out) in src.chunks_exact(B::FORMAT.block_bytes()).zip(out.chunks_exact_mut(SUPER)) {
        B::read_codes(block, &mut codes);
        // SAFETY: the features, by the caller's promise. `codes` and `out` have SUPER values, of which those of
        // register i of a block of 32 lie within the 32.
        unsafe {
            let offset = V::splat(B::OFFSET.into());
            for first in (0..SUPER).step_by(BLOCK) {
                let mut values = V::load_bytes(codes.as_ptr().add(first));
                for (i, v) in values.as_mut().iter_mut().enumerate() {
                    let (scale, min) = B::sixteen(block, (first + i * V::LANES) / SIXTEEN);
                    let product = v.add(offset).mul(V::splat(scale));
                    *v = if B::HAS_MIN { product.sub(V::splat(min)) } else { product };
                    v.store_f32(out.as_mut_ptr().add(first + i * V::LANES).cast());
                }
            }
        }
    }
}

/// Dequantizes a whole number of Q5_0 blocks.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn q5_0<V: Vector>(src: &[u8], out: &mut [f32]) {
    for (block, out) in src.chunks_exact(Q5_0::BYTES).zip(out.chunks_exact_mut(BLOCK)) {
        let block = Q5_0::from_bytes(block);
        // SAFETY: the features, by the caller's promise; `out` has 32 values.
        unsafe {
            let (zero, scale) = (V::splat(16.0), V::splat(half_value(block.d)));
            store::<V>(join_codes(block.qh, &block.qs), out, |v| v.sub(zero).mul(scale));
        }
    }
}

/// Dequantizes a whole number of Q5_1 blocks.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn q5_1<V: Vector>(src: &[u8], out: &mut [f32]) {
    for (block, out) in src.chunks_exact(Q5_1::BYTES).zip(out.chunks_exact_mut(BLOCK)) {
        let block = Q5_1::from_bytes(block);
        // SAFETY: the features, by the caller's promise; `out` has 32 values.
        unsafe {
            let (scale, min) = (V::splat(half_value(block.d)), V::splat(half_value(block.m)));
            store::<V>(join_codes(block.qh, &block.qs), out, |v| v.mul(scale).add(min));
        }
    }
}

/// Writes the values of codes.
///
/// # Safety
/// The processor has V's features; `out` has 32 values.
#[inline(always)]
unsafe fn store<V: Vector>(codes: [u8; BLOCK], out: &mut [f32], value: impl Fn(V) -> V) {
    check_layout::<V>();
    debug_assert_eq!(out.len(), BLOCK);
    // SAFETY: the caller's promise; register i of the block lies within the 32 values.
    unsafe {
        for (i, v) in V::load_bytes(codes.as_ptr()).as_ref().iter().enumerate() {
            value(*v).store_f32(out.as_mut_ptr().add(i * V::LANES).cast());
        }
    }
}
