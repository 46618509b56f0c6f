//! Reading headers and writing a GGUF: paths in, small summaries out.

use std::path::PathBuf;
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use t2sql_core::affine::Affine;
use t2sql_core::convert::{self, FilePlan, Options, Progress, TensorPlan};
use t2sql_core::dtype::Dtype;
use t2sql_core::quant;

use crate::errors::{raise, run, wrong, Step};
use crate::metadata;

#[pyfunction]
#[pyo3(signature = (path, *, arrays=true))]
pub fn read_gguf<'py>(py: Python<'py>, path: PathBuf, arrays: bool) -> PyResult<Bound<'py, PyDict>> {
    let file = py.detach(|| convert::read_gguf(&path)).map_err(|e| raise(py, &e))?;
    let pairs = PyList::empty(py);
    for (key, value) in file.metadata {
        pairs.append((key, value.type_name(), metadata::to_python(py, value, !arrays)?))?;
    }
    let tensors = PyList::empty(py);
    for t in &file.tensors {
        let entry = PyDict::new(py);
        entry.set_item("name", &t.name)?;
        entry.set_item("type", t.dtype.name())?;
        entry.set_item("shape", &t.shape)?;
        entry.set_item("offset", t.offset)?;
        entry.set_item("nbytes", t.nbytes)?;
        tensors.append(entry)?;
    }
    let out = PyDict::new(py);
    out.set_item("version", file.version)?;
    out.set_item("alignment", file.alignment)?;
    out.set_item("data_offset", file.data_offset)?;
    out.set_item("file_size", file.file_size)?;
    out.set_item("metadata", pairs)?;
    out.set_item("tensors", tensors)?;
    Ok(out)
}

#[pyfunction]
pub fn read_safetensors<'py>(py: Python<'py>, path: PathBuf) -> PyResult<Bound<'py, PyDict>> {
    let file = py.detach(|| convert::read_safetensors(&path)).map_err(|e| raise(py, &e))?;
    let pairs = PyDict::new(py);
    for (key, value) in &file.metadata {
        pairs.set_item(key, value)?;
    }
    let tensors = PyList::empty(py);
    for t in &file.tensors {
        let entry = PyDict::new(py);
        entry.set_item("name", &t.name)?;
        entry.set_item("dtype", &t.dtype)?;
        entry.set_item("shape", &t.shape)?;
        entry.set_item("offset", t.offset)?;
        entry.set_item("nbytes", t.nbytes)?;
        tensors.append(entry)?;
    }
    let out = PyDict::new(py);
    out.set_item("metadata", pairs)?;
    out.set_item("tensors", tensors)?;
    Ok(out)
}

/// The plan of one tensor, from its dict.
fn plan(py: Python<'_>, dict: &Bound<'_, PyDict>) -> PyResult<TensorPlan> {
    const REQUIRED: [&str; 5] = ["name", "path", "source", "shape", "type"];
    const OPTIONAL: [&str; 3] = ["permute_heads", "add", "affine"];
    for key in dict.keys() {
        let key: String = key.extract()?;
        if !REQUIRED.iter().chain(&OPTIONAL).any(|known| *known == key) {
            return Err(wrong(py, "unknown key in a tensor's plan", REQUIRED.join(", "), key));
        }
    }
    let get = |key: &'static str| {
        let value = dict.get_item(key)?;
        value.ok_or_else(|| wrong(py, "key missing in a tensor's plan", key, dict))
    };
    let type_name: String = get("type")?.extract()?;
    let dtype = Dtype::from_name(&type_name)
        .ok_or_else(|| wrong(py, "unknown tensor type", quant::TARGETS, &type_name))?;
    type Place = (PathBuf, String);
    let affine: Option<(u32, u64, Place, Place)> =
        dict.get_item("affine")?.map_or(Ok(None), |value| value.extract())?;
    Ok(TensorPlan {
        name: get("name")?.extract()?,
        path: get("path")?.extract()?,
        source: get("source")?.extract()?,
        shape: get("shape")?.extract()?,
        dtype,
        permute_heads: dict.get_item("permute_heads")?.map_or(Ok(0), |v| v.extract())?,
        add: dict.get_item("add")?.map_or(Ok(0.0), |v| v.extract())?,
        affine: affine.map(|(bits, group_size, scales, biases)| Affine { bits, group_size, scales, biases }),
    })
}

type Pairs<'py> = Vec<(String, String, Bound<'py, PyAny>)>;
type Plans<'py> = Vec<Bound<'py, PyDict>>;

fn file<'py>(py: Python<'py>, path: PathBuf, pairs: Pairs<'py>, plans: Plans<'py>) -> PyResult<FilePlan> {
    let pair = |(key, kind, value): (String, String, _)| {
        let value = metadata::from_python(&key, &kind, &value)?;
        Ok((key, value))
    };
    Ok(FilePlan {
        path,
        metadata: pairs.into_iter().map(pair).collect::<PyResult<_>>()?,
        tensors: plans.iter().map(|dict| plan(py, dict)).collect::<PyResult<_>>()?,
    })
}

#[pyfunction]
#[pyo3(signature = (out, metadata, tensors, *, threads=None, progress=None, force=false))]
pub fn write_gguf<'py>(
    py: Python<'py>,
    out: PathBuf,
    metadata: Pairs<'py>,
    tensors: Plans<'py>,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
    force: bool,
) -> PyResult<Bound<'py, PyDict>> {
    write_ggufs(py, vec![(out, metadata, tensors)], threads, progress, force)
}

#[pyfunction]
#[pyo3(signature = (files, *, threads=None, progress=None, force=false))]
pub fn write_ggufs<'py>(
    py: Python<'py>,
    files: Vec<(PathBuf, Pairs<'py>, Plans<'py>)>,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
    force: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let start = Instant::now();
    let files = files
        .into_iter()
        .map(|(path, metadata, tensors)| file(py, path, metadata, tensors))
        .collect::<PyResult<Vec<_>>>()?;
    let options = Options { threads, force };
    let summary = run(
        py,
        |poll| {
            let mut step = |p: Progress| poll(Step { done: p.done, total: p.total, label: p.tensor });
            convert::write_files(&files, options, &mut step)
        },
        progress.as_ref(),
    )?;
    let result = PyDict::new(py);
    result.set_item("bytes", summary.bytes)?;
    result.set_item("tensors", summary.tensors)?;
    result.set_item("seconds", start.elapsed().as_secs_f64())?;
    result.set_item("types", summary.types)?;
    Ok(result)
}
