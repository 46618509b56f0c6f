//! Which instructions multiply by frozen weights.

use std::fmt;

/// The instructions of a product's innermost loop. All of them sum in float32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// The usual ones of float32: the crate `gemm` for matrices that are stored in float32 where it is faster,
    /// else [`Kernels::float32`].
    Gemm,
    /// No vectors, float32. The others multiply and add in one rounding.
    Scalar,
    /// AVX2 and FMA, float32.
    Avx2,
    /// AVX-512 F, float32.
    Avx512,
    /// NEON, float32.
    Neon,
    /// AVX-512 BF16: products of bfloat16.
    Avx512Bf16,
    /// Arm's BFMMLA: products of bfloat16.
    NeonBf16,
    /// Intel's Advanced Matrix Extensions: products of bfloat16.
    Amx,
}

impl Kernels {
    /// All kernels; those for the same numbers stand in the order of their speed.
    pub const ALL: [Kernels; 8] = [
        Kernels::Gemm,
        Kernels::Scalar,
        Kernels::Avx2,
        Kernels::Avx512,
        Kernels::Neon,
        Kernels::Avx512Bf16,
        Kernels::NeonBf16,
        Kernels::Amx,
    ];

    /// Their name, as `T2SQL_SIMD` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Kernels::Gemm => "gemm",
            Kernels::Scalar => "scalar",
            Kernels::Avx2 => "avx2",
            Kernels::Avx512 => "avx512",
            Kernels::Neon => "neon",
            Kernels::Avx512Bf16 => "avx512bf16",
            Kernels::NeonBf16 => "neonbf16",
            Kernels::Amx => "amx",
        }
    }

    /// The kernels of a name.
    pub fn from_name(name: &str) -> Option<Kernels> {
        Kernels::ALL.into_iter().find(|kernels| kernels.name() == name)
    }

    /// Whether both factors are rounded to bfloat16.
    pub fn is_bf16(self) -> bool {
        matches!(self, Kernels::Avx512Bf16 | Kernels::NeonBf16 | Kernels::Amx)
    }

    /// Whether whole trainings with them were compared with those in float32; the others, whose products alone
    /// have been tried, are used only when named.
    pub fn proven(self) -> bool {
        !self.is_bf16()
    }

    /// Whether this processor has the instructions and the system allows them. For AMX the first call asks
    /// the system.
    pub fn available(self) -> bool {
        match self {
            Kernels::Gemm | Kernels::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512 => {
                Kernels::Avx2.available()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
            #[cfg(target_arch = "x86_64")]
            Kernels::Avx512Bf16 => Kernels::Avx512.available() && is_x86_feature_detected!("avx512bf16"),
            #[cfg(target_arch = "x86_64")]
            Kernels::Amx => Kernels::Avx512Bf16.available() && super::amx::granted(),
            #[cfg(target_arch = "aarch64")]
            Kernels::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(target_arch = "aarch64")]
            Kernels::NeonBf16 => Kernels::Neon.available() && std::arch::is_aarch64_feature_detected!("bf16"),
            #[allow(unreachable_patterns)] // those of other architectures
            _ => false,
        }
    }

    /// Whether the processor has AMX and the system refuses to lend it to this process.
    pub fn amx_refused() -> bool {
        #[cfg(target_arch = "x86_64")]
        return super::amx::present() && !super::amx::granted();
        #[cfg(not(target_arch = "x86_64"))]
        return false;
    }

    /// Whether our own kernels multiply faster than the crate `gemm` by a matrix in float32: those for AVX2 do
    /// (docs/performance.md), the others were slower or have not been compared.
    pub(crate) fn beats_gemm() -> bool {
        Kernels::float32() == Kernels::Avx2
    }

    /// The fastest available kernels of our own in float32.
    pub fn float32() -> Kernels {
        let fastest = |kernels: &Kernels| !kernels.is_bf16() && kernels.available();
        Kernels::ALL.into_iter().rfind(fastest).unwrap_or(Kernels::Scalar)
    }
}

impl fmt::Display for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
