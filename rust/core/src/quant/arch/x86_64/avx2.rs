//! AVX2: eight lanes, with the half-precision conversions of F16C.

use std::arch::x86_64::*;

use crate::quant::arch::functions::{functions, lanewise};
use crate::quant::vector::Vector;

/// A register. It exists only where the processor has AVX2 and F16C, since the unsafe functions of
/// [`Vector`] alone make one from something that is none.
#[derive(Clone, Copy)]
struct V(__m256);

functions!("avx2,f16c", V);

/// Eight registers to one: lane i is register i, reduced with `$op`. The caller guarantees AVX2.
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

/// The larger bit pattern of each lane.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn max_bits(a: __m256, b: __m256) -> __m256 {
    // SAFETY: AVX2, by the caller's promise.
    unsafe { _mm256_castsi256_ps(_mm256_max_epu32(_mm256_castps_si256(a), _mm256_castps_si256(b))) }
}

/// Writes 32 words from -128 to 127 as bytes.
///
/// # Safety
/// The processor has AVX2; `out` is valid for writes of 32 bytes.
#[inline(always)]
unsafe fn store_low_bytes(codes: [__m256i; 4], out: *mut u8) {
    // SAFETY: AVX2 and 32 writable bytes, by the caller's promise.
    unsafe {
        let (a, b) = (_mm256_packs_epi32(codes[0], codes[1]), _mm256_packs_epi32(codes[2], codes[3]));
        // Packing works within halves of the register; this puts the fours of bytes in order.
        let order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
        let bytes = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), order);
        _mm256_storeu_si256(out.cast(), bytes)
    }
}

// SAFETY: a __m256 has 8 lanes of float32, and 4 registers are 32 values. Only the unsafe constructors make a V
// from anything but a V. The loads and stores name their width: `loadu_ps`/`storeu_ps` 32 bytes (8 f32),
// `loadu_si128`/`storeu_si128` 16 bytes (8 halves or 32 nibbles), `storeu_si256` and four `loadl_epi64` of 8
// bytes each 32 bytes (32 codes); all of them take any alignment. `movemask_ps` sets only the low 8 bits.
unsafe impl Vector for V {
    const LANES: usize = 8;
    type Block = [V; 4];
    type Group = [V; 8];

