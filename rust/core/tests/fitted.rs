//! Fitted rounding: never a larger error than the reference's, and the same bytes on every instruction set.

use std::cmp::Ordering;

use proptest::prelude::*;
use t2sql_core::quant::{bytes_of, Rounding, Simd};
use t2sql_core::{BlockFormat, Encoding, Float};

const FITTED: [BlockFormat; 5] =
    [BlockFormat::Q8_0, BlockFormat::Q4_0, BlockFormat::Q4_1, BlockFormat::Q5_0, BlockFormat::Q5_1];

fn quantize(rounding: Rounding, simd: Simd, from: Float, to: BlockFormat, src: &[u8]) -> Vec<u8> {
    let mut out = vec![0xAA; Encoding::Block(to).bytes(src.len() / from.size()).unwrap()];
    rounding.quantize(simd, from, to, src, &mut out);
    out
}

fn weighted(rounding: Rounding, simd: Simd, to: BlockFormat, x: &[f32], weights: &[f32]) -> Vec<u8> {
    let mut out = vec![0xAA; Encoding::Block(to).bytes(x.len()).unwrap()];
    rounding.quantize_weighted(simd, to, x, weights, &mut out);
    out
}

/// The sum of squared errors of each block, each times its weight, in double precision.
fn errors(to: BlockFormat, x: &[f32], weights: &[f32], blocks: &[u8]) -> Vec<f64> {
    let mut y = vec![0.0f32; x.len()];
    Simd::Scalar.dequantize(to, blocks, &mut y);
    let squares: Vec<f64> = (0..x.len())
        .map(|i| f64::from(weights[i % weights.len()]) * (f64::from(x[i]) - f64::from(y[i])).powi(2))
        .collect();
    squares.chunks(to.block_len()).map(|block| block.iter().sum()).collect()
}

fn sets() -> impl Iterator<Item = Simd> {
    Simd::ALL.into_iter().filter(|simd| simd.available())
}

