//! How values become blocks: as ggml's reference has it, or fitted.

#[cfg(target_arch = "aarch64")]
use super::arch::aarch64::neon;
#[cfg(target_arch = "x86_64")]
use super::arch::x86_64::{avx2, avx512};
use super::block::{BLOCK, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use super::element::{Element, F32};
use super::fit::{self, Fit};
use super::simd::Simd;
use super::weighted::quantize_weighted;
use super::{bytes_of, bytes_of_mut};
use crate::encoding::{BlockFormat, Float};
use crate::error::{Error, Result};

/// How values become blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rounding {
    /// The bytes of ggml's reference.
    #[default]
    Reference,
    /// Each block of 32 values is the reference's or one whose sum of weighted squared errors is smaller. The K formats
    /// are the reference's, which searches already.
    Fitted,
}

/// Values that are quantized and then fitted while the nearest cache has them.
const CHUNK: usize = 4096;

impl Rounding {
    /// The rounding of this name.
    ///
    /// # Errors
    /// [`Error::Argument`] when there is none.
    pub fn from_name(name: &str) -> Result<Rounding> {
        match name {
            "reference" => Ok(Rounding::Reference),
            "fitted" => Ok(Rounding::Fitted),
            _ => Err(Error::Argument {
                what: "unknown rounding",
                expected: "reference or fitted".into(),
                found: name.into(),
            }),
        }
    }

    /// Quantizes little-endian values of a float type.
    ///
    /// # Panics
    /// As [`Simd::convert`].
    pub fn quantize(self, simd: Simd, from: Float, to: BlockFormat, src: &[u8], out: &mut [u8]) {
        if self == Rounding::Reference || to.block_len() != BLOCK {
            return simd.convert(from, to, src, out);
        }
        assert_eq!(
            src.len() / (BLOCK * from.size()),
            out.len() / to.block_bytes(),
            "as many blocks as values"
        );
        let steps = (CHUNK * from.size(), CHUNK / BLOCK * to.block_bytes());
        let mut values = [0.0; CHUNK];
        for (src, out) in src.chunks(steps.0).zip(out.chunks_mut(steps.1)) {
            let src = if from == Float::F32 {
                src
            } else {
                let values = &mut values[..src.len() / from.size()];
                simd.convert(from, Float::F32, src, bytes_of_mut(values));
                bytes_of(values)
            };
            simd.convert(Float::F32, to, src, out);
            improve(simd, to, src, None, out);
        }
    }

    /// Quantizes rows of float32 values, whose columns have `weights`, as [`quantize_weighted`]. Fitted blocks have no
    /// larger a sum of squared errors, each times its column's weight, than the reference's with these weights.
    ///
    /// # Panics
    /// As [`quantize_weighted`].
    pub fn quantize_weighted(self, simd: Simd, to: BlockFormat, x: &[f32], weights: &[f32], out: &mut [u8]) {
        quantize_weighted(simd, to, x, weights, out);
        if self == Rounding::Reference || to.block_len() != BLOCK {
            return;
        }
        let row_bytes = weights.len() / BLOCK * to.block_bytes();
        for (x, out) in x.chunks_exact(weights.len()).zip(out.chunks_exact_mut(row_bytes)) {
            improve(simd, to, bytes_of(x), Some(bytes_of(weights)), out);
        }
    }
}

/// Replaces blocks of float32 values by better ones; `weights` are as many float32 numbers as there are values.
fn improve(simd: Simd, to: BlockFormat, src: &[u8], weights: Option<&[u8]>, out: &mut [u8]) {
    // SAFETY (of the calls below): the caller has quantized with this instruction set, so the processor has it.
    match simd {
        #[cfg(target_arch = "x86_64")]
        Simd::Avx2 => unsafe { avx2::improve(to, src, weights, out) },
        #[cfg(target_arch = "x86_64")]
        Simd::Avx512 => unsafe { avx512::improve(to, src, weights, out) },
        #[cfg(target_arch = "aarch64")]
        Simd::Neon => unsafe { neon::improve(to, src, weights, out) },
        _ => match to {
            BlockFormat::Q8_0 => improve_blocks::<Q8_0>(src, weights, out),
            BlockFormat::Q4_0 => improve_blocks::<Q4_0>(src, weights, out),
            BlockFormat::Q4_1 => improve_blocks::<Q4_1>(src, weights, out),
            BlockFormat::Q5_0 => improve_blocks::<Q5_0>(src, weights, out),
            BlockFormat::Q5_1 => improve_blocks::<Q5_1>(src, weights, out),
            BlockFormat::Q4K | BlockFormat::Q5K | BlockFormat::Q6K => {}
        },
    }
}

fn improve_blocks<B: Fit>(src: &[u8], weights: Option<&[u8]>, out: &mut [u8]) {
    const BYTES: usize = BLOCK * F32::BYTES;
    for (i, (src, out)) in src.chunks_exact(BYTES).zip(out.chunks_exact_mut(B::BYTES)).enumerate() {
        let w = weights.map_or([1.0; BLOCK], |weights| F32::read_block(&weights[i * BYTES..]));
        let mut block = B::from_bytes(out);
        fit::improve(&F32::read_block(src), &w, &mut block);
        block.to_bytes(out);
    }
}
