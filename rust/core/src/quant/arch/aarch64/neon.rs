//! NEON, which every aarch64 processor has: four lanes.

use std::arch::aarch64::*;
use std::arch::asm;

use super::helpers::{finite_mask, halves_added, max_bits, narrow, pairwise_max_bits, widen};
use crate::quant::arch::functions::{functions, lanewise};
use crate::quant::vector::Vector;

/// A register. It exists only where the processor has NEON, since the unsafe functions of [`Vector`] alone make
/// one from something that is none.
#[derive(Clone, Copy)]
struct V(float32x4_t);

functions!("neon", V);

/// Four registers to one: lane i is register i, reduced with `$pairwise`. The caller guarantees NEON.
macro_rules! fold {
    ($group:expr, $pairwise:path) => {{
        let g = $group;
        V($pairwise($pairwise(g[0].0, g[1].0), $pairwise(g[2].0, g[3].0)))
    }};
}

// SAFETY: a float32x4_t has 4 lanes, and 8 registers are 32 values. Only the unsafe constructors make a V from
// anything but a V. The loads and stores of bytes name their width: `vld1q`/`vst1q` 16 (4 f32, 16 codes or 32
// nibbles) and `vld1`/`vst1` 8 (4 halves); all of them take any alignment. `equal` adds up the bits 1, 2, 4 and
// 8 of the lanes that are equal.
unsafe impl Vector for V {
    const LANES: usize = 4;
    type Block = [V; 8];
    type Group = [V; 4];

