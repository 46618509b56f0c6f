//! The macros that the modules of the instruction sets share.

/// Defines the functions of one instruction set: the kernels over `$vector`, compiled for `$features`.
macro_rules! functions {
    ($features:literal, $vector:ty) => {
        use $crate::encoding::{BlockFormat, Float};
        use $crate::quant::block::{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
        use $crate::quant::element::{Bf16, Element, F16, F32};
        use $crate::quant::k_scalar::{Q4K, Q5K, Q6K};
        use $crate::quant::{dequantize as from_blocks, k_dequantize, k_quantize, quantize as to_blocks};
        use $crate::quant::{fit_lanes, weighted_lanes};

        /// Quantizes a whole number of blocks. Callable only where the processor has this module's features.
        #[target_feature(enable = $features)]
        pub(in $crate::quant) fn quantize(from: Float, to: BlockFormat, src: &[u8], out: &mut [u8]) {
            match from {
                Float::F32 => quantize_from::<F32>(to, src, out),
                Float::F16 => quantize_from::<F16>(to, src, out),
                Float::Bf16 => quantize_from::<Bf16>(to, src, out),
            }
        }

        #[target_feature(enable = $features)]
        fn quantize_from<E: Element>(to: BlockFormat, src: &[u8], out: &mut [u8]) {
            // SAFETY: this function runs only where the processor has the vector's features.
            unsafe {
                match to {
                    BlockFormat::Q8_0 => to_blocks::q8_0::<$vector, E>(src, out),
                    BlockFormat::Q4_0 => to_blocks::q4_0::<$vector, E>(src, out),
                    BlockFormat::Q4_1 => to_blocks::q4_1::<$vector, E>(src, out),
                    BlockFormat::Q5_0 => to_blocks::q5_0::<$vector, E>(src, out),
                    BlockFormat::Q5_1 => to_blocks::q5_1::<$vector, E>(src, out),
                    BlockFormat::Q4K => k_quantize::q4_k::<$vector, E>(src, None, out),
                    BlockFormat::Q5K => k_quantize::q5_k::<$vector, E>(src, None, out),
                    BlockFormat::Q6K => k_quantize::q6_k::<$vector, E>(src, None, out),
                }
            }
        }

        /// Quantizes a row of float32 values, each of which has a weight; `sigma2` is the mean square of the row.
        /// Not for Q8_0. Callable only where the processor has this module's features.
        #[target_feature(enable = $features)]
        pub(in $crate::quant) fn weighted(
            to: BlockFormat,
            x: &[u8],
            weights: &[u8],
            sigma2: f32,
            out: &mut [u8],
        ) {
            // SAFETY: this function runs only where the processor has the vector's features.
            unsafe {
                match to {
                    BlockFormat::Q8_0 => unreachable!("weights do not change Q8_0"),
                    BlockFormat::Q4_0 => weighted_lanes::row::<$vector, Q4_0>(x, weights, sigma2, out),
                    BlockFormat::Q4_1 => weighted_lanes::row::<$vector, Q4_1>(x, weights, sigma2, out),
                    BlockFormat::Q5_0 => weighted_lanes::row::<$vector, Q5_0>(x, weights, sigma2, out),
                    BlockFormat::Q5_1 => weighted_lanes::row::<$vector, Q5_1>(x, weights, sigma2, out),
                    BlockFormat::Q4K => k_quantize::q4_k::<$vector, F32>(x, Some(weights), out),
                    BlockFormat::Q5K => k_quantize::q5_k::<$vector, F32>(x, Some(weights), out),
                    BlockFormat::Q6K => k_quantize::q6_k::<$vector, F32>(x, Some(weights), out),
                }
            }
        }

        /// Replaces each of a whole number of blocks of float32 values by a better one, where one is found; those of
        /// K formats stay. Callable only where the processor has this module's features.
        #[target_feature(enable = $features)]
        pub(in $crate::quant) fn improve(
            to: BlockFormat,
            src: &[u8],
            weights: Option<&[u8]>,
            out: &mut [u8],
        ) {
            // SAFETY: this function runs only where the processor has the vector's features.
            unsafe {
                match to {
                    BlockFormat::Q8_0 => fit_lanes::improve::<$vector, Q8_0>(src, weights, out),
                    BlockFormat::Q4_0 => fit_lanes::improve::<$vector, Q4_0>(src, weights, out),
                    BlockFormat::Q4_1 => fit_lanes::improve::<$vector, Q4_1>(src, weights, out),
                    BlockFormat::Q5_0 => fit_lanes::improve::<$vector, Q5_0>(src, weights, out),
                    BlockFormat::Q5_1 => fit_lanes::improve::<$vector, Q5_1>(src, weights, out),
                    BlockFormat::Q4K | BlockFormat::Q5K | BlockFormat::Q6K => {}
                }
            }
        }

        /// Dequantizes a whole number of blocks. Callable only where the processor has this module's features.
        #[target_feature(enable = $features)]
        pub(in $crate::quant) fn dequantize(from: BlockFormat, src: &[u8], out: &mut [f32]) {
            // SAFETY: this function runs only where the processor has the vector's features.
            unsafe {
                match from {
                    BlockFormat::Q8_0 => from_blocks::q8_0::<$vector>(src, out),
                    BlockFormat::Q4_0 => from_blocks::q4_0::<$vector>(src, out),
                    BlockFormat::Q4_1 => from_blocks::q4_1::<$vector>(src, out),
                    BlockFormat::Q5_0 => k_dequantize::q5_0::<$vector>(src, out),
                    BlockFormat::Q5_1 => k_dequantize::q5_1::<$vector>(src, out),
                    BlockFormat::Q4K => k_dequantize::super_blocks::<$vector, Q4K>(src, out),
                    BlockFormat::Q5K => k_dequantize::super_blocks::<$vector, Q5K>(src, out),
                    BlockFormat::Q6K => k_dequantize::super_blocks::<$vector, Q6K>(src, out),
                }
            }
        }

        /// Casts as many full vectors as fit, to f16 or else to f32, and returns the number of values cast.
        /// Callable only where the processor has this module's features.
        #[target_feature(enable = $features)]
        pub(in $crate::quant) fn cast(from: Float, to_f16: bool, src: &[u8], out: &mut [u8]) -> usize {
            // SAFETY: this function runs only where the processor has the vector's features.
            unsafe {
                match from {
                    Float::F32 => from_blocks::cast::<$vector, F32>(to_f16, src, out),
                    Float::F16 => from_blocks::cast::<$vector, F16>(to_f16, src, out),
                    Float::Bf16 => from_blocks::cast::<$vector, Bf16>(to_f16, src, out),
                }
            }
        }
    };
}

/// Defines methods of [`Vector`](crate::quant::vector::Vector) that are one intrinsic for each register.
macro_rules! lanewise {
    ($($name:ident($self:ident $(, $other:ident)?) = $intrinsic:path;)*) => {
        $(#[inline(always)]
        fn $name($self $(, $other: Self)?) -> Self {
            // SAFETY: a value exists, so the processor has this module's features.
            V(unsafe { $intrinsic($self.0 $(, $other.0)?) })
        })*
    };
}

pub(super) use {functions, lanewise};
