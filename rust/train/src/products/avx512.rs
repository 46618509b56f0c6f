//! AVX-512: tiles of 12 rows and 32 columns, in float32 or, with AVX-512 BF16, of pairs of bfloat16.

use std::arch::x86_64::*;

use super::avx2;
use super::driver::Kernel;
use super::pairs;
use super::panels::{self, Part, STRIDE};

/// The kernel for float32.
pub(super) struct Avx512;

/// The kernel for bfloat16.
pub(super) struct Avx512Bf16;

const MR: usize = 12;

impl Kernel for Avx512 {
    const MR: usize = MR;
    const NR: usize = 32;
    const KR: usize = 1;
    const KC: usize = 256;
    type Element = f32;

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
    unsafe fn pack_weight(part: &Part, _: usize, panel: &mut [f32], scratch: &mut [f32]) {
        // SAFETY: AVX2, by the caller's promise.
        unsafe { avx2::pack_weight::<32>(part, panel, scratch) };
    }

    #[target_feature(enable = "avx512f")]
    unsafe fn run(
        padded: usize,
        rows: *const f32,
        weight: *const f32,
        tile: *mut f32,
        stride: usize,
        add: bool,
    ) {
        let mut sums = [[_mm512_setzero_ps(); 2]; MR];
        // SAFETY: the tile is valid, by the caller's promise.
        unsafe { prefetch(tile, stride) };
        for position in 0..padded {
            // SAFETY: the panels hold `padded` positions.
            unsafe {
                let b = weight.add(position * 32);
                let b = [_mm512_load_ps(b), _mm512_load_ps(b.add(16))];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let a = _mm512_set1_ps(*rows.add(row * STRIDE + position));
                    sums[0] = _mm512_fmadd_ps(a, b[0], sums[0]);
                    sums[1] = _mm512_fmadd_ps(a, b[1], sums[1]);
                }
            }
        }
        // SAFETY: the tile is valid, by the caller's promise.
        unsafe { store(sums, tile, stride, add) };
    }
}

impl Kernel for Avx512Bf16 {
    const MR: usize = MR;
    const NR: usize = 32;
    const KR: usize = 32;
    const KC: usize = 384;
    type Element = u16;

    unsafe fn pack_rows(x: &[f32], stride: usize, size: [usize; 2], padded: usize, panel: &mut [u16]) {
        // SAFETY: AVX-512 BF16, by the caller's promise.
        unsafe { pack_rows(x, stride, size, padded, panel) };
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
    unsafe fn pack_weight(part: &Part, padded: usize, panel: &mut [u16], scratch: &mut [f32]) {
        // SAFETY: AVX-512, by the caller's promise.
        unsafe { pack_pairs(part, padded, panel, scratch) };
    }

    #[target_feature(enable = "avx512f,avx512bf16")]
    unsafe fn run(
        padded: usize,
        rows: *const u16,
        weight: *const u16,
        tile: *mut f32,
        stride: usize,
        add: bool,
    ) {
        let mut sums = [[_mm512_setzero_ps(); 2]; MR];
        // SAFETY: the tile is valid, by the caller's promise.
        unsafe { prefetch(tile, stride) };
        for position in (0..padded).step_by(2) {
            // SAFETY: the panels hold `padded` positions, an even number; pairs lie at multiples of four bytes.
            unsafe {
                let b = weight.add(position * 32);
                let b = [b, b.add(32)]
                    .map(|b| std::mem::transmute::<__m512i, __m512bh>(_mm512_load_si512(b.cast())));
                for (row, sums) in sums.iter_mut().enumerate() {
                    let pair = rows.add(row * STRIDE + position).cast::<i32>();
                    let a = std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32(*pair));
                    sums[0] = _mm512_dpbf16_ps(sums[0], a, b[0]);
                    sums[1] = _mm512_dpbf16_ps(sums[1], a, b[1]);
                }
            }
        }
        // SAFETY: the tile is valid, by the caller's promise.
        unsafe { store(sums, tile, stride, add) };
    }
}

/// Brings a tile into the cache while its sums are computed.
///
/// # Safety
/// The tile is valid.
#[inline(always)]
unsafe fn prefetch(tile: *const f32, stride: usize) {
    for row in 0..MR {
        for half in 0..2 {
            // SAFETY: by the caller's promise.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(tile.add(row * stride + half * 16).cast()) };
        }
    }
}

/// Stores a tile's sums, or adds them to it.
///
/// # Safety
/// The processor has AVX-512 F, and the tile is valid.
#[target_feature(enable = "avx512f")]
unsafe fn store(sums: [[__m512; 2]; MR], tile: *mut f32, stride: usize, add: bool) {
    for (row, sums) in sums.into_iter().enumerate() {
        for (half, sum) in sums.into_iter().enumerate() {
            // SAFETY: the tile is valid, by the caller's promise.
            unsafe {
                let out = tile.add(row * stride + half * 16);
                let sum = if add { _mm512_add_ps(_mm512_loadu_ps(out), sum) } else { sum };
                _mm512_storeu_ps(out, sum);
            }
        }
    }
}

/// [`pairs::pack_pairs`] for a panel of 32 columns.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
pub(super) unsafe fn pack_pairs(part: &Part, padded: usize, panel: &mut [u16], scratch: &mut [f32]) {
    let (panel, scratch) = (pairs::as_pairs(panel), pairs::as_bits(scratch));
    pairs::pack_pairs::<32>(part, padded, panel, scratch, |rows, stride, len, out| {
        // SAFETY: AVX2, by the caller's promise.
        unsafe { avx2::transpose::<32>(rows, stride, len, out) };
    });
}

/// [`panels::pack_rows`] with the processor's own rounding, which takes subnormal numbers for zero.
///
/// # Safety
/// The processor has AVX-512 F and BF16.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx512bf16")]
pub(super) unsafe fn pack_rows(
    x: &[f32],
    stride: usize,
    [height, len]: [usize; 2],
    padded: usize,
    panel: &mut [u16],
) {
    if !len.is_multiple_of(32) {
        return panels::pack_rows(x, stride, [height, len], padded, panel);
    }
    for (row, out) in panel.chunks_exact_mut(STRIDE).enumerate() {
        let out = out[..len].as_chunks_mut::<32>().0;
        if row >= height {
            out.fill([0; 32]);
            continue;
        }
        for (out, x) in out.iter_mut().zip(x[row * stride..].as_chunks::<32>().0) {
            // SAFETY: both arrays have 32 numbers.
            unsafe {
                let (low, high) = (_mm512_loadu_ps(x.as_ptr()), _mm512_loadu_ps(x.as_ptr().add(16)));
                let halves = std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(high, low));
                _mm512_storeu_si512(out.as_mut_ptr().cast(), halves);
            }
        }
    }
}