    #[inline(always)]
    unsafe fn splat(x: f32) -> V {
        // SAFETY: NEON, by the caller's promise.
        V(unsafe { vdupq_n_f32(x) })
    }
    #[inline(always)]
    unsafe fn load_f32(src: *const u8) -> V {
        // SAFETY: NEON and 16 readable bytes, by the caller's promise.
        V(unsafe { vreinterpretq_f32_u8(vld1q_u8(src)) })
    }
    #[inline(always)]
    unsafe fn load_f16(src: *const u8) -> V {
        // SAFETY: NEON and 8 readable bytes, by the caller's promise. The instruction, for which the intrinsic
        // needs a newer compiler than this crate asks for, only converts one register to another.
        unsafe {
            let halves = vreinterpret_u16_u8(vld1_u8(src));
            let out: float32x4_t;
            asm!("fcvtl {0:v}.4s, {1:v}.4h", out(vreg) out, in(vreg) halves, options(pure, nomem, nostack));
            V(out)
        }
    }
    #[inline(always)]
    unsafe fn load_bf16(src: *const u8) -> V {
        // SAFETY: NEON and 8 readable bytes, by the caller's promise.
        unsafe {
            let halves = vreinterpret_u16_u8(vld1_u8(src));
            V(vreinterpretq_f32_u32(vshll_n_u16::<16>(halves)))
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(src: *const u8) -> [V; 8] {
        // SAFETY: NEON and 32 readable bytes, by the caller's promise: 2 times 16.
        unsafe {
            let mut block = V::splat(0.0).to_block();
            for i in 0..2 {
                let bytes = vld1q_s8(src.add(16 * i).cast());
                let (low, high) = (vmovl_s8(vget_low_s8(bytes)), vmovl_s8(vget_high_s8(bytes)));
                block[4 * i] = V(vcvtq_f32_s32(vmovl_s16(vget_low_s16(low))));
                block[4 * i + 1] = V(vcvtq_f32_s32(vmovl_s16(vget_high_s16(low))));
                block[4 * i + 2] = V(vcvtq_f32_s32(vmovl_s16(vget_low_s16(high))));
                block[4 * i + 3] = V(vcvtq_f32_s32(vmovl_s16(vget_high_s16(high))));
            }
            block
        }
    }
    #[inline(always)]
    unsafe fn load_nibbles(src: *const u8) -> [V; 8] {
        // SAFETY: NEON and 16 readable bytes, by the caller's promise.
        unsafe {
            let bytes = vld1q_u8(src);
            let (low, high) = (widen(vandq_u8(bytes, vdupq_n_u8(15))), widen(vshrq_n_u8::<4>(bytes)));
            let mut block = V::splat(0.0).to_block();
            for i in 0..4 {
                block[i] = V(vcvtq_f32_u32(low[i]));
                block[i + 4] = V(vcvtq_f32_u32(high[i]));
            }
            block
        }
    }

    #[inline(always)]
    unsafe fn store_f32(self, out: *mut u8) {
        // SAFETY: 16 writable bytes, by the caller's promise.
        unsafe { vst1q_u8(out, vreinterpretq_u8_f32(self.0)) }
    }
    #[inline(always)]
    unsafe fn store_f16(self, out: *mut u8) {
        // SAFETY: 8 writable bytes, by the caller's promise; the instruction is as in `load_f16`.
        unsafe {
            let halves: uint16x4_t;
            asm!("fcvtn {0:v}.4h, {1:v}.4s", out(vreg) halves, in(vreg) self.0, options(pure, nomem, nostack));
            vst1_u8(out, vreinterpret_u8_u16(halves))
        }
    }
    #[inline(always)]
    unsafe fn store_bytes(block: [V; 8], out: *mut u8) {
        // SAFETY: a value exists, so the processor has NEON; 32 writable bytes, by the caller's promise.
        unsafe {
            for i in 0..2 {
                let mut codes = [vdupq_n_u32(0); 4];
                for (code, v) in codes.iter_mut().zip(&block[4 * i..]) {
                    // Rounds to nearest, halves away from zero.
                    *code = vreinterpretq_u32_s32(vcvtaq_s32_f32(v.0));
                }
                vst1q_u8(out.add(16 * i), narrow(codes));
            }
        }
    }
    #[inline(always)]
    unsafe fn store_nibbles(block: [V; 8], out: *mut u8) {
        // SAFETY: a value exists, so the processor has NEON; 16 writable bytes, by the caller's promise.
        unsafe {
            let largest = vdupq_n_u32(15);
            let mut pairs = [largest; 4];
            for i in 0..4 {
                let low = vminq_u32(vcvtq_u32_f32(block[i].0), largest);
                let high = vminq_u32(vcvtq_u32_f32(block[i + 4].0), largest);
                pairs[i] = vsliq_n_u32::<4>(low, high);
            }
            vst1q_u8(out, narrow(pairs))
        }
    }

    #[inline(always)]
    unsafe fn store_truncated(block: [V; 8], out: *mut u8) {
        // SAFETY: a value exists, so the processor has NEON; 32 writable bytes, by the caller's promise.
        unsafe {
            let mut codes = [vdupq_n_u32(0); 8];
            for i in 0..8 {
                codes[i] = vcvtq_u32_f32(block[i].0);
            }
            vst1q_u8(out, narrow([codes[0], codes[1], codes[2], codes[3]]));
            vst1q_u8(out.add(16), narrow([codes[4], codes[5], codes[6], codes[7]]));
        }
    }
    #[inline(always)]
    unsafe fn store_nearest(block: [V; 8], low: i32, high: i32, out: *mut u8) {
        // SAFETY: a value exists, so the processor has NEON; 32 writable bytes, by the caller's promise.
        unsafe {
            let (low, high) = (vdupq_n_s32(low), vdupq_n_s32(high));
            let mut codes = [vdupq_n_u32(0); 8];
            for i in 0..8 {
                let bits = vreinterpretq_s32_f32(vaddq_f32(block[i].0, vdupq_n_f32(12_582_912.0)));
                let mantissa = vandq_s32(bits, vdupq_n_s32(0x007F_FFFF));
                let nearest = vsubq_s32(mantissa, vdupq_n_s32(0x0040_0000));
                let limited = vminq_s32(vmaxq_s32(nearest, low), high);
                codes[i] = vreinterpretq_u32_s32(vsubq_s32(limited, low));
            }
            vst1q_u8(out, narrow([codes[0], codes[1], codes[2], codes[3]]));
            vst1q_u8(out.add(16), narrow([codes[4], codes[5], codes[6], codes[7]]));
        }
    }

    #[inline(always)]
    fn to_block(self) -> [V; 8] {
        [self; 8]
    }
    #[inline(always)]
    fn to_group(self) -> [V; 4] {
        [self; 4]
    }

    lanewise! {
        add(self, other) = vaddq_f32;
        sub(self, other) = vsubq_f32;
        mul(self, other) = vmulq_f32;
        div(self, other) = vdivq_f32;
        min(self, other) = vminq_f32;
        max(self, other) = vmaxq_f32;
        max_bits(self, other) = max_bits;
        abs(self) = vabsq_f32;
        sqrt(self) = vsqrtq_f32;
    }

    #[inline(always)]
    fn where_less(a: V, b: V, yes: V, no: V) -> V {
        // SAFETY: a value exists, so the processor has NEON.
        V(unsafe { vbslq_f32(vcltq_f32(a.0, b.0), yes.0, no.0) })
    }

    #[inline(always)]
    fn or_larger_negative(self, low: V) -> V {
        // SAFETY: a value exists, so the processor has NEON.
        V(unsafe { vbslq_f32(vcgtq_f32(vnegq_f32(low.0), self.0), low.0, self.0) })
    }
    #[inline(always)]
    fn equal(self, other: V) -> u32 {
        // SAFETY: a value exists, so the processor has NEON; the array has the 16 bytes that are read.
        unsafe {
            let bits = vld1q_u32([1, 2, 4, 8].as_ptr());
            vaddvq_u32(vandq_u32(vceqq_f32(self.0, other.0), bits))
        }
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        // SAFETY: a value exists, so the processor has NEON.
        unsafe { vminvq_u32(finite_mask(self.0)) != 0 }
    }
    #[inline(always)]
    fn finite_or_zero(self) -> V {
        // SAFETY: a value exists, so the processor has NEON.
        V(unsafe { vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(self.0), finite_mask(self.0))) })
    }

    #[inline(always)]
    fn fold_min(group: &[V; 4]) -> V {
        // SAFETY: a value exists, so the processor has NEON.
        unsafe { fold!(group, vpminq_f32) }
    }
    #[inline(always)]
    fn fold_max(group: &[V; 4]) -> V {
        // SAFETY: a value exists, so the processor has NEON.
        unsafe { fold!(group, vpmaxq_f32) }
    }
    #[inline(always)]
    fn fold_sum(g: &[V; 4]) -> V {
        // SAFETY: a value exists, so the processor has NEON.
        unsafe {
            let a = halves_added(g[0].0, g[1].0);
            let b = halves_added(g[2].0, g[3].0);
            V(vpaddq_f32(a, b))
        }
    }
    #[inline(always)]
    fn fold_max_bits(group: &[V; 4]) -> V {
        // SAFETY: a value exists, so the processor has NEON.
        unsafe { fold!(group, pairwise_max_bits) }
    }
}
