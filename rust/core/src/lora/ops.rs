//! What lies between the products: norms, rotary positions, SwiGLU, softmax, and their gradients.
//!
//! Each is a plain loop that the compiler vectorizes, compiled a second time for AVX2.

/// Defines functions whose loops are compiled for this processor's vectors, chosen at run time.
macro_rules! vectorized {
    ($($(#[$doc:meta])* pub fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)*) => {
        $($(#[$doc])*
        #[allow(clippy::too_many_arguments)]
        pub fn $name($($arg: $type),*) {
            #[inline(always)]
            #[allow(clippy::too_many_arguments)]
            fn plain($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2,fma")]
                #[allow(clippy::too_many_arguments)]
                fn avx2($($arg: $type),*) {
                    plain($($arg),*)
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    // SAFETY: both features were found.
                    return unsafe { avx2($($arg),*) };
                }
            }
            plain($($arg),*)
        })*
    };
}

/// The sum of products, in sixteen partial sums.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0f32; 16];
    let (heads_a, heads_b) = (a.chunks_exact(16), b.chunks_exact(16));
    let rest: f32 = heads_a.remainder().iter().zip(heads_b.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in heads_a.zip(heads_b) {
        for i in 0..16 {
            sums[i] += x[i] * y[i];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// e to the x within two units in the last place: Cephes' polynomial, without branches.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding it leaves the nearest whole number in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4f32;
    for c in [1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_6e-1, 0.5] {
        p = p * r + c;
    }
    let value = p * (r * r) + r + 1.0;
    let power = shifted.to_bits().wrapping_sub(ROUND.to_bits()).wrapping_add(127) << 23;
    value * f32::from_bits(power)
}

vectorized! {
    /// out = x / rms(x) * weight by rows; `inverse` gets each row's 1 / rms.
    pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32], inverse: &mut [f32]) {
        let width = weight.len();
        let rows = x.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(inverse);
        for ((x, out), inverse) in rows {
            *inverse = 1.0 / (dot(x, x) / width as f32 + eps).sqrt();
            for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
                *out = x * *inverse * weight;
            }
        }
    }

    /// Adds to dx what `rms_norm`'s gradient dy makes of it; dy is used up.
    pub fn rms_norm_backward(x: &[f32], weight: &[f32], inverse: &[f32], dy: &mut [f32], dx: &mut [f32]) {
        let width = weight.len();
        let rows = x.chunks_exact(width).zip(dy.chunks_exact_mut(width)).zip(dx.chunks_exact_mut(width));
        for (((x, dy), dx), &inverse) in rows.zip(inverse) {
            for (dy, weight) in dy.iter_mut().zip(weight) {
                *dy *= weight;
            }
            let along = dot(x, dy) * inverse * inverse * inverse / width as f32;
            for ((dx, dy), x) in dx.iter_mut().zip(dy).zip(x) {
                *dx += inverse * *dy - along * x;
            }
        }
    }

    /// Turns each head of each row by its position, in place; `sign` is -1.0 for the gradient.
    /// `cos` and `sin` are [rows, half a head].
    pub fn rotate(x: &mut [f32], heads: usize, cos: &[f32], sin: &[f32], half: usize, sign: f32) {
        let turns = cos.chunks_exact(half).zip(sin.chunks_exact(half));
        for (row, (cos, sin)) in x.chunks_exact_mut(heads * half * 2).zip(turns) {
            for head in row.chunks_exact_mut(half * 2) {
                let (left, right) = head.split_at_mut(half);
                for i in 0..half {
                    let (a, b, s) = (left[i], right[i], sin[i] * sign);
                    left[i] = a * cos[i] - b * s;
                    right[i] = a * s + b * cos[i];
                }
            }
        }
    }

    /// out = gate * sigmoid(gate) * up.
    pub fn swiglu(gate: &[f32], up: &[f32], out: &mut [f32]) {
        for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
            *out = gate / (1.0 + exp(-gate)) * up;
        }
    }

    /// The gradients of `swiglu`'s inputs in the place of the inputs.
    pub fn swiglu_backward(gate: &mut [f32], up: &mut [f32], dout: &[f32]) {
        for ((gate, up), dout) in gate.iter_mut().zip(up).zip(dout) {
            let s = 1.0 / (1.0 + exp(-*gate));
            let silu = *gate * s;
            *gate = dout * *up * (s + silu * (1.0 - s));
            *up = dout * silu;
        }
    }

    /// Softmax of one row, in place, and the logarithm of the sum of its exponentials.
    pub fn softmax(x: &mut [f32], log_sum: &mut [f32; 1]) {
        let mut tops = [f32::NEG_INFINITY; 16];
        for part in x.chunks(16) {
            for (top, x) in tops.iter_mut().zip(part) {
                *top = if *x > *top { *x } else { *top };
            }
        }
        let top = tops.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        let mut sums = [0.0f32; 16];
        for part in x.chunks_mut(16) {
            for (sum, x) in sums.iter_mut().zip(part) {
                *x = exp(*x - top);
                *sum += *x;
            }
        }
        let sum: f32 = sums.iter().sum();
        let share = 1.0 / sum;
        for x in x.iter_mut() {
            *x *= share;
        }
        log_sum[0] = top + sum.ln();
    }

    /// Softmax of scale * x in rows of `length`, in place: row i over its first `before` + i + 1
    /// columns; zero after them.
    pub fn causal_softmax(x: &mut [f32], before: usize, length: usize, scale: f32) {
        for (i, row) in x.chunks_exact_mut(length).enumerate() {
            let (seen, hidden) = row.split_at_mut(before + i + 1);
            hidden.fill(0.0);
            let mut top = f32::NEG_INFINITY;
            for x in seen.iter() {
                top = if *x > top { *x } else { top };
            }
            for x in seen.iter_mut() {
                *x = exp((*x - top) * scale);
            }
            let sum: f32 = seen.iter().sum();
            let share = 1.0 / sum;
            for x in seen.iter_mut() {
                *x *= share;
            }
        }
    }

    /// The gradient of `causal_softmax`'s input in the place of its output's gradient `dp`.
    pub fn causal_softmax_backward(p: &[f32], dp: &mut [f32], length: usize, scale: f32) {
        for (p, dp) in p.chunks_exact(length).zip(dp.chunks_exact_mut(length)) {
            let along = dot(p, dp);
            for (dp, p) in dp.iter_mut().zip(p) {
                *dp = p * (*dp - along) * scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_is_exact_to_two_units_in_the_last_place() {
        for i in -86_999..88_000 {
            let x = i as f32 * 1e-3;
            let right = f64::from(x).exp();
            assert!((f64::from(exp(x)) / right - 1.0).abs() < 2.4e-7, "{x}: {} {right}", exp(x));
        }
        assert!(exp(f32::NAN).is_nan());
        assert!(exp(f32::NEG_INFINITY) < 2e-38 && exp(f32::INFINITY).is_finite());
    }
}