    #[inline(always)]
    unsafe fn splat(x: f32) -> V {
        // SAFETY: the features, by the caller's promise.
        V(unsafe { _mm256_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load_f32(src: *const u8) -> V {
        // SAFETY: the features and 32 readable bytes, by the caller's promise.
        V(unsafe { _mm256_loadu_ps(src.cast()) })
    }
    #[inline(always)]
    unsafe fn load_f16(src: *const u8) -> V {
        // SAFETY: the features and 16 readable bytes, by the caller's promise.
        V(unsafe { _mm256_cvtph_ps(_mm_loadu_si128(src.cast())) })
    }
    #[inline(always)]
    unsafe fn load_bf16(src: *const u8) -> V {
        // SAFETY: the features and 16 readable bytes, by the caller's promise.
        unsafe {
            let words = _mm256_cvtepu16_epi32(_mm_loadu_si128(src.cast()));
            V(_mm256_castsi256_ps(_mm256_slli_epi32::<16>(words)))
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(src: *const u8) -> [V; 4] {
        // SAFETY: the features and 32 readable bytes, by the caller's promise: 4 times 8.
        unsafe {
            let mut block = V::splat(0.0).to_block();
            for (i, v) in block.iter_mut().enumerate() {
                let codes = _mm256_cvtepi8_epi32(_mm_loadl_epi64(src.add(8 * i).cast()));
                *v = V(_mm256_cvtepi32_ps(codes));
            }
            block
        }
    }
    #[inline(always)]
    unsafe fn load_nibbles(src: *const u8) -> [V; 4] {
        // SAFETY: the features and 16 readable bytes, by the caller's promise: 2 times 8.
        unsafe {
            let mut block = V::splat(0.0).to_block();
            for i in 0..2 {
                let codes = _mm256_cvtepu8_epi32(_mm_loadl_epi64(src.add(8 * i).cast()));
                block[i] = V(_mm256_cvtepi32_ps(_mm256_and_si256(codes, _mm256_set1_epi32(15))));
                block[i + 2] = V(_mm256_cvtepi32_ps(_mm256_srli_epi32::<4>(codes)));
            }
            block
        }
    }

    #[inline(always)]
    unsafe fn store_f32(self, out: *mut u8) {
        // SAFETY: 32 writable bytes, by the caller's promise.
        unsafe { _mm256_storeu_ps(out.cast(), self.0) }
    }
    #[inline(always)]
    unsafe fn store_f16(self, out: *mut u8) {
        // SAFETY: 16 writable bytes, by the caller's promise.
        unsafe { _mm_storeu_si128(out.cast(), _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0)) }
    }
    #[inline(always)]
    unsafe fn store_bytes(block: [V; 4], out: *mut u8) {
        // SAFETY: a value exists, so the processor has AVX2; 32 writable bytes, by the caller's promise.
        unsafe {
            let mut codes = [_mm256_setzero_si256(); 4];
            for i in 0..4 {
                // The number just below a half, with the value's sign, is added before the fraction is cut
                // off: halves go away from zero, and nothing below a half is rounded up.
                let sign = _mm256_and_ps(block[i].0, _mm256_set1_ps(-0.0));
                let half = _mm256_or_ps(sign, _mm256_set1_ps(0.5f32.next_down()));
                codes[i] = _mm256_cvttps_epi32(_mm256_add_ps(block[i].0, half));
            }
            store_low_bytes(codes, out)
        }
    }
    #[inline(always)]
    unsafe fn store_nibbles(block: [V; 4], out: *mut u8) {
        // SAFETY: a value exists, so the processor has AVX2; 16 writable bytes, by the caller's promise.
        unsafe {
            let largest = _mm256_set1_epi32(15);
            let mut pairs = [_mm256_setzero_si256(); 2];
            for i in 0..2 {
                let low = _mm256_min_epi32(_mm256_cvttps_epi32(block[i].0), largest);
                let high = _mm256_min_epi32(_mm256_cvttps_epi32(block[i + 2].0), largest);
                pairs[i] = _mm256_or_si256(low, _mm256_slli_epi32::<4>(high));
            }
            let packed = _mm256_packus_epi32(pairs[0], pairs[1]);
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(packed);
            let (low, high) = (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(out.cast(), _mm_packus_epi16(low, high))
        }
    }

    #[inline(always)]
    unsafe fn store_truncated(block: [V; 4], out: *mut u8) {
        // SAFETY: a value exists, so the processor has AVX2; 32 writable bytes, by the caller's promise.
        unsafe {
            let mut codes = [_mm256_setzero_si256(); 4];
            for i in 0..4 {
                codes[i] = _mm256_cvttps_epi32(block[i].0);
            }
            store_low_bytes(codes, out)
        }
    }
    #[inline(always)]
    unsafe fn store_nearest(block: [V; 4], low: i32, high: i32, out: *mut u8) {
        // SAFETY: a value exists, so the processor has AVX2; 32 writable bytes, by the caller's promise.
        unsafe {
            let (low, high) = (_mm256_set1_epi32(low), _mm256_set1_epi32(high));
            let mut codes = [_mm256_setzero_si256(); 4];
            for i in 0..4 {
                let bits = _mm256_castps_si256(_mm256_add_ps(block[i].0, _mm256_set1_ps(12_582_912.0)));
                let mantissa = _mm256_and_si256(bits, _mm256_set1_epi32(0x007F_FFFF));
                let nearest = _mm256_sub_epi32(mantissa, _mm256_set1_epi32(0x0040_0000));
                let limited = _mm256_min_epi32(_mm256_max_epi32(nearest, low), high);
                codes[i] = _mm256_sub_epi32(limited, low);
            }
            store_low_bytes(codes, out)
        }
    }

    #[inline(always)]
    fn prefetch_read(src: *const u8) {
        // SAFETY: a hint, which accesses no memory; SSE is in every x86-64 processor.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(src.cast()) }
    }
    #[inline(always)]
    fn prefetch_write(out: *const u8) {
        // SAFETY: a hint, which accesses no memory; a processor without it ignores it.
        unsafe { _mm_prefetch::<_MM_HINT_ET0>(out.cast()) }
    }

    #[inline(always)]
    fn to_block(self) -> [V; 4] {
        [self; 4]
    }
    #[inline(always)]
    fn to_group(self) -> [V; 8] {
        [self; 8]
    }

    lanewise! {
        add(self, other) = _mm256_add_ps;
        sub(self, other) = _mm256_sub_ps;
        mul(self, other) = _mm256_mul_ps;
        div(self, other) = _mm256_div_ps;
        min(self, other) = _mm256_min_ps;
        max(self, other) = _mm256_max_ps;
        max_bits(self, other) = max_bits;
        sqrt(self) = _mm256_sqrt_ps;
    }

    #[inline(always)]
    fn where_less(a: V, b: V, yes: V, no: V) -> V {
        // SAFETY: a value exists, so the processor has AVX2.
        V(unsafe { _mm256_blendv_ps(no.0, yes.0, _mm256_cmp_ps::<_CMP_LT_OQ>(a.0, b.0)) })
    }

    #[inline(always)]
    fn abs(self) -> V {
        // SAFETY: a value exists, so the processor has AVX2.
        V(unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), self.0) })
    }
    #[inline(always)]
    fn or_larger_negative(self, low: V) -> V {
        // SAFETY: a value exists, so the processor has AVX2.
        unsafe {
            let flipped = _mm256_xor_ps(_mm256_set1_ps(-0.0), low.0);
            V(_mm256_blendv_ps(self.0, low.0, _mm256_cmp_ps::<_CMP_GT_OQ>(flipped, self.0)))
        }
    }
    #[inline(always)]
    fn equal(self, other: V) -> u32 {
        // SAFETY: a value exists, so the processor has AVX2.
        unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_EQ_OQ>(self.0, other.0)) as u32 }
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        // SAFETY: a value exists, so the processor has AVX2.
        unsafe {
            let finite = _mm256_cmp_ps::<_CMP_LT_OQ>(self.abs().0, _mm256_set1_ps(f32::INFINITY));
            _mm256_movemask_ps(finite) == 0xFF
        }
    }
    #[inline(always)]
    fn finite_or_zero(self) -> V {
        // SAFETY: a value exists, so the processor has AVX2.
        unsafe {
            let finite = _mm256_cmp_ps::<_CMP_LT_OQ>(self.abs().0, _mm256_set1_ps(f32::INFINITY));
            V(_mm256_and_ps(self.0, finite))
        }
    }

