//! Everything between the matrix products: norms, rotary positions, gates, softmax, and their gradients.
//!
//! Each function is a plain loop that the compiler vectorizes. On x86-64 it is compiled a second time for
//! AVX2, which changes no result: Rust never contracts a multiplication and an addition into one rounding,
//! and every sum has a fixed order.

/// Defines functions that are compiled for the baseline and for AVX2, and choose between the two at run time.
macro_rules! vectorized {
    ($($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $body:block)*) => {
        $($(#[$doc])*
        pub(crate) fn $name($($arg: $type),*) {
            #[inline(always)]
            fn plain($($arg: $type),*) $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                    fn avx2($($arg: $type),*) {
                    plain($($arg),*)
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2, which is all that this function demands.
                    return unsafe { avx2($($arg),*) };
                }
            }
            plain($($arg),*)
        })*
    };
}

/// The dot product, in sixteen partial sums so that it can be vectorized.
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

/// e to the power of x, within two units in the last place and without branches: the polynomial of `expf` in
/// Cephes (<https://www.netlib.org/cephes/>). The argument is clamped to -87..=88; a NaN stays one.
#[inline(always)]
fn exp(x: f32) -> f32 {
    // 1.5 * 2^23: adding it leaves the nearest whole number in the low bits.
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

/// A permutation of the 32-bit numbers whose output bits depend evenly on all input bits: `lowbias32` of the
/// hash prospector (<https://github.com/skeeto/hash-prospector>).
#[inline(always)]
fn hash(mut x: u32) -> u32 {
    x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d);
    x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

/// sqrt(2 / pi), and the factor of the cube, of the approximation of GELU by tanh
/// (Hendrycks and Gimpel 2016, <https://arxiv.org/abs/1606.08415>).
const GELU_SCALE: f32 = 0.797_884_6;
const GELU_CUBE: f32 = 0.044_715;

vectorized! {
    /// out = x / rms(x) * weight for each row of `x`, `[rows, hidden]`; `inverse_rms` receives each row's
    /// 1 / rms.
    fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32], inverse_rms: &mut [f32]) {
        let width = weight.len();
        let rows = x.chunks_exact(width).zip(out.chunks_exact_mut(width)).zip(inverse_rms);
        for ((x, out), inverse_rms) in rows {
            *inverse_rms = 1.0 / (dot(x, x) / width as f32 + eps).sqrt();
            for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
                *out = x * *inverse_rms * weight;
            }
        }
    }

    /// Adds the gradient of `rms_norm`'s input to `dx`, from its output's gradient `dy`, which is overwritten.
    fn rms_norm_backward(x: &[f32], weight: &[f32], inverse_rms: &[f32], dy: &mut [f32], dx: &mut [f32]) {
        let width = weight.len();
        let rows = x.chunks_exact(width).zip(dy.chunks_exact_mut(width)).zip(dx.chunks_exact_mut(width));
        for (((x, dy), dx), &inverse_rms) in rows.zip(inverse_rms) {
            for (dy, weight) in dy.iter_mut().zip(weight) {
                *dy *= weight;
            }
            let projection = dot(x, dy) * inverse_rms * inverse_rms * inverse_rms / width as f32;
            for ((dx, dy), x) in dx.iter_mut().zip(dy).zip(x) {
                *dx += inverse_rms * *dy - projection * x;
            }
        }
    }

    /// Rotates the pairs (i, i + half) of each head by its row's position, in place. `x` is
    /// `[rows, heads, head_dim]`, `cos` and `sin` are `[rows, half]`; numbers after `2 * half` stay. A `sign`
    /// of -1.0 transposes the rotation, which is the gradient.
    fn rotate_halves(
        x: &mut [f32], heads: usize, head_dim: usize, cos: &[f32], sin: &[f32], half: usize, sign: f32,
    ) {
        let angles = cos.chunks_exact(half).zip(sin.chunks_exact(half));
        for (row, (cos, sin)) in x.chunks_exact_mut(heads * head_dim).zip(angles) {
            for head in row.chunks_exact_mut(head_dim) {
                let (left, right) = head[..half * 2].split_at_mut(half);
                for i in 0..half {
                    let (a, b, s) = (left[i], right[i], sin[i] * sign);
                    left[i] = a * cos[i] - b * s;
                    right[i] = a * s + b * cos[i];
                }
            }
        }
    }

    /// As `rotate_halves`, for the pairs (2 i, 2 i + 1).
    fn rotate_neighbours(
        x: &mut [f32], heads: usize, head_dim: usize, cos: &[f32], sin: &[f32], half: usize, sign: f32,
    ) {
        let angles = cos.chunks_exact(half).zip(sin.chunks_exact(half));
        for (row, (cos, sin)) in x.chunks_exact_mut(heads * head_dim).zip(angles) {
            for head in row.chunks_exact_mut(head_dim) {
                for (pair, (cos, sin)) in head.chunks_exact_mut(2).zip(cos.iter().zip(sin)) {
                    let (a, b, s) = (pair[0], pair[1], sin * sign);
                    pair[0] = a * cos - b * s;
                    pair[1] = a * s + b * cos;
                }
            }
        }
    }

    /// out = gate * sigmoid(gate) * up.
    fn swiglu(gate: &[f32], up: &[f32], out: &mut [f32]) {
        for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
            *out = gate / (1.0 + exp(-gate)) * up;
        }
    }

    /// Replaces `swiglu`'s inputs by their gradients, from the output's gradient `dout`.
    fn swiglu_backward(gate: &mut [f32], up: &mut [f32], dout: &[f32]) {
        for ((gate, up), dout) in gate.iter_mut().zip(up).zip(dout) {
            let s = 1.0 / (1.0 + exp(-*gate));
            let silu = *gate * s;
            *gate = dout * *up * (s + silu * (1.0 - s));
            *up = dout * silu;
        }
    }

    /// out = gelu(gate) * up, where gelu is its approximation by tanh: x sigmoid(2 u), which is
    /// x (1 + tanh(u)) / 2, with u = sqrt(2 / pi) (x + 0.044715 x^3).
    fn geglu(gate: &[f32], up: &[f32], out: &mut [f32]) {
        for ((out, gate), up) in out.iter_mut().zip(gate).zip(up) {
            let u = GELU_SCALE * (gate + GELU_CUBE * gate * gate * gate);
            *out = gate / (1.0 + exp(-2.0 * u)) * up;
        }
    }

    /// Replaces `geglu`'s inputs by their gradients, from the output's gradient `dout`.
    fn geglu_backward(gate: &mut [f32], up: &mut [f32], dout: &[f32]) {
        for ((gate, up), dout) in gate.iter_mut().zip(up).zip(dout) {
            let x = *gate;
            let s = 1.0 / (1.0 + exp(-2.0 * GELU_SCALE * (x + GELU_CUBE * x * x * x)));
            let slope = GELU_SCALE * (1.0 + 3.0 * GELU_CUBE * x * x);
            *gate = dout * *up * (s + 2.0 * x * s * (1.0 - s) * slope);
            *up = dout * x * s;
        }
    }

    /// x = cap * tanh(scale * x / cap), in place.
    fn soft_cap(x: &mut [f32], scale: f32, cap: f32) {
        let factor = 2.0 * scale / cap;
        for x in x.iter_mut() {
            *x = cap * (1.0 - 2.0 / (1.0 + exp(*x * factor)));
        }
    }

    /// Replaces the gradient `dy` of `soft_cap`'s output `y` by that of its input.
    fn soft_cap_backward(y: &[f32], dy: &mut [f32], scale: f32, cap: f32) {
        for (y, dy) in y.iter().zip(dy) {
            let tanh = y / cap;
            *dy *= scale * (1.0 - tanh * tanh);
        }
    }

    /// out = beta * out + the numbers of `x` that are kept, divided by the probability `keep` of that; beta is
    /// 0 or 1. Which are kept follows from `key` and their index, of which `first` is the first one's.
    fn dropout(x: &[f32], first: u32, key: [u32; 2], keep: f32, beta: f32, out: &mut [f32]) {
        let limit = (f64::from(keep) * 4_294_967_296.0) as u32;
        let factor = 1.0 / keep;
        for (i, (x, out)) in x.iter().zip(out).enumerate() {
            let random = hash(hash(first.wrapping_add(i as u32) ^ key[0]) ^ key[1]);
            let kept = if keep == 1.0 || random < limit { x * factor } else { 0.0 };
            *out = if beta == 0.0 { kept } else { *out + kept };
        }
    }

    /// Softmax of one row, in place; `log_sum_exp` receives the logarithm of the sum of its exponentials.
    fn softmax(x: &mut [f32], log_sum_exp: &mut f32) {
        let mut maxima = [f32::NEG_INFINITY; 16];
        for part in x.chunks(16) {
            for (max, x) in maxima.iter_mut().zip(part) {
                *max = if *x > *max { *x } else { *max };
            }
        }
        let max = maxima.iter().fold(f32::NEG_INFINITY, |a, b| a.max(*b));
        let mut sums = [0.0f32; 16];
        for part in x.chunks_mut(16) {
            for (sum, x) in sums.iter_mut().zip(part) {
                *x = exp(*x - max);
                *sum += *x;
            }
        }
        let sum: f32 = sums.iter().sum();
        let inverse_sum = 1.0 / sum;
        for x in x.iter_mut() {
            *x *= inverse_sum;
        }
        *log_sum_exp = max + sum.ln();
    }

    /// Softmax of scale * x in rows of `kv_len`, in place. Row i is over the last `window` of its first
    /// `prefix_len` + i + 1 columns, which are the keys that it may attend to; the others become zero.
    fn causal_softmax(x: &mut [f32], prefix_len: usize, kv_len: usize, window: usize, scale: f32) {
        for (i, row) in x.chunks_exact_mut(kv_len).enumerate() {
            let (seen, future) = row.split_at_mut(prefix_len + i + 1);
            future.fill(0.0);
            let (distant, seen) = seen.split_at_mut((prefix_len + i + 1).saturating_sub(window));
            distant.fill(0.0);
            let mut max = f32::NEG_INFINITY;
            for x in seen.iter() {
                max = if *x > max { *x } else { max };
            }
            for x in seen.iter_mut() {
                *x = exp((*x - max) * scale);
            }
            let sum: f32 = seen.iter().sum();
            let inverse_sum = 1.0 / sum;
            for x in seen.iter_mut() {
                *x *= inverse_sum;
            }
        }
    }

    /// Replaces the gradient `dp` of `causal_softmax`'s output by that of its input; `p` is the output.
    fn causal_softmax_backward(p: &[f32], dp: &mut [f32], kv_len: usize, scale: f32) {
        for (p, dp) in p.chunks_exact(kv_len).zip(dp.chunks_exact_mut(kv_len)) {
            let projection = dot(p, dp);
            for (dp, p) in dp.iter_mut().zip(p) {
                *dp = p * (*dp - projection) * scale;
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
