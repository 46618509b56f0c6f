//! Instructions of NEON put together, as the kernels need them.

use std::arch::aarch64::*;

/// The larger bit pattern of each lane.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
pub(super) unsafe fn max_bits(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    // SAFETY: NEON, by the caller's promise.
    unsafe { vreinterpretq_f32_u32(vmaxq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(b))) }
}

/// The larger bit pattern of each pair of neighbouring lanes.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
pub(super) unsafe fn pairwise_max_bits(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    // SAFETY: NEON, by the caller's promise.
    unsafe { vreinterpretq_f32_u32(vpmaxq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(b))) }
}

/// Lanes 0 and 1 of each, plus lanes 2 and 3.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
pub(super) unsafe fn halves_added(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    // SAFETY: NEON, by the caller's promise.
    unsafe {
        let low = vcombine_f32(vget_low_f32(a), vget_low_f32(b));
        let high = vcombine_f32(vget_high_f32(a), vget_high_f32(b));
        vaddq_f32(low, high)
    }
}

/// All bits set in the lanes that are finite.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
pub(super) unsafe fn finite_mask(v: float32x4_t) -> uint32x4_t {
    // SAFETY: NEON, by the caller's promise.
    unsafe { vcltq_f32(vabsq_f32(v), vdupq_n_f32(f32::INFINITY)) }
}

/// The low bytes of sixteen words.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
pub(super) unsafe fn narrow(words: [uint32x4_t; 4]) -> uint8x16_t {
    // SAFETY: NEON, by the caller's promise.
    unsafe {
        let low = vcombine_u16(vmovn_u32(words[0]), vmovn_u32(words[1]));
        let high = vcombine_u16(vmovn_u32(words[2]), vmovn_u32(words[3]));
        vcombine_u8(vmovn_u16(low), vmovn_u16(high))
    }
}

/// Sixteen bytes as words.
///
/// # Safety
/// The processor has NEON.
#[inline(always)]
pub(super) unsafe fn widen(bytes: uint8x16_t) -> [uint32x4_t; 4] {
    // SAFETY: NEON, by the caller's promise.
    unsafe {
        let (low, high) = (vmovl_u8(vget_low_u8(bytes)), vmovl_u8(vget_high_u8(bytes)));
        [
            vmovl_u16(vget_low_u16(low)),
            vmovl_u16(vget_high_u16(low)),
            vmovl_u16(vget_low_u16(high)),
            vmovl_u16(vget_high_u16(high)),
        ]
    }
}
