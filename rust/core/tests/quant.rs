//! Properties of the block formats that hold for any finite values.

use proptest::prelude::*;
use t2sql_core::quant::{self, Simd};
use t2sql_core::{BlockFormat, Encoding, Float};

fn bytes(x: &[f32]) -> Vec<u8> {
    x.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn convert(from: Float, to: impl Into<Encoding>, src: &[u8]) -> Vec<u8> {
    let to = to.into();
    let mut out = vec![0xAA; to.bytes(src.len() / from.size()).unwrap()];
    Simd::Scalar.convert(from, to, src, &mut out);
    out
}

fn there_and_back(format: BlockFormat, x: &[f32]) -> Vec<f32> {
    let q = convert(Float::F32, format, &bytes(x));
    let mut out = vec![f32::NAN; x.len()];
    Simd::Scalar.dequantize(format, &q, &mut out);
    out
}

fn block() -> impl Strategy<Value = Vec<f32>> {
    (prop::collection::vec(-1.0f32..1.0, 32), -12i32..15)
        .prop_map(|(x, e)| x.into_iter().map(|v| v * (e as f32).exp2()).collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Within half a step, plus what rounding the scale (and minimum) to half precision adds.
    #[test]
    fn a_dequantized_value_is_within_a_step_of_the_original(x in block()) {
        let max = x.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        let spread = x.iter().fold(f32::MIN, |m, &v| m.max(v)) - x.iter().fold(f32::MAX, |m, &v| m.min(v));
        let tiny = 2.0f32.powi(-24);
        let bounds = [
            (BlockFormat::Q8_0, max / 254.0 + max / 2048.0 + 128.0 * tiny),
            // The end of the range opposite to the largest magnitude has no code: up to a whole step there.
            (BlockFormat::Q4_0, max / 8.0 + max / 1024.0 + 8.0 * tiny),
            (BlockFormat::Q4_1, spread / 30.0 + spread / 1024.0 + max / 2048.0 + 16.0 * tiny),
        ];
        for (format, bound) in bounds {
            for (a, b) in x.iter().zip(there_and_back(format, &x)) {
                prop_assert!((a - b).abs() <= bound, "{format}: {a} came back as {b}, bound {bound}");
            }
        }
    }

    /// Any bits: no panic, and a value that is not finite shows in the scale.
    #[test]
    fn blocks_of_any_bits_are_quantized_or_get_a_nan_scale(bits in prop::collection::vec(any::<u32>(), 256)) {
        let x: Vec<f32> = bits.into_iter().map(f32::from_bits).collect();
        for format in BlockFormat::ALL {
            let x = &x[..format.block_len()];
            let q = convert(Float::F32, format, &bytes(x));
            if x.iter().any(|v| !v.is_finite()) {
                prop_assert_eq!(quant::find_not_finite(format.into(), &q), Some(0));
                let zeros = match format {
                    BlockFormat::Q4_1 | BlockFormat::Q5_1 | BlockFormat::Q4K | BlockFormat::Q5K => &q[4..],
                    BlockFormat::Q6K => &q[..q.len() - 2],
                    _ => &q[2..],
                };
                prop_assert!(zeros.iter().all(|&b| b == 0));
            }
        }
    }

    #[test]
    fn sixteen_bit_sources_quantize_as_their_float32_values(bits in prop::collection::vec(any::<u16>(), 512)) {
        let src: Vec<u8> = bits.into_iter().flat_map(u16::to_le_bytes).collect();
        for from in [Float::F16, Float::Bf16] {
            let values = convert(from, Float::F32, &src);
            for to in BlockFormat::ALL {
                prop_assert_eq!(convert(from, to, &src), convert(Float::F32, to, &values));
            }
        }
    }

    #[test]
    fn casts_round_to_nearest_even(bits in any::<u32>()) {
        let x = f32::from_bits(bits);
        let src = x.to_le_bytes();
        let bf16 = half::bf16::from_f32(x).to_bits().to_le_bytes();
        prop_assert_eq!(convert(Float::F32, Float::Bf16, &src), bf16);
        let f16 = half::f16::from_f32(x).to_bits().to_le_bytes();
        prop_assert_eq!(convert(Float::F32, Float::F16, &src), f16);
    }
}

#[test]
fn the_first_value_that_is_not_finite_is_located() {
    for float in Float::ALL {
        let x: Vec<f32> =
            (0..100).map(|i| if i == 63 || i == 90 { f32::NEG_INFINITY } else { 1.0 }).collect();
        let values = convert(Float::F32, float, &bytes(&x));
        assert_eq!(quant::find_not_finite(float.into(), &values), Some(63));
    }
}
