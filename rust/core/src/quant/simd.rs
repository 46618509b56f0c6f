//! The instruction set whose kernels run: chosen once, or named by `T2SQL_SIMD`.

use std::fmt;
use std::sync::OnceLock;

#[cfg(target_arch = "aarch64")]
use super::arch::aarch64::neon;
#[cfg(target_arch = "x86_64")]
use super::arch::x86_64::{avx2, avx512};
use super::block::{Q4_0, Q4_1, Q5_0, Q5_1, Q8_0};
use super::cast;
use super::element::{Bf16, Element, F16, F32};
use super::k_scalar::{self, Q4K, Q5K, Q6K};
use super::rows;
use crate::encoding::{BlockFormat, Encoding, Float};
use crate::error::{Error, Result};

/// The environment variable that overrides the choice of [`Simd::active`].
pub const VARIABLE: &str = "T2SQL_SIMD";

/// An instruction set that there are kernels for. All give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simd {
    /// No vectors: the specification itself.
    Scalar,
    /// AVX2 and F16C: 8 lanes.
    Avx2,
    /// AVX-512 F, BW, DQ and VL: 16 lanes.
    Avx512,
    /// NEON: 4 lanes.
    Neon,
}

impl Simd {
    /// Every instruction set, wider ones of an architecture later.
    pub const ALL: [Simd; 4] = [Simd::Scalar, Simd::Avx2, Simd::Avx512, Simd::Neon];

