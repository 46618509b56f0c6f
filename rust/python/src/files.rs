//! Reading headers and writing GGUF and safetensors files: paths in, small summaries out.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use t2sql_core::convert::{write_files, Options, Progress};
use t2sql_core::plan::{self, FilePlan, Header, TensorSource};
use t2sql_core::quant::Rounding;
use t2sql_core::{gguf, safetensors, Dtype, Encoding};

use crate::errors::{raise, wrong};
use crate::metadata;
use crate::progress::{run, Step};

/// The header of a GGUF.
#[pyfunction]
#[pyo3(signature = (path, *, arrays=true))]
pub fn read_gguf<'py>(py: Python<'py>, path: PathBuf, arrays: bool) -> PyResult<Bound<'py, PyDict>> {
    let file = py.detach(|| gguf::read_file(&path)).map_err(|error| raise(py, &error))?;
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

/// The header of a safetensors file.
#[pyfunction]
pub fn read_safetensors<'py>(py: Python<'py>, path: PathBuf) -> PyResult<Bound<'py, PyDict>> {
    let file = py.detach(|| safetensors::read_file(&path)).map_err(|error| raise(py, &error))?;
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

/// Where the scales and biases of a matrix are that MLX quantized, and how its codes are packed.
#[pyclass(module = "t2sql._core", frozen)]
pub struct AffineSource(plan::Affine);

#[pymethods]
impl AffineSource {
    #[new]
    #[pyo3(signature = (*, bits, group_size, scales, biases))]
    fn new(bits: u32, group_size: u64, scales: Source, biases: Source) -> AffineSource {
        AffineSource(plan::Affine { bits, group_size, scales: source(scales), biases: source(biases) })
    }
}

type Source = (PathBuf, String);

fn source((path, name): Source) -> TensorSource {
    TensorSource { path, name }
}

/// A low-rank adapter of a matrix.
#[pyclass(module = "t2sql._core", frozen)]
pub struct LowRankSource(plan::LowRank);

#[pymethods]
impl LowRankSource {
    #[new]
    #[pyo3(signature = (*, left, right, rank, scale, left_transposed=false, right_transposed=false, magnitudes=None))]
    fn new(
        left: Source,
        right: Source,
        rank: u64,
        scale: f32,
        left_transposed: bool,
        right_transposed: bool,
        magnitudes: Option<Source>,
    ) -> LowRankSource {
        LowRankSource(plan::LowRank {
            left: plan::Factor { source: source(left), transposed: left_transposed },
            right: plan::Factor { source: source(right), transposed: right_transposed },
            rank,
            scale,
            magnitudes: magnitudes.map(source),
        })
    }
}

/// One tensor to write.
#[pyclass(module = "t2sql._core", frozen)]
pub struct TensorPlan(plan::TensorPlan);

#[pymethods]
impl TensorPlan {
    #[new]
    #[pyo3(signature = (*, name, path, source, shape, dtype, permute_heads=0, add=0.0, affine=None, weights=None,
        rounding="reference", grid=None, low_rank=None))]
    #[allow(clippy::too_many_arguments)] // all by keyword, as a struct's fields
    fn new(
        py: Python<'_>,
        name: String,
        path: PathBuf,
        source: String,
        shape: Vec<u64>,
        dtype: &str,
        permute_heads: u64,
        add: f32,
        affine: Option<&Bound<'_, AffineSource>>,
        weights: Option<PyReadonlyArray1<'_, f32>>,
        rounding: &str,
        grid: Option<(u32, u64)>,
        low_rank: Option<&Bound<'_, LowRankSource>>,
    ) -> PyResult<TensorPlan> {
        let known = Dtype::from_name(dtype);
        let dtype = known.ok_or_else(|| wrong(py, "unknown tensor type", Encoding::NAMES, dtype))?;
        let source = TensorSource { path, name: source };
        Ok(TensorPlan(plan::TensorPlan {
            name,
            source,
            shape,
            dtype,
            permute_heads,
            add,
            affine: affine.map(|affine| affine.get().0.clone()),
            weights: weights.map(|weights| Arc::from(weights.as_array().to_vec())),
            rounding: Rounding::from_name(rounding).map_err(|error| raise(py, &error))?,
            grid: grid.map(|(bits, group_size)| plan::Grid { bits, group_size }),
            low_rank: low_rank.map(|low_rank| low_rank.get().0.clone()),
        }))
    }

    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    #[getter]
    fn dtype(&self) -> &'static str {
        self.0.dtype.name()
    }

    #[getter]
    fn shape(&self) -> Vec<u64> {
        self.0.shape.clone()
    }

    #[getter]
    fn nbytes(&self, py: Python<'_>) -> PyResult<u64> {
        let elements = self.0.shape.iter().try_fold(1u64, |n, &extent| n.checked_mul(extent));
        elements.and_then(|n| self.0.dtype.bytes(n)).ok_or_else(|| {
            let expected = format!("whole blocks of {}", self.0.dtype);
            wrong(py, "shape does not fit", expected, format!("{:?}", self.0.shape))
        })
    }

    fn __repr__(&self) -> String {
        format!("TensorPlan(name={:?}, shape={:?}, dtype={:?})", self.0.name, self.0.shape, self.dtype())
    }
}

