//! Quantizing NumPy arrays in place: no copies, dtype and contiguity checked.

use std::ops::ControlFlow;

use half::f16;
use numpy::{PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use t2sql_core::dtype::Dtype;
use t2sql_core::parallel;
use t2sql_core::quant::{self, Number};

use crate::errors::{raise, run, wrong, Step};

/// An array of this element type, two-dimensional and C-contiguous; `wanted` is for messages.
fn rows<'py, T: numpy::Element>(
    array: &Bound<'py, PyAny>,
    wanted: &'static str,
) -> PyResult<PyReadonlyArray2<'py, T>> {
    let py = array.py();
    let Ok(untyped) = array.cast::<PyUntypedArray>() else {
        return Err(wrong(py, "not an array", format!("a NumPy array of {wanted}"), array.get_type()));
    };
    let Ok(typed) = array.cast::<PyArray2<T>>() else {
        let found = format!("{} of {} dimensions", untyped.dtype(), untyped.ndim());
        return Err(wrong(py, "array does not fit", format!("{wanted} of 2 dimensions"), found));
    };
    if !typed.is_c_contiguous() {
        let hint = "a C-contiguous array (numpy.ascontiguousarray)";
        return Err(wrong(py, "array is strided", hint, "strides"));
    }
    let Ok(borrowed) = typed.try_readonly() else {
        return Err(wrong(py, "array is in use", "an array nobody writes to", "a writer"));
    };
    if borrowed.as_slice().is_err() {
        let hint = "an aligned array (its copy() is one)";
        return Err(wrong(py, "array is not aligned", hint, format!("address {:p}", borrowed.data())));
    }
    Ok(borrowed)
}

fn block_type(py: Python<'_>, name: &str) -> PyResult<Dtype> {
    quant::block_type(name).map_err(|e| raise(py, &e))
}

#[pyfunction]
#[pyo3(signature = (x, r#type, threads=None))]
pub fn quantize_rows<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    r#type: &str,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<u8>>> {
    let to = block_type(py, r#type)?;
    if x.cast::<PyArray2<f16>>().is_ok() {
        quantize::<f16>(x, Dtype::F16, to, threads)
    } else if x.cast::<PyArray2<u16>>().is_ok() {
        quantize::<u16>(x, Dtype::BF16, to, threads)
    } else {
        quantize::<f32>(x, Dtype::F32, to, threads)
    }
}

fn quantize<'py, T: numpy::Element + Number + Sync>(
    x: &Bound<'py, PyAny>,
    from: Dtype,
    to: Dtype,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<u8>>> {
    let py = x.py();
    let array = rows::<T>(x, "float32, float16 or uint16 (the bits of bfloat16)")?;
    let [n_rows, len] = [array.shape()[0], array.shape()[1]];
    let Some(row_bytes) = to.bytes(len as u64) else {
        let expected = format!("rows a multiple of {}", to.block_len());
        return Err(wrong(py, "row length does not fit", expected, len));
    };
    // SAFETY: every byte is written below before anyone else sees the array, or it is dropped.
    let out = unsafe { PyArray2::<u8>::new(py, [n_rows, row_bytes as usize], false) };
    {
        let mut target = out.readwrite();
        let (src, target) = (array.as_slice().expect("checked"), target.as_slice_mut().expect("new"));
        let (src, threads) = (quant::bytes_of(src), parallel::threads(threads));
        let mut call = |poll: &mut dyn FnMut(Step) -> ControlFlow<()>| {
            quant::quantize_array(from, to, src, target, threads, &mut || poll(Step::default()))
        };
        run(py, &mut call, None)?;
    }
    Ok(out)
}

#[pyfunction]
#[pyo3(signature = (q, r#type, threads=None))]
pub fn dequantize_rows<'py>(
    py: Python<'py>,
    q: &Bound<'py, PyAny>,
    r#type: &str,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let from = block_type(py, r#type)?;
    let array = rows::<u8>(q, "uint8")?;
    let [n_rows, row_bytes] = [array.shape()[0], array.shape()[1]];
    if !(row_bytes as u64).is_multiple_of(from.block_bytes()) {
        let expected = format!("rows a multiple of {} bytes", from.block_bytes());
        return Err(wrong(py, "row length does not fit", expected, row_bytes));
    }
    let len = row_bytes as u64 / from.block_bytes() * from.block_len();
    // SAFETY: every value is written below before anyone else sees the array, or it is dropped.
    let out = unsafe { PyArray2::<f32>::new(py, [n_rows, len as usize], false) };
    {
        let mut target = out.readwrite();
        let (src, target) = (array.as_slice().expect("checked"), target.as_slice_mut().expect("new"));
        let threads = parallel::threads(threads);
        run(
            py,
            |poll| quant::dequantize_array(from, src, target, threads, &mut || poll(Step::default())),
            None,
        )?;
    }
    Ok(out)
}
