//! Eight lanes: AVX2 with the half-precision conversions of F16C.
#![allow(unsafe_op_in_unsafe_fn)] // each function is a few intrinsics under `Vector`'s own conditions

use std::arch::x86_64::*;

use super::kernels::kernels;
use super::vector::Vector;

#[derive(Clone, Copy)]
struct V(__m256);

kernels!("avx2,f16c", V);

/// Eight registers to one, lane i from register i.
macro_rules! fold {
    ($group:expr, $op:path) => {{
        let g = $group;
        let mut pairs = [g[0].0; 4];
        for i in 0..4 {
            let (a, b) = (g[2 * i].0, g[2 * i + 1].0);
            pairs[i] = $op(_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
        }
        let mut fours = [g[0].0; 2];
        for i in 0..2 {
            let (a, b) = (_mm256_castps_pd(pairs[2 * i]), _mm256_castps_pd(pairs[2 * i + 1]));
            let (low, high) = (_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b));
            fours[i] = $op(_mm256_castpd_ps(low), _mm256_castpd_ps(high));
        }
        let low = _mm256_permute2f128_ps::<0x20>(fours[0], fours[1]);
        let high = _mm256_permute2f128_ps::<0x31>(fours[0], fours[1]);
        V($op(low, high))
    }};
}

#[inline(always)]
unsafe fn max_bits(a: __m256, b: __m256) -> __m256 {
    _mm256_castsi256_ps(_mm256_max_epu32(_mm256_castps_si256(a), _mm256_castps_si256(b)))
}

// SAFETY: LANES, Block and Group agree; the functions do what the trait says.
unsafe impl Vector for V {
    const LANES: usize = 8;
    type Block = [V; 4];
    type Group = [V; 8];

