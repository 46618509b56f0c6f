//! `t2sql._core`: the Python door to `t2sql-core`.

mod arrays;
#[cfg(target_os = "linux")]
mod blas;
mod errors;
mod files;
#[cfg(target_os = "linux")]
mod lora;
mod metadata;

use pyo3::prelude::*;
use t2sql_core::quant::Simd;

/// What this processor offers of what the kernels can use.
#[pyfunction]
fn cpu_features() -> String {
    let mut found = vec![std::env::consts::ARCH];
    macro_rules! look {
        ($detected:ident, $($name:tt)+) => {
            $(if std::arch::$detected!($name) {
                found.push($name);
            })+
        };
    }
    #[cfg(target_arch = "x86_64")]
    look!(is_x86_feature_detected, "avx2" "fma" "f16c" "avx512f" "avx512bw" "avx512dq" "avx512vl");
    #[cfg(target_arch = "aarch64")]
    look!(is_aarch64_feature_detected, "neon" "fp16" "dotprod" "i8mm");
    found.join(" ")
}

/// The instruction set whose kernels run: scalar, avx2, avx512 or neon.
#[pyfunction]
fn simd(py: Python<'_>) -> PyResult<&'static str> {
    Simd::active().map(Simd::name).map_err(|e| errors::raise(py, &e))
}

#[pymodule]
fn _core(m: &Bound<'_, PyModule>) -> PyResult<()> {
    m.add("__version__", env!("CARGO_PKG_VERSION"))?;
    m.add_function(wrap_pyfunction!(cpu_features, m)?)?;
    m.add_function(wrap_pyfunction!(simd, m)?)?;
    m.add_function(wrap_pyfunction!(arrays::quantize_rows, m)?)?;
    m.add_function(wrap_pyfunction!(arrays::dequantize_rows, m)?)?;
    m.add_class::<metadata::MetadataArray>()?;
    m.add_function(wrap_pyfunction!(files::read_gguf, m)?)?;
    m.add_function(wrap_pyfunction!(files::read_safetensors, m)?)?;
    m.add_function(wrap_pyfunction!(files::write_gguf, m)?)?;
    m.add_function(wrap_pyfunction!(files::write_ggufs, m)?)?;
    #[cfg(target_os = "linux")]
    {
        m.add_function(wrap_pyfunction!(blas::use_blas, m)?)?;
        m.add_function(wrap_pyfunction!(blas::blas_calls, m)?)?;
        m.add_class::<lora::LlamaLayer>()?;
        m.add_function(wrap_pyfunction!(lora::cross_entropy, m)?)?;
        m.add_function(wrap_pyfunction!(lora::adamw, m)?)?;
    }
    Ok(())
}
