//! Four lanes: NEON, which every aarch64 processor has.
#![allow(unsafe_op_in_unsafe_fn)] // each function is a few intrinsics under `Vector`'s own conditions

use std::arch::aarch64::*;
use std::arch::asm;

use super::kernels::kernels;
use super::vector::Vector;

#[derive(Clone, Copy)]
struct V(float32x4_t);

kernels!("neon", V);

/// Four registers to one, lane i from register i.
macro_rules! fold {
    ($group:expr, $pairs:path) => {{
        let g = $group;
        $pairs($pairs(g[0].0, g[1].0), $pairs(g[2].0, g[3].0))
    }};
}

#[inline(always)]
unsafe fn pair_bits(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    vreinterpretq_f32_u32(vpmaxq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(b)))
}

/// All ones in the lanes that are finite.
#[inline(always)]
unsafe fn finite(v: float32x4_t) -> uint32x4_t {
    vcltq_f32(vabsq_f32(v), vdupq_n_f32(f32::INFINITY))
}

/// The low bytes of sixteen words.
#[inline(always)]
unsafe fn narrow(words: [uint32x4_t; 4]) -> uint8x16_t {
    let low = vcombine_u16(vmovn_u32(words[0]), vmovn_u32(words[1]));
    let high = vcombine_u16(vmovn_u32(words[2]), vmovn_u32(words[3]));
    vcombine_u8(vmovn_u16(low), vmovn_u16(high))
}

/// Sixteen bytes as words.
#[inline(always)]
unsafe fn widen(bytes: uint8x16_t) -> [uint32x4_t; 4] {
    let (low, high) = (vmovl_u8(vget_low_u8(bytes)), vmovl_u8(vget_high_u8(bytes)));
    [
        vmovl_u16(vget_low_u16(low)),
        vmovl_u16(vget_high_u16(low)),
        vmovl_u16(vget_low_u16(high)),
        vmovl_u16(vget_high_u16(high)),
    ]
}

// SAFETY: LANES, Block and Group agree; the functions do what the trait says.
unsafe impl Vector for V {
    const LANES: usize = 4;
    type Block = [V; 8];
    type Group = [V; 4];

    #[inline(always)]
    unsafe fn splat(x: f32) -> V {
        V(vdupq_n_f32(x))
    }
    #[inline(always)]
    unsafe fn splat_block(x: f32) -> [V; 8] {
        [V::splat(x); 8]
    }
    #[inline(always)]
    unsafe fn splat_group(x: f32) -> [V; 4] {
        [V::splat(x); 4]
    }
    #[inline(always)]
    unsafe fn load_f32(src: *const u8) -> V {
        V(vreinterpretq_f32_u8(vld1q_u8(src)))
    }
    #[inline(always)]
    unsafe fn load_f16(src: *const u8) -> V {
        // The intrinsic needs a newer compiler than this crate asks for.
        let halves = vreinterpret_u16_u8(vld1_u8(src));
        let out: float32x4_t;
        asm!("fcvtl {0:v}.4s, {1:v}.4h", out(vreg) out, in(vreg) halves, options(pure, nomem, nostack));
        V(out)
    }
    #[inline(always)]
    unsafe fn load_bf16(src: *const u8) -> V {
        let halves = vreinterpret_u16_u8(vld1_u8(src));
        V(vreinterpretq_f32_u32(vshll_n_u16::<16>(halves)))
    }
    #[inline(always)]
    unsafe fn store_f32(self, out: *mut u8) {
        vst1q_u8(out, vreinterpretq_u8_f32(self.0))
    }
    #[inline(always)]
    unsafe fn store_f16(self, out: *mut u8) {
        let halves: uint16x4_t;
        asm!("fcvtn {0:v}.4h, {1:v}.4s", out(vreg) halves, in(vreg) self.0, options(pure, nomem, nostack));
        vst1_u8(out, vreinterpret_u8_u16(halves))
    }

    #[inline(always)]
    unsafe fn add(self, other: V) -> V {
        V(vaddq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: V) -> V {
        V(vsubq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: V) -> V {
        V(vmulq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn div(self, other: V) -> V {
        V(vdivq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn abs(self) -> V {
        V(vabsq_f32(self.0))
    }
    #[inline(always)]
    unsafe fn min(self, other: V) -> V {
        V(vminq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn max(self, other: V) -> V {
        V(vmaxq_f32(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn max_bits(self, other: V) -> V {
        V(vreinterpretq_f32_u32(vmaxq_u32(vreinterpretq_u32_f32(self.0), vreinterpretq_u32_f32(other.0))))
    }
    #[inline(always)]
    unsafe fn or_larger_negative(self, low: V) -> V {
        V(vbslq_f32(vcgtq_f32(vnegq_f32(low.0), self.0), low.0, self.0))
    }
    #[inline(always)]
    unsafe fn equal(self, other: V) -> u32 {
        let bits = vld1q_u32([1, 2, 4, 8].as_ptr());
        vaddvq_u32(vandq_u32(vceqq_f32(self.0, other.0), bits))
    }
    #[inline(always)]
    unsafe fn all_finite(self) -> bool {
        vminvq_u32(finite(self.0)) != 0
    }
    #[inline(always)]
    unsafe fn finite_or_zero(self) -> V {
        V(vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(self.0), finite(self.0))))
    }

    #[inline(always)]
    unsafe fn fold_min(group: &[V; 4]) -> V {
        V(fold!(group, vpminq_f32))
    }
    #[inline(always)]
    unsafe fn fold_max(group: &[V; 4]) -> V {
        V(fold!(group, vpmaxq_f32))
    }
    #[inline(always)]
    unsafe fn fold_max_bits(group: &[V; 4]) -> V {
        V(fold!(group, pair_bits))
    }

    #[inline(always)]
    unsafe fn store_bytes(block: [V; 8], out: *mut u8) {
        for i in 0..2 {
            let mut codes = [vdupq_n_u32(0); 4];
            for (code, v) in codes.iter_mut().zip(&block[4 * i..]) {
                // Rounds to nearest, halves away from zero.
                *code = vreinterpretq_u32_s32(vcvtaq_s32_f32(v.0));
            }
            vst1q_u8(out.add(16 * i), narrow(codes));
        }
    }
    #[inline(always)]
    unsafe fn store_nibbles(block: [V; 8], out: *mut u8) {
        let most = vdupq_n_u32(15);
        let mut pairs = [most; 4];
        for i in 0..4 {
            let low = vminq_u32(vcvtq_u32_f32(block[i].0), most);
            let high = vminq_u32(vcvtq_u32_f32(block[i + 4].0), most);
            pairs[i] = vsliq_n_u32::<4>(low, high);
        }
        vst1q_u8(out, narrow(pairs))
    }
    #[inline(always)]
    unsafe fn load_bytes(src: *const u8) -> [V; 8] {
        let mut block = V::splat_block(0.0);
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
    #[inline(always)]
    unsafe fn load_nibbles(src: *const u8) -> [V; 8] {
        let bytes = vld1q_u8(src);
        let (low, high) = (widen(vandq_u8(bytes, vdupq_n_u8(15))), widen(vshrq_n_u8::<4>(bytes)));
        let mut block = V::splat_block(0.0);
        for i in 0..4 {
            block[i] = V(vcvtq_f32_u32(low[i]));
            block[i + 4] = V(vcvtq_f32_u32(high[i]));
        }
        block
    }
}
