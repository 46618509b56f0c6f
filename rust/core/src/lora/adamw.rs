//! One step of AdamW (Loshchilov & Hutter 2019) with bias correction, in one pass over memory.

/// The settings of one step; `step` counts from 1.
#[derive(Clone, Copy, Debug)]
pub struct AdamW {
    pub rate: f32,
    pub betas: [f32; 2],
    pub eps: f32,
    pub decay: f32,
    pub step: i32,
}

impl AdamW {
    /// Moves parameter, first and second moment, as `mlx.optimizers.AdamW` does.
    ///
    /// # Panics
    /// When the slices are not of one size.
    pub fn apply(self, parameter: &mut [f32], gradient: &[f32], m: &mut [f32], v: &mut [f32]) {
        let n = parameter.len();
        assert!(gradient.len() == n && m.len() == n && v.len() == n, "slices of one size");
        let [b1, b2] = self.betas;
        let c1 = self.rate / (1.0 - b1.powi(self.step));
        let c2 = 1.0 / (1.0 - b2.powi(self.step)).sqrt();
        let keep = 1.0 - self.rate * self.decay;
        for (((p, g), m), v) in parameter.iter_mut().zip(gradient).zip(m).zip(v) {
            *m = b1 * *m + (1.0 - b1) * g;
            *v = b2 * *v + (1.0 - b2) * g * g;
            *p = *p * keep - c1 * *m / (v.sqrt() * c2 + self.eps);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_step_is_the_rate_whatever_the_gradients_size() {
        let settings = AdamW { rate: 0.5, betas: [0.9, 0.999], eps: 1e-8, decay: 0.1, step: 1 };
        let (mut p, mut m, mut v) = ([2.0, 2.0], [0.0; 2], [0.0; 2]);
        settings.apply(&mut p, &[1e-3, -1e3], &mut m, &mut v);
        assert!((p[0] - 1.4).abs() < 1e-3 && (p[1] - 2.4).abs() < 1e-3, "{p:?}");
    }
}
