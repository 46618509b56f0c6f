//! Loops without vectors, for processors without any that we know.

use super::driver::Kernel;
use super::panels::{self, Part, STRIDE};

/// The kernel for float32.
pub(super) struct Scalar;

impl Kernel for Scalar {
    const MR: usize = 4;
    const NR: usize = 8;
    const KR: usize = 1;
    const KC: usize = 256;
    type Element = f32;

    unsafe fn pack_weight(part: &Part, _: usize, panel: &mut [f32], scratch: &mut [f32]) {
        panels::pack_f32::<8>(part, panel, scratch);
    }

    unsafe fn run(
        padded: usize,
        rows: *const f32,
        weight: *const f32,
        tile: *mut f32,
        stride: usize,
        add: bool,
    ) {
        let mut sums = [[0.0f32; 8]; 4];
        for position in 0..padded {
            for (row, sums) in sums.iter_mut().enumerate() {
                // SAFETY: the panels hold `padded` positions.
                let x = unsafe { *rows.add(row * STRIDE + position) };
                for (column, sum) in sums.iter_mut().enumerate() {
                    // SAFETY: as above.
                    *sum += x * unsafe { *weight.add(position * 8 + column) };
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            for (column, &sum) in sums.iter().enumerate() {
                // SAFETY: the tile is valid, by the caller's promise.
                unsafe {
                    let out = tile.add(row * stride + column);
                    *out = if add { *out + sum } else { sum };
                }
            }
        }
    }
}
