//! Casts between f32, f16 and bf16, rounded to nearest even. What overflows becomes infinity; the caller, who
//! knows the tensor's name, refuses it.

use super::element::{half_bytes, Bf16, Element, F16, F32};
use crate::encoding::Float;

/// Converts each value of `src`; `out` has as many.
pub(crate) fn cast(from: Float, to: Float, src: &[u8], out: &mut [u8]) {
    match (from, to) {
        (Float::F32, Float::F32) | (Float::F16, Float::F16) | (Float::Bf16, Float::Bf16) => {
            out.copy_from_slice(src);
        }
        (Float::F32, Float::F16) => cast_each::<F32, 2>(src, out, half_bytes),
        (Float::F32, Float::Bf16) => cast_each::<F32, 2>(src, out, bf16_bytes),
        (Float::F16, Float::F32) => cast_each::<F16, 4>(src, out, f32::to_le_bytes),
        (Float::F16, Float::Bf16) => cast_each::<F16, 2>(src, out, bf16_bytes),
        (Float::Bf16, Float::F32) => cast_each::<Bf16, 4>(src, out, f32::to_le_bytes),
        (Float::Bf16, Float::F16) => cast_each::<Bf16, 2>(src, out, half_bytes),
    }
}

fn cast_each<E: Element, const N: usize>(src: &[u8], out: &mut [u8], bytes: impl Fn(f32) -> [u8; N]) {
    for (from, to) in src.chunks_exact(E::BYTES).zip(out.chunks_exact_mut(N)) {
        to.copy_from_slice(&bytes(E::read(from)));
    }
}

fn bf16_bytes(x: f32) -> [u8; 2] {
    let bits = x.to_bits();
    let rounded = if x.is_nan() {
        bits | 0x0040_0000
    } else {
        // Never wraps: the largest bits of a number that is not NaN are infinity's.
        bits + 0x7FFF + (bits >> 16 & 1)
    };
    ((rounded >> 16) as u16).to_le_bytes()
}
