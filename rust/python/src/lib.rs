//! The Python module `t2sql._core`: thin bindings to `t2sql-core`, `t2sql-train` and `t2sql-blas`.
//!
//! Its classes and functions are documented in `python/t2sql/_core/`.

mod arrays;
#[cfg(target_os = "linux")]
mod blas;
mod errors;
mod files;
mod metadata;
mod progress;
#[cfg(target_os = "linux")]
mod train;

use pyo3::prelude::*;
use t2sql_core::quant::Simd;

/// The processor's architecture and its features that kernels can use.
#[pyfunction]
fn cpu_features() -> String {
    let mut features = vec![std::env::consts::ARCH];
    macro_rules! look {
        ($detected:ident, $($name:tt)+) => {
            $(if std::arch::$detected!($name) {
                features.push($name);
            })+
        };
    }
    #[cfg(target_arch = "x86_64")]
    look!(is_x86_feature_detected, "avx2" "fma" "f16c" "avx512f" "avx512bw" "avx512dq" "avx512vl" "avx512bf16");
    #[cfg(target_arch = "aarch64")]
    look!(is_aarch64_feature_detected, "neon" "fp16" "dotprod" "i8mm" "bf16");
    features.join(" ")
}

/// The instruction set whose kernels run: scalar, avx2, avx512 or neon.
#[pyfunction]
fn simd(py: Python<'_>) -> PyResult<&'static str> {
    Simd::active().map(Simd::name).map_err(|error| errors::raise(py, &error))
}

#[pymodule]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add_function(wrap_pyfunction!(cpu_features, m)?)?;
    m.add_function(wrap_pyfunction!(simd, m)?)?;
    m.add_function(wrap_pyfunction!(arrays::quantize_rows, m)?)?;
    m.add_function(wrap_pyfunction!(arrays::dequantize_rows, m)?)?;
    m.add_class::<metadata::MetadataArray>()?;
    m.add_class::<files::LowRankSource>()?;
    m.add_class::<files::TensorPlan>()?;
    m.add_class::<files::AffineSource>()?;
    m.add_function(wrap_pyfunction!(files::read_gguf, m)?)?;
    m.add_function(wrap_pyfunction!(files::read_safetensors, m)?)?;
    m.add_function(wrap_pyfunction!(files::write_gguf, m)?)?;
    m.add_function(wrap_pyfunction!(files::write_ggufs, m)?)?;
    m.add_function(wrap_pyfunction!(files::write_safetensors, m)?)?;
    #[cfg(target_os = "linux")]
    {
        m.add_function(wrap_pyfunction!(blas::use_blas, m)?)?;
        m.add_function(wrap_pyfunction!(blas::blas_calls, m)?)?;
        m.add_class::<train::AttentionBlock>()?;
        m.add_class::<train::FrozenWeight>()?;
        m.add_class::<train::LayerWeights>()?;
        m.add_function(wrap_pyfunction!(train::product_kernels, m)?)?;
        m.add_function(wrap_pyfunction!(train::kernel_speeds, m)?)?;
        m.add_function(wrap_pyfunction!(train::amx_refused, m)?)?;
        m.add_function(wrap_pyfunction!(train::fastest_bf16_kernels, m)?)?;
        m.add_class::<train::LayerAdapters>()?;
        m.add_class::<train::DecoderLayer>()?;
        m.add_function(wrap_pyfunction!(train::dropout_factors, m)?)?;
        m.add_class::<train::AdamW>()?;
        m.add_function(wrap_pyfunction!(train::gradient_norm, m)?)?;
        m.add_function(wrap_pyfunction!(train::cross_entropy, m)?)?;
    }
    Ok(())
}
