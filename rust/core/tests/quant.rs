//! Properties of the block formats that hold for any finite values.

use proptest::prelude::*;
use t2sql_core::quant::{self, cast, Simd};
use t2sql_core::Dtype;

fn bytes(x: &[f32]) -> Vec<u8> {
    x.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn there_and_back(dtype: Dtype, x: &[f32]) -> Vec<f32> {
    let mut q = vec![0; dtype.bytes(x.len() as u64).unwrap() as usize];
    Simd::Scalar.convert(Dtype::F32, dtype, &bytes(x), &mut q);
    let mut out = vec![f32::NAN; x.len()];
    Simd::Scalar.dequantize(dtype, &q, &mut out);
    out
}

fn block() -> impl Strategy<Value = Vec<f32>> {
    (prop::collection::vec(-1.0f32..1.0, 32), -12i32..15)
        .prop_map(|(x, e)| x.into_iter().map(|v| v * (e as f32).exp2()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Half a step, and what rounding the scale (and minimum) to half precision adds.
    #[test]
    fn a_value_comes_back_within_its_step(x in block()) {
        let max = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        let spread = x.iter().fold(f32::MIN, |m, &v| m.max(v)) - x.iter().fold(f32::MAX, |m, &v| m.min(v));
        let tiny = 2.0f32.powi(-24);
        let bounds = [
            (Dtype::Q8_0, max / 254.0 + max / 2048.0 + 128.0 * tiny),
            // The far end of the range has no code of its own: up to a whole step there.
            (Dtype::Q4_0, max / 8.0 + max / 1024.0 + 8.0 * tiny),
            (Dtype::Q4_1, spread / 30.0 + spread / 1024.0 + max / 2048.0 + 16.0 * tiny),
        ];
        for (dtype, bound) in bounds {
            for (a, b) in x.iter().zip(there_and_back(dtype, &x)) {
                prop_assert!((a - b).abs() <= bound, "{dtype}: {a} came back as {b}, bound {bound}");
            }
        }
    }

    /// Any bits at all: no panic, and what is not finite is seen in the scale.
    #[test]
    fn blocks_of_any_bits_are_quantized_or_poisoned(bits in prop::collection::vec(any::<u32>(), 32)) {
        let x: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
        for dtype in [Dtype::Q8_0, Dtype::Q4_0, Dtype::Q4_1] {
            let mut q = vec![0; dtype.block_bytes() as usize];
            Simd::Scalar.convert(Dtype::F32, dtype, &bytes(&x), &mut q);
            if x.iter().any(|v| !v.is_finite()) {
                prop_assert_eq!(quant::find_not_finite(dtype, &q), Some(0));
                let scales = if dtype == Dtype::Q4_1 { 4 } else { 2 };
                prop_assert!(q[scales..].iter().all(|&b| b == 0));
            }
        }
    }

    #[test]
    fn half_types_quantize_as_their_float32_values(bits in prop::collection::vec(any::<u16>(), 64)) {
        let src: Vec<u8> = bits.into_iter().flat_map(u16::to_le_bytes).collect();
        for from in [Dtype::F16, Dtype::BF16] {
            let mut wide = vec![0; 256];
            cast::cast(from, Dtype::F32, &src, &mut wide);
            for to in [Dtype::Q8_0, Dtype::Q4_0, Dtype::Q4_1] {
                let size = 2 * to.block_bytes() as usize;
                let (mut direct, mut two_steps) = (vec![0; size], vec![1; size]);
                Simd::Scalar.convert(from, to, &src, &mut direct);
                Simd::Scalar.convert(Dtype::F32, to, &wide, &mut two_steps);
                prop_assert_eq!(&direct, &two_steps);
            }
        }
    }

    #[test]
    fn casts_round_to_nearest_even(bits in any::<u32>()) {
        let x = f32::from_bits(bits);
        let src = x.to_le_bytes();
        let mut out = [0; 2];
        cast::cast(Dtype::F32, Dtype::BF16, &src, &mut out);
        let got = half::bf16::from_bits(u16::from_le_bytes(out));
        prop_assert_eq!(got.to_bits(), half::bf16::from_f32(x).to_bits());
        cast::cast(Dtype::F32, Dtype::F16, &src, &mut out);
        prop_assert_eq!(u16::from_le_bytes(out), half::f16::from_f32(x).to_bits());
    }
}

#[test]
fn the_first_value_that_is_not_finite_is_found() {
    for dtype in [Dtype::F32, Dtype::F16, Dtype::BF16] {
        let x: Vec<f32> =
            (0..100).map(|i| if i == 63 || i == 90 { f32::NEG_INFINITY } else { 1.0 }).collect();
        let mut out = vec![0; 100 * dtype.block_bytes() as usize];
        cast::cast(Dtype::F32, dtype, &bytes(&x), &mut out);
        assert_eq!(quant::find_not_finite(dtype, &out), Some(63));
    }
}