    /// Its name, as `T2SQL_SIMD` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Simd::Scalar => "scalar",
            Simd::Avx2 => "avx2",
            Simd::Avx512 => "avx512",
            Simd::Neon => "neon",
        }
    }

    /// Other names of `T2SQL_SIMD` that mean it here: those of instructions that only training's products use.
    fn products(self) -> &'static [&'static str] {
        match self {
            Simd::Avx512 => &["avx512bf16", "amx"],
            Simd::Neon => &["neonbf16"],
            Simd::Scalar | Simd::Avx2 => &[],
        }
    }

    /// Whether this processor has it.
    pub fn available(self) -> bool {
        match self {
            Simd::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("f16c"),
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "aarch64")]
            Simd::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[allow(unreachable_patterns)] // those of other architectures
            _ => false,
        }
    }

    /// The instruction set in use: the one that `T2SQL_SIMD` names, or the widest that this processor has.
    /// It is chosen at the first call and stays.
    ///
    /// # Errors
    /// [`Error::Argument`] when the variable names a set that does not exist or that this processor lacks.
    pub fn active() -> Result<Simd> {
        static ACTIVE: OnceLock<std::result::Result<Simd, String>> = OnceLock::new();
        let choose = || match std::env::var(VARIABLE) {
            Ok(name) if !name.is_empty() => {
                let is_named = |simd: &Simd| simd.name() == name || simd.products().contains(&&*name);
                let named = Simd::ALL.into_iter().find(|simd| is_named(simd) && simd.available());
                named.ok_or(name)
            }
            _ => Ok(Simd::ALL.into_iter().rfind(|simd| simd.available()).unwrap_or(Simd::Scalar)),
        };
        ACTIVE.get_or_init(choose).clone().map_err(|found| {
            let available: Vec<_> =
                Simd::ALL.iter().filter(|simd| simd.available()).map(|simd| simd.name()).collect();
            Error::Argument { what: "bad T2SQL_SIMD", expected: available.join(" or "), found }
        })
    }

    /// Converts little-endian values of a float type to another float type or a block format.
    ///
    /// What overflows becomes infinity; a block with a value that is not finite gets a NaN scale.
    ///
    /// # Panics
    /// When `src` is not whole values, or whole blocks for a block format; when `out` is not as long as their
    /// encoding; or when this processor lacks the instruction set.
    pub fn convert(self, from: Float, to: impl Into<Encoding>, src: &[u8], out: &mut [u8]) {
        let (to, len) = (to.into(), src.len() / from.size());
        assert_eq!(len * from.size(), src.len(), "the source is whole values");
        assert_eq!(to.bytes(len), Some(out.len()), "the output is as long as the source's encoding");
        assert!(self.available(), "{self} cannot run here");
        match to {
            Encoding::Float(to) => self.cast(from, to, src, out),
            Encoding::Block(to) => self.quantize(from, to, src, out),
        }
    }

    fn cast(self, from: Float, to: Float, src: &[u8], out: &mut [u8]) {
        // bf16 is made by integer arithmetic, which the compiler vectorizes.
        let done = match to {
            Float::Bf16 => 0,
            _ if from == to => 0,
            Float::F32 | Float::F16 => self.cast_vectors(from, to == Float::F16, src, out),
        };
        cast::cast(from, to, &src[done * from.size()..], &mut out[done * to.size()..]);
    }

    /// Casts as many full vectors as fit, to f16 or else to f32, and returns the number of values cast.
    fn cast_vectors(self, from: Float, to_f16: bool, src: &[u8], out: &mut [u8]) -> usize {
        // SAFETY (of the calls below): `convert` has asserted that this processor has the instruction set.
        match self {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => unsafe { avx2::cast(from, to_f16, src, out) },
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => unsafe { avx512::cast(from, to_f16, src, out) },
            #[cfg(target_arch = "aarch64")]
            Simd::Neon => unsafe { neon::cast(from, to_f16, src, out) },
            _ => 0,
        }
    }

    fn quantize(self, from: Float, to: BlockFormat, src: &[u8], out: &mut [u8]) {
        // SAFETY (of the calls below): `convert` has asserted that this processor has the instruction set.
        match self {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => unsafe { avx2::quantize(from, to, src, out) },
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => unsafe { avx512::quantize(from, to, src, out) },
            #[cfg(target_arch = "aarch64")]
            Simd::Neon => unsafe { neon::quantize(from, to, src, out) },
            _ => match from {
                Float::F32 => quantize_scalar::<F32>(to, src, out),
                Float::F16 => quantize_scalar::<F16>(to, src, out),
                Float::Bf16 => quantize_scalar::<Bf16>(to, src, out),
            },
        }
    }

    /// Dequantizes whole blocks to float32. A NaN scale gives NaNs; their payload is not specified.
    ///
    /// # Panics
    /// When `src` is not as long as the blocks of `out`'s values, or this processor lacks the instruction
    /// set.
    pub fn dequantize(self, from: BlockFormat, src: &[u8], out: &mut [f32]) {
        let bytes = Encoding::Block(from).bytes(out.len());
        assert_eq!(bytes, Some(src.len()), "the source is as long as the blocks of the output's values");
        assert!(self.available(), "{self} cannot run here");
        // SAFETY (of the calls below): this processor has the instruction set, as just asserted.
        match self {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => unsafe { avx2::dequantize(from, src, out) },
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => unsafe { avx512::dequantize(from, src, out) },
            #[cfg(target_arch = "aarch64")]
            Simd::Neon => unsafe { neon::dequantize(from, src, out) },
            _ => match from {
                BlockFormat::Q8_0 => rows::dequantize::<Q8_0>(src, out),
                BlockFormat::Q4_0 => rows::dequantize::<Q4_0>(src, out),
                BlockFormat::Q4_1 => rows::dequantize::<Q4_1>(src, out),
                BlockFormat::Q5_0 => rows::dequantize::<Q5_0>(src, out),
                BlockFormat::Q5_1 => rows::dequantize::<Q5_1>(src, out),
                BlockFormat::Q4K => k_scalar::dequantize::<Q4K>(src, out),
                BlockFormat::Q5K => k_scalar::dequantize::<Q5K>(src, out),
                BlockFormat::Q6K => k_scalar::dequantize::<Q6K>(src, out),
            },
        }
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn quantize_scalar<E: Element>(to: BlockFormat, src: &[u8], out: &mut [u8]) {
    match to {
        BlockFormat::Q8_0 => rows::quantize::<E, Q8_0>(src, out),
        BlockFormat::Q4_0 => rows::quantize::<E, Q4_0>(src, out),
        BlockFormat::Q4_1 => rows::quantize::<E, Q4_1>(src, out),
        BlockFormat::Q5_0 => rows::quantize::<E, Q5_0>(src, out),
        BlockFormat::Q5_1 => rows::quantize::<E, Q5_1>(src, out),
        BlockFormat::Q4K => k_scalar::quantize::<E, Q4K>(src, None, out),
        BlockFormat::Q5K => k_scalar::quantize::<E, Q5K>(src, None, out),
        BlockFormat::Q6K => k_scalar::quantize::<E, Q6K>(src, None, out),
    }
}
