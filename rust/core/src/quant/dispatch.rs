//! Which instruction set runs the kernels: found once, or named by `T2SQL_SIMD`.

use std::fmt;
use std::sync::OnceLock;

use super::scalar::{self, BF16, F16, F32};
use super::{cast, Q4_0, Q4_1, Q8_0};
use crate::dtype::Dtype;
use crate::error::{Error, Result};

/// The variable that overrides detection.
pub const VARIABLE: &str = "T2SQL_SIMD";

/// A set of kernels; all of them give the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Simd {
    Scalar,
    Avx2,
    Avx512,
    Neon,
}

impl Simd {
    pub const ALL: [Simd; 4] = [Simd::Scalar, Simd::Avx2, Simd::Avx512, Simd::Neon];

    pub fn name(self) -> &'static str {
        match self {
            Simd::Scalar => "scalar",
            Simd::Avx2 => "avx2",
            Simd::Avx512 => "avx512",
            Simd::Neon => "neon",
        }
    }

    /// Whether this processor can run it.
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
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// The set in use: the one `T2SQL_SIMD` names, or the widest there is. Decided once.
    pub fn active() -> Result<Simd> {
        static ACTIVE: OnceLock<std::result::Result<Simd, String>> = OnceLock::new();
        let choose = || match std::env::var(VARIABLE) {
            Ok(name) if !name.is_empty() => {
                let named = Simd::ALL.into_iter().find(|s| s.name() == name && s.available());
                named.ok_or(name)
            }
            _ => Ok(Simd::ALL.into_iter().rfind(|s| s.available()).unwrap_or(Simd::Scalar)),
        };
        ACTIVE.get_or_init(choose).clone().map_err(|found| {
            let there: Vec<_> = Simd::ALL.iter().filter(|s| s.available()).map(|s| s.name()).collect();
            Error::Argument { what: "bad T2SQL_SIMD", expected: there.join(" or "), found }
        })
    }

    /// Converts little-endian values of one float type to a float or block type.
    ///
    /// # Panics
    /// When the lengths do not agree, `from` is no float type, `to` none of `TARGETS`, or this
    /// processor cannot run the set.
    pub fn convert(self, from: Dtype, to: Dtype, src: &[u8], out: &mut [u8]) {
        let len = src.len() as u64 / from.block_bytes();
        assert_eq!(from.bytes(len), Some(src.len() as u64), "source is not a whole number of values");
        assert_eq!(to.bytes(len), Some(out.len() as u64), "target length does not match the source");
        assert!(self.available(), "{self} cannot run here");
        if matches!(to, Dtype::F32 | Dtype::F16 | Dtype::BF16) {
            // bf16 is made by integer arithmetic, which needs no kernel.
            let vectors = from != to && to != Dtype::BF16 && self != Simd::Scalar;
            let done = if vectors { self.cast(from, to, src, out) } else { 0 };
            let (src_at, out_at) = (done as u64 * from.block_bytes(), done as u64 * to.block_bytes());
            return cast::cast(from, to, &src[src_at as usize..], &mut out[out_at as usize..]);
        }
        // SAFETY (of the calls below): available() has found the features.
        match self {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => unsafe { super::avx2::quantize(from, to, src, out) },
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => unsafe { super::avx512::quantize(from, to, src, out) },
            #[cfg(target_arch = "aarch64")]
            Simd::Neon => unsafe { super::neon::quantize(from, to, src, out) },
            _ => match from {
                Dtype::F32 => quantize::<F32>(to, src, out),
                Dtype::F16 => quantize::<F16>(to, src, out),
                Dtype::BF16 => quantize::<BF16>(to, src, out),
                _ => panic!("{from} is not a float type"),
            },
        }
    }

    /// Casts whole vectors; how many values that was.
    fn cast(self, from: Dtype, to: Dtype, src: &[u8], out: &mut [u8]) -> usize {
        // SAFETY (of the calls below): the caller has asserted available().
        match self {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => unsafe { super::avx2::cast(from, to, src, out) },
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => unsafe { super::avx512::cast(from, to, src, out) },
            #[cfg(target_arch = "aarch64")]
            Simd::Neon => unsafe { super::neon::cast(from, to, src, out) },
            _ => 0,
        }
    }

    /// Expands whole blocks into float32. A NaN scale gives NaNs; their payload is not specified.
    ///
    /// # Panics
    /// When the lengths do not agree, `from` is no block format, or this processor cannot run the set.
    pub fn dequantize(self, from: Dtype, src: &[u8], out: &mut [f32]) {
        assert_eq!(from.bytes(out.len() as u64), Some(src.len() as u64), "lengths do not agree");
        assert!(self.available(), "{self} cannot run here");
        // SAFETY (of the calls below): available() has found the features.
        match self {
            #[cfg(target_arch = "x86_64")]
            Simd::Avx2 => unsafe { super::avx2::dequantize(from, src, out) },
            #[cfg(target_arch = "x86_64")]
            Simd::Avx512 => unsafe { super::avx512::dequantize(from, src, out) },
            #[cfg(target_arch = "aarch64")]
            Simd::Neon => unsafe { super::neon::dequantize(from, src, out) },
            _ => match from {
                Dtype::Q8_0 => scalar::expand::<Q8_0>(src, out),
                Dtype::Q4_0 => scalar::expand::<Q4_0>(src, out),
                Dtype::Q4_1 => scalar::expand::<Q4_1>(src, out),
                _ => panic!("{from} is not a block format"),
            },
        }
    }
}

impl fmt::Display for Simd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn quantize<E: scalar::Element>(to: Dtype, src: &[u8], out: &mut [u8]) {
    match to {
        Dtype::Q8_0 => scalar::rows::<E, Q8_0>(src, out),
        Dtype::Q4_0 => scalar::rows::<E, Q4_0>(src, out),
        Dtype::Q4_1 => scalar::rows::<E, Q4_1>(src, out),
        _ => panic!("{to} is not a block format"),
    }
}
