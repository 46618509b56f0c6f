//! Quantizes NumPy arrays without copying them; their type and layout are checked.

use std::ops::ControlFlow;

use half::f16;
use numpy::{PyArray2, PyArrayMethods, PyReadonlyArray2, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use t2sql_core::quant::{self, Number, Rounding};
use t2sql_core::{BlockFormat, Float};

use crate::errors::{raise, wrong};
use crate::progress::{run, Step};

/// Borrows a two-dimensional, C-contiguous array of this element type; `wanted` names the type in messages.
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

fn parse_format(py: Python<'_>, name: &str) -> PyResult<BlockFormat> {
    BlockFormat::from_name(name).map_err(|error| raise(py, &error))
}

/// Quantizes rows of float32, float16, or the bits of bfloat16 as uint16; or of float32 with a weight for each
/// column.
#[pyfunction]
#[pyo3(signature = (x, block_format, threads=None, weights=None, rounding="reference"))]
pub fn quantize_rows<'py>(
    py: Python<'py>,
    x: &Bound<'py, PyAny>,
    block_format: &str,
    threads: Option<usize>,
    weights: Option<&Bound<'py, PyAny>>,
    rounding: &str,
) -> PyResult<Bound<'py, PyArray2<u8>>> {
    let to = parse_format(py, block_format)?;
    let rounding = Rounding::from_name(rounding).map_err(|error| raise(py, &error))?;
    if let Some(weights) = weights {
        return quantize_weighted(rounding, x, weights, to, threads);
    }
    if x.cast::<PyArray2<f16>>().is_ok() {
        quantize::<f16>(rounding, x, Float::F16, to, threads)
    } else if x.cast::<PyArray2<u16>>().is_ok() {
        quantize::<u16>(rounding, x, Float::Bf16, to, threads)
    } else {
        quantize::<f32>(rounding, x, Float::F32, to, threads)
    }
}

fn check_row(py: Python<'_>, len: usize, to: BlockFormat) -> PyResult<()> {
    if len.is_multiple_of(to.block_len()) {
        return Ok(());
    }
    Err(wrong(py, "row length does not fit", format!("rows a multiple of {}", to.block_len()), len))
}

fn quantize_weighted<'py>(
    rounding: Rounding,
    x: &Bound<'py, PyAny>,
    weights: &Bound<'py, PyAny>,
    to: BlockFormat,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<u8>>> {
    let py = x.py();
    let (array, weights) = (rows::<f32>(x, "float32")?, rows::<f32>(weights, "float32")?);
    let [n_rows, len] = [array.shape()[0], array.shape()[1]];
    check_row(py, len, to)?;
    if weights.shape() != [1, len] {
        let found = format!("{:?}", weights.shape());
        return Err(wrong(py, "weights do not fit", format!("[1, {len}]"), found));
    }
    let values = weights.as_slice().expect("checked");
    if let Some(index) = values.iter().position(|w| !w.is_finite() || w.is_sign_negative()) {
        let found = format!("{} at {index}", values[index]);
        return Err(wrong(py, "bad weight", "finite weights that are not negative", found));
    }
    // SAFETY: the array is not initialized. No one else has it before `run` returns: every byte is written
    // then, or the call fails and the array is dropped. Any byte is a valid u8.
    let out = unsafe { PyArray2::<u8>::new(py, [n_rows, len / to.block_len() * to.block_bytes()], false) };
    if n_rows == 0 || len == 0 {
        return Ok(out);
    }
    {
        let mut target = out.readwrite();
        let (src, target) = (array.as_slice().expect("checked"), target.as_slice_mut().expect("new"));
        let mut call = |poll: &mut dyn FnMut(Step) -> ControlFlow<()>| {
            let mut poll = || poll(Step::default());
            quant::quantize_array_weighted(rounding, to, src, values, target, threads, &mut poll)
        };
        run(py, &mut call, None)?;
    }
    Ok(out)
}

fn quantize<'py, T: numpy::Element + Number + Sync>(
    rounding: Rounding,
    x: &Bound<'py, PyAny>,
    from: Float,
    to: BlockFormat,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<u8>>> {
    let py = x.py();
    let array = rows::<T>(x, "float32, float16 or uint16 (the bits of bfloat16)")?;
    let [n_rows, len] = [array.shape()[0], array.shape()[1]];
    check_row(py, len, to)?;
    let row_bytes = len / to.block_len() * to.block_bytes();
    // SAFETY: the array is not initialized. No one else has it before `run` returns: every byte is written
    // then, or the call fails and the array is dropped. Any byte is a valid u8.
    let out = unsafe { PyArray2::<u8>::new(py, [n_rows, row_bytes], false) };
    {
        let mut target = out.readwrite();
        let (src, target) = (array.as_slice().expect("checked"), target.as_slice_mut().expect("new"));
        let src = quant::bytes_of(src);
        let mut call = |poll: &mut dyn FnMut(Step) -> ControlFlow<()>| {
            quant::quantize_array(rounding, from, to, src, target, threads, &mut || poll(Step::default()))
        };
        run(py, &mut call, None)?;
    }
    Ok(out)
}

/// Dequantizes rows of blocks to float32.
#[pyfunction]
#[pyo3(signature = (q, block_format, threads=None))]
pub fn dequantize_rows<'py>(
    py: Python<'py>,
    q: &Bound<'py, PyAny>,
    block_format: &str,
    threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<f32>>> {
    let from = parse_format(py, block_format)?;
    let array = rows::<u8>(q, "uint8")?;
    let [n_rows, row_bytes] = [array.shape()[0], array.shape()[1]];
    if !row_bytes.is_multiple_of(from.block_bytes()) {
        let expected = format!("rows a multiple of {} bytes", from.block_bytes());
        return Err(wrong(py, "row length does not fit", expected, row_bytes));
    }
    let len = row_bytes / from.block_bytes() * from.block_len();
    // SAFETY: the array is not initialized. No one else has it before `run` returns: every value is written
    // then, or the call fails and the array is dropped. Any four bytes are a valid f32.
    let out = unsafe { PyArray2::<f32>::new(py, [n_rows, len], false) };
    {
        let mut target = out.readwrite();
        let (src, target) = (array.as_slice().expect("checked"), target.as_slice_mut().expect("new"));
        run(
            py,
            |poll| quant::dequantize_array(from, src, target, threads, &mut || poll(Step::default())),
            None,
        )?;
    }
    Ok(out)
}