    #[inline(always)]
    unsafe fn splat(x: f32) -> V {
        V(_mm256_set1_ps(x))
    }
    #[inline(always)]
    unsafe fn splat_block(x: f32) -> [V; 4] {
        [V::splat(x); 4]
    }
    #[inline(always)]
    unsafe fn splat_group(x: f32) -> [V; 8] {
        [V::splat(x); 8]
    }
    #[inline(always)]
    unsafe fn load_f32(src: *const u8) -> V {
        V(_mm256_loadu_ps(src.cast()))
    }
    #[inline(always)]
    unsafe fn load_f16(src: *const u8) -> V {
        V(_mm256_cvtph_ps(_mm_loadu_si128(src.cast())))
    }
    #[inline(always)]
    unsafe fn load_bf16(src: *const u8) -> V {
        let wide = _mm256_cvtepu16_epi32(_mm_loadu_si128(src.cast()));
        V(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(wide)))
    }
    #[inline(always)]
    unsafe fn store_f32(self, out: *mut u8) {
        _mm256_storeu_ps(out.cast(), self.0)
    }
    #[inline(always)]
    unsafe fn store_f16(self, out: *mut u8) {
        _mm_storeu_si128(out.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0))
    }

    #[inline(always)]
    fn prefetch(src: *const u8) {
        // SAFETY: a hint; it reads nothing and any address will do.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(src.cast()) }
    }
    #[inline(always)]
    fn prefetch_write(out: *const u8) {
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(out.cast()) }
    }

    #[inline(always)]
    unsafe fn add(self, other: V) -> V {
        V(_mm256_add_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn sub(self, other: V) -> V {
        V(_mm256_sub_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn mul(self, other: V) -> V {
        V(_mm256_mul_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn div(self, other: V) -> V {
        V(_mm256_div_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn abs(self) -> V {
        V(_mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0))
    }
    #[inline(always)]
    unsafe fn min(self, other: V) -> V {
        V(_mm256_min_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn max(self, other: V) -> V {
        V(_mm256_max_ps(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn max_bits(self, other: V) -> V {
        V(max_bits(self.0, other.0))
    }
    #[inline(always)]
    unsafe fn or_larger_negative(self, low: V) -> V {
        let flipped = _mm256_xor_ps(_mm256_set1_ps(-0.0), low.0);
        V(_mm256_blendv_ps(self.0, low.0, _mm256_cmp_ps::<_CMP_GT_OQ>(flipped, self.0)))
    }
    #[inline(always)]
    unsafe fn equal(self, other: V) -> u32 {
        _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0)) as u32
    }
    #[inline(always)]
    unsafe fn all_finite(self) -> bool {
        let finite = _mm256_cmp_ps::<_CMP_LT_OQ>(self.abs().0, _mm256_set1_ps(f32::INFINITY));
        _mm256_movemask_ps(finite) == 0xFF
    }
    #[inline(always)]
    unsafe fn finite_or_zero(self) -> V {
        let finite = _mm256_cmp_ps::<_CMP_LT_OQ>(self.abs().0, _mm256_set1_ps(f32::INFINITY));
        V(_mm256_and_ps(self.0, finite))
    }

    #[inline(always)]
    unsafe fn fold_min(group: &[V; 8]) -> V {
        fold!(group, _mm256_min_ps)
    }
    #[inline(always)]
    unsafe fn fold_max(group: &[V; 8]) -> V {
        fold!(group, _mm256_max_ps)
    }
    #[inline(always)]
    unsafe fn fold_max_bits(group: &[V; 8]) -> V {
        fold!(group, max_bits)
    }

    #[inline(always)]
    unsafe fn store_bytes(block: [V; 4], out: *mut u8) {
        let mut codes = [_mm256_setzero_si256(); 4];
        for i in 0..4 {
            // Just below a half, with the value's sign: cut off after, halves go away from zero and
            // nothing below a half is carried over.
            let sign = _mm256_and_ps(block[i].0, _mm256_set1_ps(-0.0));
            let half = _mm256_or_ps(sign, _mm256_set1_ps(0.5f32.next_down()));
            codes[i] = _mm256_cvttps_epi32(_mm256_add_ps(block[i].0, half));
        }
        let (a, b) = (_mm256_packs_epi32(codes[0], codes[1]), _mm256_packs_epi32(codes[2], codes[3]));
        // Packing works within halves of the register: put the fours of bytes in order.
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), order);
        _mm256_storeu_si256(out.cast(), bytes)
    }
    #[inline(always)]
    unsafe fn store_nibbles(block: [V; 4], out: *mut u8) {
        let most = _mm256_set1_epi32(15);
        let mut pairs = [_mm256_setzero_si256(); 2];
        for i in 0..2 {
            let low = _mm256_min_epi32(_mm256_cvttps_epi32(block[i].0), most);
            let high = _mm256_min_epi32(_mm256_cvttps_epi32(block[i + 2].0), most);
            pairs[i] = _mm256_or_si256(low, _mm256_slli_epi32::<4>(high));
        }
        let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packus_epi32(pairs[0], pairs[1]));
        let bytes = _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
        _mm_storeu_si128(out.cast(), bytes)
    }
    #[inline(always)]
    unsafe fn load_bytes(src: *const u8) -> [V; 4] {
        let mut block = V::splat_block(0.0);
        for (i, v) in block.iter_mut().enumerate() {
            let codes = _mm256_cvtepi8_epi32(_mm_loadl_epi64(src.add(8 * i).cast()));
            *v = V(_mm256_cvtepi32_ps(codes));
        }
        block
    }
    #[inline(always)]
    unsafe fn load_nibbles(src: *const u8) -> [V; 4] {
        let mut block = V::splat_block(0.0);
        for i in 0..2 {
            let codes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(src.add(8 * i).cast()));
            block[i] = V(_mm256_cvtepi32_ps(_mm256_and_si256(codes, _mm256_set1_epi32(15))));
            block[i + 2] = V(_mm256_cvtepi32_ps(_mm256_srli_epi32::<4>(codes)));
        }
        block
    }
}
