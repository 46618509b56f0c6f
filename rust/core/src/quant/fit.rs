//! Fitted rounding of blocks of 32 values: the specification, one block at a time, which `fit_lanes` equals.
//!
//! A few candidates round the values on grids that are a little wider or narrower than the reference's. Least squares
//! over the codes gives each candidate's scale (and minimum); of the one that explains most of the values scale and
//! minimum are rounded to half precision, and the codes are taken anew. The block that results replaces the
//! reference's where its sum of squared errors, each times the weight of its column, is smaller.
//!
//! Sums of 32 numbers are taken in halves: number i and i + 16 first, then i and i + 8, and so on.

use super::block::{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use super::element::{half_bytes, half_value, Values};
use super::from_codes::FromCodes;

/// Blocks whose largest magnitude is between these are fitted: no product below overflows, nor an inverse.
pub(super) const TAME: (f32, f32) = (f32::from_bits(87 << 23), f32::from_bits(167 << 23)); // 2^-40 and 2^40

/// An error has to be less than this part of the reference's, so that it is less however sums are rounded.
pub(super) const LESS: f32 = 1.0 - 1.0 / 65536.0;

/// Errors below this are left alone: with weights their terms may have lost bits near the smallest numbers.
pub(super) const LEAST: f32 = f32::from_bits(37 << 23); // 2^-90

/// A candidate: the codes, before they are rounded, of two values of the block. Where the format has no minimum
/// `end` is the code of the value of the largest magnitude, and `start` is not used; else they are those of the
/// minimum and of the maximum.
#[derive(Clone, Copy)]
pub(super) struct Candidate {
    pub start: f32,
    pub end: f32,
}

/// Candidates of a format without a minimum.
const fn of_largest<const N: usize>(codes: [f32; N]) -> [Candidate; N] {
    let mut out = [Candidate { start: 0.0, end: 0.0 }; N];
    let mut i = 0;
    while i < N {
        out[i].end = -codes[i];
        i += 1;
    }
    out
}

/// Candidates of a format with a minimum: how far the codes of minimum and maximum are above 0 and `largest`.
const fn of_ends<const N: usize>(largest: f32, above: [(f32, f32); N]) -> [Candidate; N] {
    let mut out = [Candidate { start: 0.0, end: 0.0 }; N];
    let mut i = 0;
    while i < N {
        out[i] = Candidate { start: above[i].0, end: largest + above[i].1 };
        i += 1;
    }
    out
}

/// A format of 32 values that can be fitted: x = d * code (+ m), codes from `LOW` to `HIGH`.
pub(super) trait Fit: FromCodes {
    /// The smallest code.
    const LOW: f32;
    /// The largest code.
    const HIGH: f32;
    /// Whether there is a minimum m.
    const HAS_MIN: bool;
    /// The candidates, chosen greedily on normal and Student-t values (docs/quantization.md).
    const CANDIDATES: &'static [Candidate];
}

/// The sum of 32 numbers, in halves.
fn sum(mut x: Values) -> f32 {
    for width in [16, 8, 4, 2, 1] {
        for i in 0..width {
            x[i] += x[i + width];
        }
    }
    x[0]
}

/// The nearest whole number, halves to even, of what is smaller than 2^22.
fn round(x: f32) -> f32 {
    const MAGIC: f32 = 12_582_912.0;
    (x + MAGIC) - MAGIC
}

fn error(x: &Values, w: &Values, y: &Values) -> f32 {
    sum(std::array::from_fn(|i| w[i] * ((x[i] - y[i]) * (x[i] - y[i]))))
}

/// Replaces the block by a better one, if one is found.
pub(super) fn improve<B: Fit>(x: &Values, w: &Values, block: &mut B) {
    let magnitude = f32::from_bits(x.iter().fold(0, |bits, v| bits.max(v.abs().to_bits())));
    if !(TAME.0 < magnitude && magnitude < TAME.1) {
        return;
    }
    let (min, max) = x.iter().fold((x[0], x[0]), |(min, max), &v| (min.min(v), max.max(v)));
    let middle = if B::HAS_MIN { (min + max) * 0.5 } else { 0.0 };
    let largest = if -min > max { min } else { max };
    let centred: Values = std::array::from_fn(|i| if B::HAS_MIN { x[i] - middle } else { x[i] });
    let wx: Values = std::array::from_fn(|i| w[i] * centred[i]);
    let (sum_w, sum_x) = (sum(*w), sum(wx));
    let (mut best, mut d, mut best_l) = (0.0, 0.0, 0.0);
    for candidate in B::CANDIDATES {
        let (inverse, offset) = if B::HAS_MIN {
            ((candidate.end - candidate.start) / (max - min), (candidate.end + candidate.start) * 0.5)
        } else {
            (candidate.end / largest, 0.0)
        };
        let l = centred.map(|v| {
            let code = if B::HAS_MIN { v * inverse + offset } else { v * inverse };
            round(code).min(B::HIGH).max(B::LOW)
        });
        let wl: Values = std::array::from_fn(|i| w[i] * l[i]);
        let sum_l = sum(wl);
        let sum_l2 = sum(std::array::from_fn(|i| wl[i] * l[i]));
        let sum_xl = sum(std::array::from_fn(|i| wl[i] * centred[i]));
        let (above, below) = if B::HAS_MIN {
            (sum_w * sum_xl - sum_x * sum_l, sum_w * sum_l2 - sum_l * sum_l)
        } else {
            (sum_xl, sum_l2)
        };
        let score = above * above / below;
        if best < score {
            (best, d, best_l) = (score, above / below, sum_l);
        }
    }
    let half_d = half_bytes(d);
    let d = half_value(half_d);
    let half_m = if B::HAS_MIN { half_bytes((sum_x - d * best_l) / sum_w + middle) } else { [0; 2] };
    let m = half_value(half_m);
    let inverse = if d == 0.0 || !(1.0 / d).is_finite() { 0.0 } else { 1.0 / d };
    let codes = x.map(|v| {
        let code = if B::HAS_MIN { (v - m) * inverse } else { v * inverse };
        round(code).min(B::HIGH).max(B::LOW)
    });
    let fitted = codes.map(|code| if B::HAS_MIN { code * d + m } else { code * d });
    let before = error(x, w, &block.dequantize());
    if LEAST < before && error(x, w, &fitted) < before * LESS {
        *block = B::from_codes(half_d, half_m, &codes.map(|code| (code - B::LOW) as u8));
    }
}

impl Fit for Q8_0 {
    const LOW: f32 = -127.0;
    const HIGH: f32 = 127.0;
    const HAS_MIN: bool = false;
    const CANDIDATES: &'static [Candidate] = &of_largest([126.0, 124.0]);
}

impl Fit for Q4_0 {
    const LOW: f32 = -8.0;
    const HIGH: f32 = 7.0;
    const HAS_MIN: bool = false;
    const CANDIDATES: &'static [Candidate] = &of_largest([8.5, 7.25, 8.0]);
}

impl Fit for Q5_0 {
    const LOW: f32 = -16.0;
    const HIGH: f32 = 15.0;
    const HAS_MIN: bool = false;
    const CANDIDATES: &'static [Candidate] = &of_largest([16.5, 15.0, 15.75]);
}

impl Fit for Q4_1 {
    const LOW: f32 = 0.0;
    const HIGH: f32 = 15.0;
    const HAS_MIN: bool = true;
    const CANDIDATES: &'static [Candidate] = &of_ends(15.0, [(-0.5, 0.0), (0.0, 0.5), (-0.25, 0.25)]);
}

impl Fit for Q5_1 {
    const LOW: f32 = 0.0;
    const HIGH: f32 = 31.0;
    const HAS_MIN: bool = true;
    const CANDIDATES: &'static [Candidate] = &of_ends(31.0, [(0.75, 0.25), (-0.25, 0.0), (0.25, 0.25)]);
}
