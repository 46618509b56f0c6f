//! One step of AdamW with bias correction, in one pass over memory.

use rayon::prelude::*;

/// The settings of one AdamW step (Loshchilov & Hutter 2019, <https://arxiv.org/abs/1711.05101>).
#[derive(Clone, Copy, Debug)]
pub struct AdamW {
    /// How far one step moves a parameter.
    pub learning_rate: f32,
    /// Decay rates of the first and the second moment, each in 0..1.
    pub betas: [f32; 2],
    /// Added to the root of the second moment, so that nothing is divided by zero.
    pub eps: f32,
    /// The fraction of a parameter that is subtracted from it, times the learning rate.
    pub weight_decay: f32,
    /// Which step this is, counted from 1; the bias correction depends on it.
    pub step: i32,
}

impl AdamW {
    /// Updates a parameter and its first and second moment `m` and `v` in place, as
    /// `mlx.optimizers.AdamW` with `bias_correction` does for the gradient times `scale`.
    ///
    /// # Panics
    /// When the four slices differ in length.
    pub fn apply(self, parameter: &mut [f32], gradient: &[f32], scale: f32, m: &mut [f32], v: &mut [f32]) {
        let n = parameter.len();
        assert!(gradient.len() == n && m.len() == n && v.len() == n, "slices of one length");
        let [beta1, beta2] = self.betas;
        let step_size = self.learning_rate / (1.0 - beta1.powi(self.step));
        let v_correction = 1.0 / (1.0 - beta2.powi(self.step)).sqrt();
        let decayed = 1.0 - self.learning_rate * self.weight_decay;
        for (((p, g), m), v) in parameter.iter_mut().zip(gradient).zip(m).zip(v) {
            let g = g * scale;
            *m = beta1 * *m + (1.0 - beta1) * g;
            *v = beta2 * *v + (1.0 - beta2) * g * g;
            *p = *p * decayed - step_size * *m / (v.sqrt() * v_correction + self.eps);
        }
    }
}

/// The Euclidean norm of all slices together. Each is summed in float64 by one thread, so the number of threads
/// changes nothing.
pub fn norm(slices: &[&[f32]]) -> f32 {
    let squares: Vec<f64> = slices.par_iter().map(|slice| sum_of_squares(slice)).collect();
    squares.iter().sum::<f64>().sqrt() as f32
}

/// In eight partial sums, so that it can be vectorized.
fn sum_of_squares(x: &[f32]) -> f64 {
    let mut sums = [0.0f64; 8];
    for part in x.chunks(8) {
        for (sum, x) in sums.iter_mut().zip(part) {
            *sum += f64::from(*x) * f64::from(*x);
        }
    }
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_norm_is_that_of_all_elements() {
        assert_eq!(norm(&[&[3.0; 9], &[], &[4.0; 9]]), 15.0);
    }

    #[test]
    fn the_first_step_moves_by_the_learning_rate_whatever_the_gradients_size() {
        let settings =
            AdamW { learning_rate: 0.5, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0.1, step: 1 };
        let (mut p, mut m, mut v) = ([2.0, 2.0], [0.0; 2], [0.0; 2]);
        settings.apply(&mut p, &[1e-2, -1e4], 0.1, &mut m, &mut v);
        assert!((p[0] - 1.4).abs() < 1e-3 && (p[1] - 2.4).abs() < 1e-3, "{p:?}");
    }
}