    #[inline(always)]
    fn fold_min(group: &[V; 8]) -> V {
        // SAFETY: a value exists, so the processor has AVX2.
        unsafe { fold!(group, _mm256_min_ps) }
    }
    #[inline(always)]
    fn fold_max(group: &[V; 8]) -> V {
        // SAFETY: a value exists, so the processor has AVX2.
        unsafe { fold!(group, _mm256_max_ps) }
    }
    #[inline(always)]
    fn fold_sum(g: &[V; 8]) -> V {
        // SAFETY: a value exists, so the processor has AVX2.
        unsafe {
            // Each holds four sums of one block, and behind them those of the fourth block after it.
            let mut fours = [g[0].0; 4];
            for i in 0..4 {
                let low = _mm256_permute2f128_ps::<0x20>(g[i].0, g[i + 4].0);
                let high = _mm256_permute2f128_ps::<0x31>(g[i].0, g[i + 4].0);
                fours[i] = _mm256_add_ps(low, high);
            }
            let a = _mm256_add_ps(
                _mm256_shuffle_ps::<0x44>(fours[0], fours[1]),
                _mm256_shuffle_ps::<0xEE>(fours[0], fours[1]),
            );
            let b = _mm256_add_ps(
                _mm256_shuffle_ps::<0x44>(fours[2], fours[3]),
                _mm256_shuffle_ps::<0xEE>(fours[2], fours[3]),
            );
            V(_mm256_add_ps(_mm256_shuffle_ps::<0x88>(a, b), _mm256_shuffle_ps::<0xDD>(a, b)))
        }
    }
    #[inline(always)]
    fn fold_max_bits(group: &[V; 8]) -> V {
        // SAFETY: a value exists, so the processor has AVX2.
        unsafe { fold!(group, max_bits) }
    }
}
