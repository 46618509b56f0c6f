//! AVX2 and FMA: tiles of 6 rows and 16 columns, whose sums fill 12 of the 16 registers.

use std::arch::x86_64::*;

use super::driver::{Direction, Kernel};
use super::pairs;
use super::panels::{self, Part};
use super::weight::Stored;

/// The kernel for float32.
pub(super) struct Avx2;

const MR: usize = 6;

/// Elements after a panel of rows: [`pack_rows`](Avx2::pack_rows) writes two, and a panel begins at a cache line.
const AFTER_ROWS: usize = 16;

/// Positions that the innermost loop takes at once.
const UNROLLED: usize = 4;

impl Kernel for Avx2 {
    const MR: usize = MR;
    const NR: usize = 16;
    const KR: usize = 1;
    const KC: usize = 256;
    type Element = f32;

    fn rows_len(block: usize) -> usize {
        MR * block + AFTER_ROWS
    }

    /// A panel of rows is `[positions, MR]`: one stream of memory instead of `MR`.
    #[target_feature(enable = "avx2,fma")]
    unsafe fn pack_rows(x: &[f32], stride: usize, [height, len]: [usize; 2], _: usize, panel: &mut [f32]) {
        let whole = if height == MR { len / 8 * 8 } else { 0 };
        assert!(x.len() >= (height - 1) * stride + len && panel.len() >= MR * len + 2, "a panel of rows");
        for start in (0..whole).step_by(8) {
            // SAFETY: six rows of eight values from here lie within `x`, and eight times six values within the
            // panel, with two values after them.
            unsafe {
                let mut rows = [_mm256_setzero_ps(); 8];
                for (row, values) in rows.iter_mut().take(MR).enumerate() {
                    *values = _mm256_loadu_ps(x.as_ptr().add(row * stride + start));
                }
                // In this order: a store writes over the last two numbers of the one before it.
                for (position, values) in transposed8(rows).into_iter().enumerate() {
                    _mm256_storeu_ps(panel.as_mut_ptr().add((start + position) * MR), values);
                }
            }
        }
        for (position, out) in panel.chunks_exact_mut(MR).enumerate().take(len).skip(whole) {
            for (row, out) in out.iter_mut().enumerate() {
                *out = if row < height { x[row * stride + position] } else { 0.0 };
            }
        }
    }

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
        let mut step = |position: usize| {
            // SAFETY: the panels hold `padded` positions.
            unsafe {
                let b = weight.add(position * 16);
                let b = [_mm256_load_ps(b), _mm256_load_ps(b.add(8))];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let a = _mm256_broadcast_ss(&*rows.add(position * MR + row));
                    sums[0] = _mm256_fmadd_ps(a, b[0], sums[0]);
                    sums[1] = _mm256_fmadd_ps(a, b[1], sums[1]);
                }
            }
        };
        let whole = padded / UNROLLED * UNROLLED;
        for start in (0..whole).step_by(UNROLLED) {
            let next = rows.wrapping_add(Avx2::rows_len(padded) + start * MR);
            _mm_prefetch::<_MM_HINT_T0>(next.cast());
            _mm_prefetch::<_MM_HINT_T0>(next.wrapping_add(16).cast());
            for position in start..start + UNROLLED {
                step(position);
            }
        }
        for position in whole..padded {
            step(position);
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
    if let (Stored::F32(values), Direction::Backward) = (part.stored, part.direction) {
        if width == NR {
            return copy_columns::<NR>(part, values, panel);
        }
    }
    if part.direction == Direction::Backward || width < NR || len % 8 != 0 {
        return panels::pack_f32::<NR>(part, panel, scratch);
    }
    if let Stored::F32(values) = part.stored {
        let rows = &values[part.columns.start * part.inputs + part.positions.start..];
        // SAFETY: AVX2, by the caller's promise.
        return unsafe { transpose::<NR>(pairs::bits(rows), part.inputs, len, pairs::as_bits(panel)) };
    }
    for (row, out) in part.columns.clone().zip(scratch.chunks_exact_mut(len)) {
        part.decode(row, out);
    }
    // SAFETY: AVX2, by the caller's promise.
    unsafe { transpose::<NR>(pairs::bits(&scratch[..NR * len]), len, len, pairs::as_bits(panel)) };
}

/// Copies `NR` columns of rows that lie far apart, and asks for the next ones.
#[inline(always)]
fn copy_columns<const NR: usize>(part: &Part, values: &[f32], panel: &mut [f32]) {
    let rows = part.positions.clone().map(|row| row * part.inputs + part.columns.start);
    for (start, out) in rows.zip(panel.as_chunks_mut::<NR>().0) {
        let row = &values[start..][..NR];
        // SAFETY: a prefetch reads nothing.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(row.as_ptr().wrapping_add(NR).cast()) };
        out.copy_from_slice(row);
    }
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
        let mut rows = [_mm256_setzero_ps(); 8];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = _mm256_loadu_ps(from.add(i * from_stride));
        }
        for (i, column) in transposed8(rows).into_iter().enumerate() {
            _mm256_storeu_ps(to.add(i * to_stride), column);
        }
    }
}

/// Eight by eight values transposed.
///
/// # Safety
/// The processor has AVX2.
#[inline(always)]
unsafe fn transposed8(rows: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: by the caller's promise.
    unsafe {
        let (mut pairs, mut fours, mut columns) = (rows, rows, rows);
        for i in 0..4 {
            pairs[2 * i] = _mm256_unpacklo_ps(rows[2 * i], rows[2 * i + 1]);
            pairs[2 * i + 1] = _mm256_unpackhi_ps(rows[2 * i], rows[2 * i + 1]);
        }
        for i in 0..2 {
            let p = &pairs[4 * i..];
            fours[4 * i] = _mm256_shuffle_ps::<0x44>(p[0], p[2]);
            fours[4 * i + 1] = _mm256_shuffle_ps::<0xee>(p[0], p[2]);
            fours[4 * i + 2] = _mm256_shuffle_ps::<0x44>(p[1], p[3]);
            fours[4 * i + 3] = _mm256_shuffle_ps::<0xee>(p[1], p[3]);
        }
        for i in 0..4 {
            columns[i] = _mm256_permute2f128_ps::<0x20>(fours[i], fours[i + 4]);
            columns[i + 4] = _mm256_permute2f128_ps::<0x31>(fours[i], fours[i + 4]);
        }
        columns
    }
}