type Pairs<'py> = Vec<(String, String, Bound<'py, PyAny>)>;
type Texts = Vec<(String, String)>;
type Plans<'py> = Vec<Bound<'py, TensorPlan>>;

fn plans(tensors: &[Bound<'_, TensorPlan>]) -> Vec<plan::TensorPlan> {
    tensors.iter().map(|tensor| tensor.get().0.clone()).collect()
}

/// Writes one GGUF.
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

/// Writes a set of GGUFs in one pass.
#[pyfunction]
#[pyo3(signature = (files, *, threads=None, progress=None, force=false))]
pub fn write_ggufs<'py>(
    py: Python<'py>,
    files: Vec<(PathBuf, Pairs<'py>, Plans<'py>)>,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
    force: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let pair = |(key, kind, value): (String, String, _)| {
        let value = metadata::from_python(&key, &kind, &value)?;
        Ok((key, value))
    };
    let plan = |(path, pairs, tensors): (PathBuf, Pairs<'py>, Plans<'py>)| {
        let header = Header::Gguf(pairs.into_iter().map(pair).collect::<PyResult<_>>()?);
        Ok(FilePlan { path, header, tensors: plans(&tensors) })
    };
    let files = files.into_iter().map(plan).collect::<PyResult<Vec<_>>>()?;
    write(py, &files, Options { threads, force }, progress.as_ref())
}

/// Writes a set of safetensors files in one pass.
#[pyfunction]
#[pyo3(signature = (files, *, threads=None, progress=None, force=false))]
pub fn write_safetensors<'py>(
    py: Python<'py>,
    files: Vec<(PathBuf, Texts, Plans<'py>)>,
    threads: Option<usize>,
    progress: Option<Py<PyAny>>,
    force: bool,
) -> PyResult<Bound<'py, PyDict>> {
    let plan = |(path, metadata, tensors): (PathBuf, _, Plans<'py>)| FilePlan {
        path,
        header: Header::Safetensors(metadata),
        tensors: plans(&tensors),
    };
    let files: Vec<_> = files.into_iter().map(plan).collect();
    write(py, &files, Options { threads, force }, progress.as_ref())
}

fn write<'py>(
    py: Python<'py>,
    files: &[FilePlan],
    options: Options,
    progress: Option<&Py<PyAny>>,
) -> PyResult<Bound<'py, PyDict>> {
    let start = Instant::now();
    let summary = run(
        py,
        |poll| {
            let mut step = |p: Progress| poll(Step { done: p.done, total: p.total, label: p.tensor });
            write_files(files, options, &mut step)
        },
        progress,
    )?;
    let result = PyDict::new(py);
    result.set_item("bytes", summary.bytes)?;
    result.set_item("tensors", summary.tensors)?;
    result.set_item("seconds", start.elapsed().as_secs_f64())?;
    result.set_item("types", summary.types)?;
    result.set_item("max_change", summary.max_change)?;
    Ok(result)
}
