//! How ggml searches the scale of a few values that share one: the specification, which the vector code in
//! `search_lanes` equals. The functions are those of
//! <https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-quants.c>; every sum is taken in their order,
//! and no product is fused with an addition.
//!
//! Each takes a weight for every value: what a squared error of that value costs.

/// A range of candidates for [`search_min`]: `largest + first + i * step` steps between minimum and maximum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidates {
    /// The largest code.
    pub largest: f32,
    /// `rmin` in C.
    pub first: f32,
    /// `rdelta` in C.
    pub step: f32,
    /// The index of the last candidate, `nstep` in C.
    pub last: u32,
}

impl Candidates {
    /// Those of `quantize_row_q4_K_ref`, without weights of the caller.
    pub const Q4_K: Candidates = Candidates { largest: 15.0, first: -1.0, step: 0.1, last: 20 };
    /// Those of `quantize_row_q5_K_ref`.
    pub const Q5_K: Candidates = Candidates { largest: 31.0, first: -0.5, step: 0.1, last: 15 };

    /// Those of every type with this largest code where the caller gives weights.
    pub const fn weighted(largest: f32) -> Candidates {
        Candidates { largest, first: -0.9, step: 0.05, last: 36 }
    }

    /// The largest factor of a part's scale: C limits it for 5-bit codes alone.
    pub const fn factor_limit(&self) -> u8 {
        if self.largest > 15.0 {
            63
        } else {
            u8::MAX
        }
    }

    /// The steps of candidate i.
    pub fn steps(&self, i: u32) -> f32 {
        self.first + self.step * i as f32 + self.largest
    }
}

/// Scales of smaller magnitude count as zero: `GROUP_MAX_EPS` in C.
pub(crate) const SMALLEST: f32 = 1e-15;

/// C's `nearest_int`: to nearest, halves to even. What is not within ±4194303 gives what the bits give, as there.
pub(crate) fn nearest(x: f32) -> i32 {
    ((x + 12_582_912.0).to_bits() as i32 & 0x007F_FFFF) - 0x0040_0000
}

/// x = scale * code + minimum, as `make_qkx2_quants` and `make_qkx3_quants` find them.
pub(crate) struct ScaleAndMin {
    /// The scale.
    pub scale: f32,
    /// The minimum, never positive, with its sign changed.
    pub neg_min: f32,
}

/// Searches the scale and the minimum that make the sum of weighted squared errors least, and writes the codes.
pub(crate) fn search_min(
    x: &[f32],
    weights: &[f32],
    candidates: &Candidates,
    codes: &mut [u8],
) -> ScaleAndMin {
    let largest = candidates.largest as i32;
    let (mut min, mut max) = (x[0], x[0]);
    let mut sum_w = weights[0];
    let mut sum_x = sum_w * x[0];
    for (&v, &w) in x.iter().zip(weights).skip(1) {
        if v < min {
            min = v;
        }
        if v > max {
            max = v;
        }
        sum_w += w;
        sum_x += w * v;
    }
    if min > 0.0 {
        min = 0.0;
    }
    if max == min {
        codes.fill(0);
        return ScaleAndMin { scale: 0.0, neg_min: -min };
    }
    let error = |scale: f32, min: f32, codes: &[u8]| {
        x.iter().zip(weights).zip(codes).fold(0.0f32, |sum, ((&v, &w), &code)| {
            let difference = scale * f32::from(code) + min - v;
            sum + w * (difference * difference)
        })
    };
    let round = |steps: f32, min: f32, v: f32| nearest(steps * (v - min)).clamp(0, largest) as u8;
    let inverse = candidates.largest / (max - min);
    let mut scale = 1.0 / inverse;
    codes.iter_mut().zip(x).for_each(|(code, &v)| *code = round(inverse, min, v));
    let mut best_error = error(scale, min, codes);
    let mut trial = [0; 32];
    let trial = &mut trial[..x.len()];
    for i in 0..=candidates.last {
        let inverse = candidates.steps(i) / (max - min);
        let (mut sum_l, mut sum_l2, mut sum_xl) = (0.0f32, 0.0f32, 0.0f32);
        for ((&v, &w), code) in x.iter().zip(weights).zip(&mut *trial) {
            *code = round(inverse, min, v);
            let l = f32::from(*code);
            sum_l += w * l;
            sum_l2 += w * l * l;
            sum_xl += w * l * v;
        }
        let determinant = sum_w * sum_l2 - sum_l * sum_l;
        if determinant > 0.0 {
            let mut this_scale = (sum_w * sum_xl - sum_x * sum_l) / determinant;
            let mut this_min = (sum_l2 * sum_x - sum_l * sum_xl) / determinant;
            if this_min > 0.0 {
                this_min = 0.0;
                this_scale = sum_xl / sum_l2;
            }
            let this_error = error(this_scale, this_min, trial);
            if this_error < best_error {
                codes.copy_from_slice(trial);
                (best_error, scale, min) = (this_error, this_scale, this_min);
            }
        }
    }
    ScaleAndMin { scale, neg_min: -min }
}

