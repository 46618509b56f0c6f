//! NEON: tiles of 8 rows and 8 columns, in float32 or, with BFMMLA, of fours of bfloat16.

use std::arch::aarch64::*;
use std::arch::asm;

use super::driver::{Direction, Kernel};
use super::panels::{self, Element, Part, STRIDE};

/// The kernel for float32.
pub(super) struct Neon;

/// The kernel for bfloat16.
pub(super) struct NeonBf16;

impl Kernel for Neon {
    const MR: usize = 8;
    const NR: usize = 8;
    const KR: usize = 1;
    const KC: usize = 256;
    type Element = f32;

    unsafe fn pack_weight(part: &Part, _: usize, panel: &mut [f32], scratch: &mut [f32]) {
        panels::pack_f32::<8>(part, panel, scratch);
    }

    #[target_feature(enable = "neon")]
    unsafe fn run(
        padded: usize,
        rows: *const f32,
        weight: *const f32,
        tile: *mut f32,
        stride: usize,
        add: bool,
    ) {
        let mut sums = [[vdupq_n_f32(0.0); 2]; 8];
        for position in 0..padded {
            // SAFETY: the panels hold `padded` positions.
            unsafe {
                let b = weight.add(position * 8);
                let b = [vld1q_f32(b), vld1q_f32(b.add(4))];
                for (row, sums) in sums.iter_mut().enumerate() {
                    let a = *rows.add(row * STRIDE + position);
                    sums[0] = vfmaq_n_f32(sums[0], b[0], a);
                    sums[1] = vfmaq_n_f32(sums[1], b[1], a);
                }
            }
        }
        // SAFETY: the tile is valid, by the caller's promise.
        unsafe { store(sums, tile, stride, add) };
    }
}

impl Kernel for NeonBf16 {
    const MR: usize = 8;
    const NR: usize = 8;
    const KR: usize = 8;
    const KC: usize = 384;
    type Element = u16;

    /// Fours of positions of each column: `[padded / 4, 8, 4]`.
    unsafe fn pack_weight(part: &Part, padded: usize, panel: &mut [u16], scratch: &mut [f32]) {
        let (len, width) = (part.positions.len(), part.columns.len());
        let rows = &mut scratch[..8 * padded];
        rows.fill(0.0);
        match part.direction {
            Direction::Forward => {
                for (row, out) in part.columns.clone().zip(rows.chunks_exact_mut(padded)) {
                    part.decode(row, &mut out[..len]);
                }
            }
            Direction::Backward => {
                for (position, row) in part.positions.clone().enumerate() {
                    let mut values = [0.0; 8];
                    part.decode(row, &mut values[..width]);
                    for (column, value) in values.into_iter().enumerate() {
                        rows[column * padded + position] = value;
                    }
                }
            }
        }
        for (four, out) in panel.chunks_exact_mut(32).take(padded / 4).enumerate() {
            for (column, out) in out.chunks_exact_mut(4).enumerate() {
                let values = &rows[column * padded + 4 * four..][..4];
                out.iter_mut().zip(values).for_each(|(out, &value)| *out = u16::of(value));
            }
        }
    }

    #[target_feature(enable = "neon,bf16")]
    unsafe fn run(
        padded: usize,
        rows: *const u16,
        weight: *const u16,
        tile: *mut f32,
        stride: usize,
        add: bool,
    ) {
        // A register holds two rows of two columns.
        let mut sums = [[vdupq_n_f32(0.0); 4]; 4];
        for position in (0..padded).step_by(8) {
            let mut a = [[vdupq_n_u64(0); 2]; 4];
            for (pair, a) in a.iter_mut().enumerate() {
                // SAFETY: the panel holds `padded` positions, a multiple of 8, of 8 rows.
                unsafe {
                    let first = vreinterpretq_u64_u16(vld1q_u16(rows.add(2 * pair * STRIDE + position)));
                    let second =
                        vreinterpretq_u64_u16(vld1q_u16(rows.add((2 * pair + 1) * STRIDE + position)));
                    *a = [vzip1q_u64(first, second), vzip2q_u64(first, second)];
                }
            }
            for half in 0..2 {
                for column in 0..4 {
                    // SAFETY: a four of positions takes 32 numbers of the panel, two columns 8 of them.
                    let b = unsafe { vld1q_u16(weight.add((position / 4 + half) * 32 + column * 8)) };
                    for (sums, a) in sums.iter_mut().zip(&a) {
                        // SAFETY: the processor has BFMMLA, by the caller's promise.
                        unsafe {
                            asm!(
                                "bfmmla {sum:v}.4s, {a:v}.8h, {b:v}.8h",
                                sum = inout(vreg) sums[column], a = in(vreg) a[half], b = in(vreg) b,
                                options(pure, nomem, nostack, preserves_flags),
                            );
                        }
                    }
                }
            }
        }
        let mut by_rows = [[vdupq_n_f32(0.0); 2]; 8];
        for (pair, sums) in sums.iter().enumerate() {
            let wide = sums.map(|sum| vreinterpretq_f64_f32(sum));
            for half in 0..2 {
                let (left, right) = (wide[2 * half], wide[2 * half + 1]);
                by_rows[2 * pair][half] = vreinterpretq_f32_f64(vzip1q_f64(left, right));
                by_rows[2 * pair + 1][half] = vreinterpretq_f32_f64(vzip2q_f64(left, right));
            }
        }
        // SAFETY: the tile is valid, by the caller's promise.
        unsafe { store(by_rows, tile, stride, add) };
    }
}

/// Stores a tile's sums, or adds them to it.
///
/// # Safety
/// The tile is valid.
#[target_feature(enable = "neon")]
unsafe fn store(sums: [[float32x4_t; 2]; 8], tile: *mut f32, stride: usize, add: bool) {
    for (row, sums) in sums.into_iter().enumerate() {
        for (half, sum) in sums.into_iter().enumerate() {
            // SAFETY: the tile is valid, by the caller's promise.
            unsafe {
                let out = tile.add(row * stride + half * 4);
                vst1q_f32(out, if add { vaddq_f32(vld1q_f32(out), sum) } else { sum });
            }
        }
    }
}
