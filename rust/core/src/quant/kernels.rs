//! What turns the kernels into an instruction set's functions.

/// The functions of one instruction set: the features named, and the kernels compiled for them.
macro_rules! kernels {
    ($features:literal, $vector:ty) => {
        use $crate::quant::scalar::{Element, BF16, F16, F32};
        use $crate::quant::{expand, generic};
        use $crate::Dtype;

        /// Quantizes a whole number of blocks.
        ///
        /// # Safety
        /// The processor has this module's features.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn quantize(from: Dtype, to: Dtype, src: &[u8], out: &mut [u8]) {
            match from {
                Dtype::F32 => from_float::<F32>(to, src, out),
                Dtype::F16 => from_float::<F16>(to, src, out),
                Dtype::BF16 => from_float::<BF16>(to, src, out),
                _ => panic!("{from} is not a float type"),
            }
        }

        #[target_feature(enable = $features)]
        unsafe fn from_float<E: Element>(to: Dtype, src: &[u8], out: &mut [u8]) {
            match to {
                Dtype::Q8_0 => generic::q8_0::<$vector, E>(src, out),
                Dtype::Q4_0 => generic::q4_0::<$vector, E>(src, out),
                Dtype::Q4_1 => generic::q4_1::<$vector, E>(src, out),
                _ => panic!("{to} is not a block format"),
            }
        }

        /// Expands a whole number of blocks.
        ///
        /// # Safety
        /// The processor has this module's features.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn dequantize(from: Dtype, src: &[u8], out: &mut [f32]) {
            match from {
                Dtype::Q8_0 => expand::q8_0::<$vector>(src, out),
                Dtype::Q4_0 => expand::q4_0::<$vector>(src, out),
                Dtype::Q4_1 => expand::q4_1::<$vector>(src, out),
                _ => panic!("{from} is not a block format"),
            }
        }

        /// Casts to f32 or f16 as many values as fill vectors, and says how many.
        ///
        /// # Safety
        /// The processor has this module's features.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn cast(from: Dtype, to: Dtype, src: &[u8], out: &mut [u8]) -> usize {
            let half = to == Dtype::F16;
            match from {
                Dtype::F32 => expand::cast::<$vector, F32>(half, src, out),
                Dtype::F16 => expand::cast::<$vector, F16>(half, src, out),
                Dtype::BF16 => expand::cast::<$vector, BF16>(half, src, out),
                _ => panic!("{from} is not a float type"),
            }
        }
    };
}
pub(crate) use kernels;
