//! AVX-512: sixteen lanes.

use std::arch::x86_64::*;

use crate::quant::arch::functions::{functions, lanewise};
use crate::quant::vector::Vector;

/// A register. It exists only where the processor has AVX-512 F, BW, DQ and VL, since the unsafe functions of
/// [`Vector`] alone make one from something that is none.
#[derive(Clone, Copy)]
struct V(__m512);

functions!("avx512f,avx512bw,avx512dq,avx512vl", V);

/// Sixteen registers to one: lane i is register i, reduced with `$op`. The caller guarantees AVX-512.
macro_rules! fold {
    ($group:expr, $op:path) => {{
        let g = $group;
        let mut pairs = [g[0].0; 8];
        for i in 0..8 {
            let (a, b) = (g[2 * i].0, g[2 * i + 1].0);
            pairs[i] = $op(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
        }
        let mut fours = [g[0].0; 4];
        for i in 0..4 {
            let (a, b) = (_mm512_castps_pd(pairs[2 * i]), _mm512_castps_pd(pairs[2 * i + 1]));
            let (low, high) = (_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
            fours[i] = $op(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
        }
        // Now each register holds four blocks in each of its quarters; fold the quarters.
        let mut eights = [g[0].0; 2];
        for i in 0..2 {
            let (a, b) = (fours[2 * i], fours[2 * i + 1]);
            eights[i] = $op(_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xDD>(a, b));
        }
        let (a, b) = (eights[0], eights[1]);
        V($op(_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xDD>(a, b)))
    }};
}

/// The larger bit pattern of each lane.
///
/// # Safety
/// The processor has AVX-512 F.
#[inline(always)]
unsafe fn max_bits(a: __m512, b: __m512) -> __m512 {
    // SAFETY: AVX-512 F, by the caller's promise.
    unsafe { _mm512_castsi512_ps(_mm512_max_epu32(_mm512_castps_si512(a), _mm512_castps_si512(b))) }
}

// SAFETY: a __m512 has 16 lanes of float32, and 2 registers are 32 values. Only the unsafe constructors make a V
// from anything but a V. The loads and stores name their width: `loadu_ps`/`storeu_ps` 64 bytes (16 f32),
// `loadu_si256`/`storeu_si256` 32 bytes (16 halves or 32 codes), `loadu_si128`/`storeu_si128` 16 bytes (16
// codes or 32 nibbles); all of them take any alignment. A __mmask16 has 16 bits.
unsafe impl Vector for V {
    const LANES: usize = 16;
    type Block = [V; 2];
    type Group = [V; 16];

    #[inline(always)]
    unsafe fn splat(x: f32) -> V {
        // SAFETY: the features, by the caller's promise.
        V(unsafe { _mm512_set1_ps(x) })
    }
    #[inline(always)]
    unsafe fn load_f32(src: *const u8) -> V {
        // SAFETY: the features and 64 readable bytes, by the caller's promise.
        V(unsafe { _mm512_loadu_ps(src.cast()) })
    }
    #[inline(always)]
    unsafe fn load_f16(src: *const u8) -> V {
        // SAFETY: the features and 32 readable bytes, by the caller's promise.
        V(unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(src.cast())) })
    }
    #[inline(always)]
    unsafe fn load_bf16(src: *const u8) -> V {
        // SAFETY: the features and 32 readable bytes, by the caller's promise.
        unsafe {
            let words = _mm512_cvtepu16_epi32(_mm256_loadu_si256(src.cast()));
            V(_mm512_castsi512_ps(_mm512_slli_epi32::<16>(words)))
        }
    }
    #[inline(always)]
    unsafe fn load_bytes(src: *const u8) -> [V; 2] {
        // SAFETY: the features and 32 readable bytes, by the caller's promise: 2 times 16.
        unsafe {
            let low = _mm512_cvtepi8_epi32(_mm_loadu_si128(src.cast()));
            let high = _mm512_cvtepi8_epi32(_mm_loadu_si128(src.add(16).cast()));
            [V(_mm512_cvtepi32_ps(low)), V(_mm512_cvtepi32_ps(high))]
        }
    }
    #[inline(always)]
    unsafe fn load_nibbles(src: *const u8) -> [V; 2] {
        // SAFETY: the features and 16 readable bytes, by the caller's promise.
        unsafe {
            let codes = _mm512_cvtepu8_epi32(_mm_loadu_si128(src.cast()));
            let low = _mm512_and_si512(codes, _mm512_set1_epi32(15));
            let high = _mm512_srli_epi32::<4>(codes);
            [V(_mm512_cvtepi32_ps(low)), V(_mm512_cvtepi32_ps(high))]
        }
    }

    #[inline(always)]
    unsafe fn store_f32(self, out: *mut u8) {
        // SAFETY: 64 writable bytes, by the caller's promise.
        unsafe { _mm512_storeu_ps(out.cast(), self.0) }
    }
    #[inline(always)]
    unsafe fn store_f16(self, out: *mut u8) {
        // SAFETY: 32 writable bytes, by the caller's promise.
        unsafe { _mm256_storeu_si256(out.cast(), _mm512_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(self.0)) }
    }
    #[inline(always)]
    unsafe fn store_bytes(block: [V; 2], out: *mut u8) {
        // SAFETY: a value exists, so the processor has AVX-512; 32 writable bytes, by the caller's promise.
        unsafe {
            let mut codes = [_mm512_setzero_si512(); 2];
            for i in 0..2 {
                // The number just below a half, with the value's sign, is added before the fraction is cut
                // off: halves go away from zero, and nothing below a half is rounded up.
                let sign = _mm512_and_ps(block[i].0, _mm512_set1_ps(-0.0));
                let half = _mm512_or_ps(sign, _mm512_set1_ps(0.5f32.next_down()));
                codes[i] = _mm512_cvttps_epi32(_mm512_add_ps(block[i].0, half));
            }
            // Packing works within quarters of the register; this puts the fours of bytes in order.
            let bytes = _mm512_cvtepi16_epi8(_mm512_packs_epi32(codes[0], codes[1]));
            let order = _mm256_setr_epi32(0, 2, 4, 6, 1, 3, 5, 7);
            _mm256_storeu_si256(out.cast(), _mm256_permutevar8x32_epi32(bytes, order))
        }
    }
    #[inline(always)]
    unsafe fn store_nibbles(block: [V; 2], out: *mut u8) {
        // SAFETY: a value exists, so the processor has AVX-512; 16 writable bytes, by the caller's promise.
        unsafe {
            let largest = _mm512_set1_epi32(15);
            let low = _mm512_min_epi32(_mm512_cvttps_epi32(block[0].0), largest);
            let high = _mm512_min_epi32(_mm512_cvttps_epi32(block[1].0), largest);
            let pairs = _mm512_or_si512(low, _mm512_slli_epi32::<4>(high));
            _mm_storeu_si128(out.cast(), _mm512_cvtepi32_epi8(pairs))
        }
    }

    #[inline(always)]
    unsafe fn store_truncated(block: [V; 2], out: *mut u8) {
        // SAFETY: a value exists, so the processor has AVX-512; 32 writable bytes, by the caller's promise.
        unsafe {
            for (i, v) in block.iter().enumerate() {
                let codes = _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(v.0));
                _mm_storeu_si128(out.add(16 * i).cast(), codes);
            }
        }
    }
    #[inline(always)]
    unsafe fn store_nearest(block: [V; 2], low: i32, high: i32, out: *mut u8) {
        // SAFETY: a value exists, so the processor has AVX-512; 32 writable bytes, by the caller's promise.
        unsafe {
            let (low, high) = (_mm512_set1_epi32(low), _mm512_set1_epi32(high));
            for (i, v) in block.iter().enumerate() {
                let bits = _mm512_castps_si512(_mm512_add_ps(v.0, _mm512_set1_ps(12_582_912.0)));
                let mantissa = _mm512_and_si512(bits, _mm512_set1_epi32(0x007F_FFFF));
                let nearest = _mm512_sub_epi32(mantissa, _mm512_set1_epi32(0x0040_0000));
                let above = _mm512_sub_epi32(_mm512_min_epi32(_mm512_max_epi32(nearest, low), high), low);
                _mm_storeu_si128(out.add(16 * i).cast(), _mm512_cvtepi32_epi8(above));
            }
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
    fn to_block(self) -> [V; 2] {
        [self; 2]
    }
    #[inline(always)]
    fn to_group(self) -> [V; 16] {
        [self; 16]
    }

    lanewise! {
        add(self, other) = _mm512_add_ps;
        sub(self, other) = _mm512_sub_ps;
        mul(self, other) = _mm512_mul_ps;
        div(self, other) = _mm512_div_ps;
        min(self, other) = _mm512_min_ps;
        max(self, other) = _mm512_max_ps;
        max_bits(self, other) = max_bits;
        abs(self) = _mm512_abs_ps;
        sqrt(self) = _mm512_sqrt_ps;
    }

    #[inline(always)]
    fn where_less(a: V, b: V, yes: V, no: V) -> V {
        // SAFETY: a value exists, so the processor has AVX-512.
        V(unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_LT_OQ>(a.0, b.0), no.0, yes.0) })
    }

    #[inline(always)]
    fn or_larger_negative(self, low: V) -> V {
        // SAFETY: a value exists, so the processor has AVX-512.
        unsafe {
            let flipped = _mm512_xor_ps(_mm512_set1_ps(-0.0), low.0);
            let larger = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(flipped, self.0);
            V(_mm512_mask_blend_ps(larger, self.0, low.0))
        }
    }
    #[inline(always)]
    fn equal(self, other: V) -> u32 {
        // SAFETY: a value exists, so the processor has AVX-512.
        unsafe { _mm512_cmp_ps_mask::<_CMP_EQ_OQ>(self.0, other.0).into() }
    }
    #[inline(always)]
    fn all_finite(self) -> bool {
        // SAFETY: a value exists, so the processor has AVX-512.
        unsafe { _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.abs().0, _mm512_set1_ps(f32::INFINITY)) == 0xFFFF }
    }
    #[inline(always)]
    fn finite_or_zero(self) -> V {
        // SAFETY: a value exists, so the processor has AVX-512.
        unsafe {
            let finite = _mm512_cmp_ps_mask::<_CMP_LT_OQ>(self.abs().0, _mm512_set1_ps(f32::INFINITY));
            V(_mm512_maskz_mov_ps(finite, self.0))
        }
    }

    #[inline(always)]
    fn fold_min(group: &[V; 16]) -> V {
        // SAFETY: a value exists, so the processor has AVX-512.
        unsafe { fold!(group, _mm512_min_ps) }
    }
    #[inline(always)]
    fn fold_max(group: &[V; 16]) -> V {
        // SAFETY: a value exists, so the processor has AVX-512.
        unsafe { fold!(group, _mm512_max_ps) }
    }
    #[inline(always)]
    fn fold_sum(g: &[V; 16]) -> V {
        // SAFETY: a value exists, so the processor has AVX-512.
        unsafe {
            // Eight sums of block i, and behind them those of block i + 4; for i + 8 in the second four.
            let mut eights = [g[0].0; 8];
            for (i, eight) in eights.iter_mut().enumerate() {
                let first = i + i / 4 * 4;
                let (a, b) = (g[first].0, g[first + 4].0);
                *eight =
                    _mm512_add_ps(_mm512_shuffle_f32x4::<0x44>(a, b), _mm512_shuffle_f32x4::<0xEE>(a, b));
            }
            let mut fours = [g[0].0; 4];
            for i in 0..4 {
                let (a, b) = (eights[i], eights[i + 4]);
                fours[i] =
                    _mm512_add_ps(_mm512_shuffle_f32x4::<0x88>(a, b), _mm512_shuffle_f32x4::<0xDD>(a, b));
            }
            let a = _mm512_add_ps(
                _mm512_shuffle_ps::<0x44>(fours[0], fours[1]),
                _mm512_shuffle_ps::<0xEE>(fours[0], fours[1]),
            );
            let b = _mm512_add_ps(
                _mm512_shuffle_ps::<0x44>(fours[2], fours[3]),
                _mm512_shuffle_ps::<0xEE>(fours[2], fours[3]),
            );
            V(_mm512_add_ps(_mm512_shuffle_ps::<0x88>(a, b), _mm512_shuffle_ps::<0xDD>(a, b)))
        }
    }
    #[inline(always)]
    fn fold_max_bits(group: &[V; 16]) -> V {
        // SAFETY: a value exists, so the processor has AVX-512.
        unsafe { fold!(group, max_bits) }
    }
}
