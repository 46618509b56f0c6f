//! Casts between f32, f16 and bf16, rounded to nearest even. Overflow becomes infinity here and is
//! refused by the caller, who knows the tensor's name.

use half::f16;

use super::scalar::{Element, BF16, F16, F32};
use crate::dtype::Dtype;

/// Converts each value; `out` has as many as `src`.
pub fn cast(from: Dtype, to: Dtype, src: &[u8], out: &mut [u8]) {
    match (from, to) {
        _ if from == to => out.copy_from_slice(src),
        (Dtype::F32, Dtype::F16) => each::<F32, 2>(src, out, to_f16),
        (Dtype::F32, Dtype::BF16) => each::<F32, 2>(src, out, to_bf16),
        (Dtype::F16, Dtype::F32) => each::<F16, 4>(src, out, f32::to_le_bytes),
        (Dtype::F16, Dtype::BF16) => each::<F16, 2>(src, out, to_bf16),
        (Dtype::BF16, Dtype::F32) => each::<BF16, 4>(src, out, f32::to_le_bytes),
        (Dtype::BF16, Dtype::F16) => each::<BF16, 2>(src, out, to_f16),
        _ => panic!("no cast from {from} to {to}"),
    }
}

fn each<E: Element, const N: usize>(src: &[u8], out: &mut [u8], put: impl Fn(f32) -> [u8; N]) {
    for (from, to) in src.chunks_exact(E::BYTES).zip(out.chunks_exact_mut(N)) {
        to.copy_from_slice(&put(E::read(from)));
    }
}

fn to_f16(x: f32) -> [u8; 2] {
    f16::from_f32_const(x).to_bits().to_le_bytes()
}

fn to_bf16(x: f32) -> [u8; 2] {
    let bits = x.to_bits();
    let rounded = if x.is_nan() {
        bits | 0x0040_0000
    } else {
        // Never wraps: the largest bits that are no NaN are infinity's.
        bits + 0x7FFF + (bits >> 16 & 1)
    };
    ((rounded >> 16) as u16).to_le_bytes()
}
