//! Dropout of an adapter's input (Srivastava et al. 2014, <https://jmlr.org/papers/v15/srivastava14a.html>).
//!
//! Which numbers are dropped follows from a seed and their index alone, so the backward pass and a resumed run
//! draw the same ones again and nothing is stored.

use rayon::prelude::*;

use crate::kernels;

/// Dropout of one matrix: each number is dropped or divided by the probability of keeping it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dropout {
    key: [u32; 2],
    keep: f32,
}

/// Numbers that one thread computes at a time.
const PART: usize = 1 << 14;

impl Dropout {
    /// The dropout of the matrix with this index, among those that share a seed. `keep` is the probability of
    /// keeping a number, above 0 and at most 1.
    pub fn new(seed: u64, index: usize, keep: f32) -> Dropout {
        assert!(keep > 0.0 && keep <= 1.0, "a probability of keeping a number");
        // SplitMix64 (Steele et al. 2014): seeds and indices that are close give unrelated keys.
        let mut z = seed.wrapping_add((index as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        Dropout { key: [z as u32, (z >> 32) as u32], keep }
    }

    /// out = beta * out + the numbers of `x` that are kept, divided by the probability; beta is 0 or 1.
    pub fn apply(&self, x: &[f32], beta: f32, out: &mut [f32]) {
        let parts = x.par_chunks(PART).zip(out.par_chunks_mut(PART)).enumerate();
        parts.for_each(|(part, (x, out))| {
            kernels::dropout(x, (part * PART) as u32, self.key, self.keep, beta, out);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn factors(seed: u64, index: usize, keep: f32) -> Vec<f32> {
        let mut out = vec![0.0; 5 * PART + 7];
        Dropout::new(seed, index, keep).apply(&vec![1.0; out.len()], 0.0, &mut out);
        out
    }

    #[test]
    fn the_asked_fraction_is_kept_and_the_mean_stays() {
        for keep in [0.05, 0.5, 0.9, 1.0] {
            let out = factors(3, 0, keep);
            assert!(out.iter().all(|&x| x == 0.0 || x == 1.0 / keep));
            let mean = out.iter().sum::<f32>() / out.len() as f32;
            // Five standard deviations.
            assert!(
                (mean - 1.0).abs() <= 5.0 * ((1.0 / keep - 1.0) / out.len() as f32).sqrt(),
                "{keep}: {mean}"
            );
        }
    }

    #[test]
    fn neighbours_seeds_and_indices_are_unrelated() {
        let signs = |x: &[f32]| x.iter().map(|&x| if x > 0.0 { 1.0 } else { -1.0 }).collect::<Vec<f32>>();
        let first = signs(&factors(1, 0, 0.5));
        let others =
            [signs(&factors(2, 0, 0.5)), signs(&factors(1, 1, 0.5)), signs(&factors(1 << 40, 0, 0.5))];
        let shifted: Vec<Vec<f32>> = [1, 8, 576].map(|by| first[by..].to_vec()).into();
        for other in others.iter().chain(&shifted) {
            let sum: f32 = first.iter().zip(other).map(|(a, b)| a * b).sum();
            assert!(sum.abs() < 5.0 * (first.len() as f32).sqrt(), "{sum}");
        }
    }

    #[test]
    fn the_same_numbers_are_dropped_again_and_added() {
        let x: Vec<f32> = (0..PART + 9).map(|i| i as f32).collect();
        let dropout = Dropout::new(7, 2, 0.75);
        let (mut once, mut twice) = (vec![f32::NAN; x.len()], vec![1.0; x.len()]);
        dropout.apply(&x, 0.0, &mut once);
        dropout.apply(&x, 1.0, &mut twice);
        assert!(once.iter().zip(&twice).all(|(once, twice)| once + 1.0 == *twice));
    }
}
