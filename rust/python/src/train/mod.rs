//! The crate `t2sql-train` for NumPy arrays: a transformer layer, its loss, and the optimizer's step.

mod frozen;
mod inputs;
mod layer;
mod loss;
mod update;
mod weights;

use numpy::{PyArray1, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::errors::wrong;
pub use frozen::{amx_refused, fastest_bf16_kernels, kernel_speeds, product_kernels, FrozenWeight};
pub use layer::{dropout_factors, AttentionBlock, DecoderLayer};
pub use loss::cross_entropy;
pub use update::{gradient_norm, AdamW};
pub use weights::{LayerAdapters, LayerWeights};

/// A float32 array, borrowed for reading.
type Array<'py> = PyReadonlyArrayDyn<'py, f32>;
/// A new float32 array of one dimension.
type Flat<'py> = Bound<'py, PyArray1<f32>>;

/// The values of a C-contiguous array.
fn slice<'a>(py: Python<'_>, array: &'a Array<'_>) -> PyResult<&'a [f32]> {
    let bad = || wrong(py, "array is strided", "a C-contiguous array (numpy.ascontiguousarray)", "strides");
    if !array.is_c_contiguous() {
        return Err(bad());
    }
    array.as_slice().map_err(|_| bad())
}
