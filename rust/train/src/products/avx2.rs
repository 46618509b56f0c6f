//! AVX2 and FMA: tiles of 6 rows and 16 columns, whose sums fill 12 of the 16 registers.

use std::arch::x86_64::*;

use super::driver::{Direction, Kernel};
use super::pairs;
use super::panels::{self, Part, STRIDE};

/// The kernel for float32.
pub(super) struct Avx2;

const MR: usize = 6;

impl Kernel for Avx2 {
    const MR: usize = MR;
    const NR: usize = 16;
    const KR: usize = 1;
    const KC: usize = 256;
    type Element = f32;

    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn pack_weight(part: &Part, _: usize, panel: &mut [f32], scratch: &mut [f32]) {
        // SAFETY: AVX2, by the caller's promise.
        unsafe { pack_weight::<16>(part, panel, scratch) };
    }

    #[target_feature(enable = "avx2,fma")]
    unsafe fn run(
        padded: usize,
        rows: *const f32,
        weight: *const f32,
        tile: *mut f32,
        stride: usize,
        add: bool,
    ) {
        let mut sums = [[_mm256_setzero_ps(); 2]; MR];
        for row in 0..MR {
            _mm_prefetch::<_MM_HINT_T0>(tile.wrapping_add(row * stride).cast());
        }
        for position in 0..padded {
            // SAFETY: the panels hold `padded` positions.
            unsafe {
                let b = weight.add(position * 16);
                let b = [_mm256_load_ps(b), _mm256_load_ps(b.add(8))];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let a = _mm256_broadcast_ss(&*rows.add(row * STRIDE + position));
                    sums[0] = _mm256_fmadd_ps(a, b[0], sums[0]);
                    sums[1] = _mm256_fmadd_ps(a, b[1], sums[1]);
                }
            }
        }
        for (row, sums) in sums.into_iter().enumerate() {
            for (half, sum) in sums.into_iter().enumerate() {
                // SAFETY: the tile is valid, by the caller's promise.
                unsafe {
                    let out = tile.add(row * stride + half * 8);
                    let sum = if add { _mm256_add_ps(_mm256_loadu_ps(out), sum) } else { sum };
                    _mm256_storeu_ps(out, sum);
                }
            }
        }
    }
}

/// [`panels::pack_f32`] with eight by eight values transposed at once.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
pub(super) unsafe fn pack_weight<const NR: usize>(part: &Part, panel: &mut [f32], scratch: &mut [f32]) {
    let (len, width) = (part.positions.len(), part.columns.len());
    if part.direction == Direction::Backward || width < NR || len % 8 != 0 {
        return panels::pack_f32::<NR>(part, panel, scratch);
    }
    for (row, out) in part.columns.clone().zip(scratch.chunks_exact_mut(len)) {
        part.decode(row, out);
    }
    // SAFETY: AVX2, by the caller's promise.
    unsafe { transpose::<NR>(&pairs::as_bits(scratch)[..NR * len], len, len, pairs::as_bits(panel)) };
}

/// [`panels::transpose`] for rows of bits, with eight by eight values at once.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
pub(super) unsafe fn transpose<const NR: usize>(rows: &[u32], stride: usize, len: usize, out: &mut [u32]) {
    assert!(len.is_multiple_of(8) && NR.is_multiple_of(8) && rows.len() >= (NR - 1) * stride + len);
    let out = &mut out[..NR * len];
    for row in (0..NR).step_by(8) {
        for column in (0..len).step_by(8) {
            // SAFETY: eight rows and columns from here lie within `rows`, and their transpose within `out`.
            unsafe {
                let to = out.as_mut_ptr().add(column * NR + row).cast();
                transpose8(rows.as_ptr().add(row * stride + column).cast(), stride, to, NR);
            }
        }
    }
}

/// Writes eight by eight values transposed.
///
/// # Safety
/// The processor has AVX2; eight rows of eight values are valid at both places.
#[inline(always)]
unsafe fn transpose8(from: *const f32, from_stride: usize, to: *mut f32, to_stride: usize) {
    // SAFETY: by the caller's promise.
    unsafe {
        let mut r = [_mm256_setzero_ps(); 8];
        for (i, r) in r.iter_mut().enumerate() {
            *r = _mm256_loadu_ps(from.add(i * from_stride));
        }
        let mut pairs = r;
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
        }
        let mut fours = r;
        for i in 0..2 {
            let p = &pairs[4 * i..];
            fours[4 * i] = _mm256_shuffle_ps::<0x44>(p[0], p[2]);
            fours[4 * i + 1] = _mm256_shuffle_ps::<0xee>(p[0], p[2]);
            fours[4 * i + 2] = _mm256_shuffle_ps::<0x44>(p[1], p[3]);
            fours[4 * i + 3] = _mm256_shuffle_ps::<0xee>(p[1], p[3]);
        }
        for i in 0..4 {
            let (a, b) = (fours[i], fours[i + 4]);
            _mm256_storeu_ps(to.add(i * to_stride), _mm256_permute2f128_ps::<0x20>(a, b));
            _mm256_storeu_ps(to.add((i + 4) * to_stride), _mm256_permute2f128_ps::<0x31>(a, b));
        }
    }
}