/// Searches the scale of codes from `-half` to `half - 1` that makes the sum of weighted squared errors least, and
/// writes the codes, from 0 on. C: `make_qx_quants` with `rmse_type` 1, whose weights without the caller's are x².
pub(crate) fn search_symmetric(x: &[f32], weights: Option<&[f32]>, half: i32, codes: &mut [u8]) -> f32 {
    let (mut max, mut amax) = (0.0f32, 0.0f32);
    for &v in x {
        if v.abs() > amax {
            (amax, max) = (v.abs(), v);
        }
    }
    if amax < SMALLEST {
        codes.fill(0);
        return 0.0;
    }
    let round = |inverse: f32, v: f32| nearest(inverse * v).clamp(-half, half - 1);
    let sums = |inverse: f32| {
        let (mut sum_lx, mut sum_l2) = (0.0f32, 0.0f32);
        for (i, &v) in x.iter().enumerate() {
            let l = round(inverse, v) as f32;
            let w = weights.map_or(v * v, |weights| weights[i]);
            sum_lx += w * v * l;
            sum_l2 += w * l * l;
        }
        (sum_lx, sum_l2)
    };
    let mut inverse = -half as f32 / max;
    let (sum_lx, sum_l2) = sums(inverse);
    let mut scale = if sum_l2 == 0.0 { 0.0 } else { sum_lx / sum_l2 };
    let mut best = scale * sum_lx;
    for i in (-9..=9).filter(|i| *i != 0) {
        let trial = symmetric_steps(half, i) / max;
        let (sum_lx, sum_l2) = sums(trial);
        if sum_l2 > 0.0 && sum_lx * sum_lx > best * sum_l2 {
            scale = sum_lx / sum_l2;
            best = scale * sum_lx;
            inverse = trial;
        }
    }
    codes.iter_mut().zip(x).for_each(|(code, &v)| *code = (round(inverse, v) + half) as u8);
    scale
}

/// The steps of candidate i, from -9 to 9, of [`search_symmetric`]; candidate 0 is the first.
pub(crate) fn symmetric_steps(half: i32, i: i32) -> f32 {
    -(half as f32 + 0.1 * i as f32)
}

/// Searches the scale of codes from 0 to `largest` for values that are not negative, and writes the codes. C:
/// `make_qp_quants`, which rounds the scales (or minima) of a block with the sums of their weights.
pub(crate) fn search_positive(x: &[f32; 8], weights: &[f32; 8], largest: i32) -> (f32, [u8; 8]) {
    let max = x.iter().fold(0.0f32, |max, &v| if max > v { max } else { v });
    if max < SMALLEST {
        return (0.0, [0; 8]);
    }
    let mut inverse = largest as f32 / max;
    let scale = 1.0 / inverse;
    let mut codes = x.map(|v| nearest(inverse * v) as u8);
    let error = |scale: f32, code: &dyn Fn(usize) -> f32| {
        (0..8).fold(0.0f32, |sum, i| {
            let difference = x[i] - scale * code(i);
            sum + weights[i] * difference * difference
        })
    };
    let mut best_error = error(scale, &|i| f32::from(codes[i]));
    for i in (-4..=4).filter(|i| *i != 0) {
        let trial = (0.1 * i as f32 + largest as f32) / max;
        let this_error = error(1.0 / trial, &|i| nearest(trial * x[i]).min(largest) as f32);
        if this_error < best_error {
            (best_error, inverse) = (this_error, trial);
        }
    }
    let (mut sum_lx, mut sum_l2) = (0.0f32, 0.0f32);
    for i in 0..8 {
        let code = nearest(inverse * x[i]).min(largest);
        codes[i] = code as u8;
        let l = code as f32;
        sum_lx += weights[i] * x[i] * l;
        sum_l2 += weights[i] * l * l;
    }
    for _ in 0..5 {
        let mut changed = false;
        for i in 0..8 {
            let (w, old) = (weights[i], f32::from(codes[i]));
            let mut this_lx = sum_lx - w * x[i] * old;
            let mut this_l2 = sum_l2 - w * old * old;
            if !(this_lx > 0.0 && this_l2 > 0.0) {
                continue;
            }
            let code = nearest(x[i] * this_l2 / this_lx).min(largest);
            if code != i32::from(codes[i]) {
                let l = code as f32;
                this_lx += w * x[i] * l;
                this_l2 += w * l * l;
                if this_lx * this_lx * sum_l2 > sum_lx * sum_lx * this_l2 {
                    codes[i] = code as u8;
                    (sum_lx, sum_l2, changed) = (this_lx, this_l2, true);
                }
            }
        }
        if !changed {
            break;
        }
    }
    (if sum_l2 > 0.0 { sum_lx / sum_l2 } else { 0.0 }, codes)
}