/// Compares every set with the scalar code, and its errors with the reference's.
fn check(x: &[f32], weights: &[f32]) {
    for to in FITTED {
        let reference = quantize(Rounding::Reference, Simd::Scalar, Float::F32, to, bytes_of(x));
        let fitted = quantize(Rounding::Fitted, Simd::Scalar, Float::F32, to, bytes_of(x));
        let old = weighted(Rounding::Reference, Simd::Scalar, to, x, weights);
        let new = weighted(Rounding::Fitted, Simd::Scalar, to, x, weights);
        for simd in sets() {
            assert!(quantize(Rounding::Fitted, simd, Float::F32, to, bytes_of(x)) == fitted, "{simd} {to}");
            assert!(weighted(Rounding::Fitted, simd, to, x, weights) == new, "{simd} {to}, weighted");
        }
        let (before, after) = (errors(to, x, &[1.0], &reference), errors(to, x, &[1.0], &fitted));
        for (i, (before, after)) in before.iter().zip(after).enumerate() {
            assert!(
                after.partial_cmp(before) != Some(Ordering::Greater),
                "{to}, block {i}: {before} became {after}"
            );
        }
        let (before, after) = (errors(to, x, weights, &old), errors(to, x, weights, &new));
        for (i, (before, after)) in before.iter().zip(after).enumerate() {
            assert!(
                after.partial_cmp(before) != Some(Ordering::Greater),
                "{to}, weighted, block {i}: {before} became {after}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn blocks_of_any_bits(
        x in prop::collection::vec(any::<f32>(), 32 * 21),
        w in prop::collection::vec(0f32..f32::MAX, 32 * 21),
    ) {
        check(&x, &w);
    }

    #[test]
    fn blocks_of_near_exponents(
        x in prop::collection::vec(-1f32..1.0, 32 * 21),
        w in prop::collection::vec(0f32..1.0, 32 * 21),
        exponents in (-60i32..50, -130i32..60),
    ) {
        let scaled = |x: &[f32], e: i32| -> Vec<f32> { x.iter().map(|v| v * (e as f32).exp2()).collect() };
        check(&scaled(&x, exponents.0), &scaled(&w, exponents.1));
    }

    /// Ties, blocks of equal values, of one value and zeros.
    #[test]
    fn blocks_of_few_values(
        x in prop::collection::vec(-3i8..=3, 32 * 21),
        w in prop::collection::vec(0u8..3, 32 * 21),
        offset in -100i32..100,
        scarce in any::<bool>(),
    ) {
        let x: Vec<f32> = x.iter().map(|&v| if scarce && v < 3 { 0.0 } else { v.into() }).collect();
        let w: Vec<f32> = w.into_iter().map(f32::from).collect();
        check(&x, &w);
        check(&x.iter().map(|v| v * 0.001 + offset as f32).collect::<Vec<_>>(), &w);
    }

    #[test]
    fn sixteen_bit_sources_are_fitted_as_their_float32_values(bits in prop::collection::vec(any::<u16>(), 320)) {
        let src: Vec<u8> = bits.into_iter().flat_map(u16::to_le_bytes).collect();
        for (from, to, simd) in [Float::F16, Float::Bf16].iter().flat_map(|&from| {
            FITTED.into_iter().flat_map(move |to| sets().map(move |simd| (from, to, simd)))
        }) {
            let mut values = vec![0; 2 * src.len()];
            simd.convert(from, Float::F32, &src, &mut values);
            let direct = quantize(Rounding::Fitted, simd, from, to, &src);
            prop_assert_eq!(direct, quantize(Rounding::Fitted, simd, Float::F32, to, &values));
        }
    }
}

/// Sums of twelve uniform numbers, which are nearly normal.
fn nearly_normal(count: usize) -> Vec<f32> {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0).collect()
}

#[test]
fn errors_become_smaller_by_a_tenth_or_more() {
    let x = nearly_normal(1 << 17);
    for (to, most) in FITTED.into_iter().zip([0.87, 0.91, 0.83, 0.91, 0.83]) {
        let total = |rounding| {
            let blocks = quantize(rounding, Simd::Scalar, Float::F32, to, bytes_of(&x));
            errors(to, &x, &[1.0], &blocks).iter().sum::<f64>()
        };
        let ratio = total(Rounding::Fitted) / total(Rounding::Reference);
        assert!(ratio < most, "{to}: {ratio}");
    }
}

#[test]
fn k_formats_are_the_references() {
    let x = nearly_normal(1 << 12);
    let weights = vec![0.5; 256];
    for to in [BlockFormat::Q4K, BlockFormat::Q5K, BlockFormat::Q6K] {
        for simd in sets() {
            let of = |rounding| quantize(rounding, simd, Float::F32, to, bytes_of(&x));
            assert_eq!(of(Rounding::Fitted), of(Rounding::Reference));
            let of = |rounding| weighted(rounding, simd, to, &x, &weights);
            assert_eq!(of(Rounding::Fitted), of(Rounding::Reference));
        }
    }
}

#[test]
fn a_block_with_a_value_that_is_not_finite_is_the_references() {
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let mut x = nearly_normal(32 * 17);
        x[32 * 3 + 5] = value;
        for to in FITTED {
            let reference = quantize(Rounding::Reference, Simd::Scalar, Float::F32, to, bytes_of(&x));
            let block = 3 * to.block_bytes()..4 * to.block_bytes();
            for simd in sets() {
                let fitted = quantize(Rounding::Fitted, simd, Float::F32, to, bytes_of(&x));
                assert_eq!(fitted[block.clone()], reference[block.clone()]);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Importance weights: ggml's blocks, on every instruction set those of the scalar code.
    #[test]
    fn weighted_blocks_agree(
        x in prop::collection::vec(-1f32..1.0, 256 * 9),
        w in prop::collection::vec(0f32..1.0, 256 * 9),
        exponents in (-60i32..50, -40i32..40),
        zeros in 0f32..0.5,
        minimum in -1f32..1.0,
    ) {
        let x: Vec<f32> = x.iter().map(|v| v.max(minimum) * (exponents.0 as f32).exp2()).collect();
        let w: Vec<f32> =
            w.iter().map(|&w| if w < zeros { 0.0 } else { w * (exponents.1 as f32).exp2() }).collect();
        for to in BlockFormat::ALL {
            for columns in [x.len(), x.len() / 3] {
                let scalar = weighted(Rounding::Reference, Simd::Scalar, to, &x, &w[..columns]);
                for simd in sets() {
                    let blocks = weighted(Rounding::Reference, simd, to, &x, &w[..columns]);
                    prop_assert!(blocks == scalar, "{} {} {}", simd, to, columns);
                }
            }
        }
    }
}
