//! The crate `t2sql-train` for NumPy arrays: a llama layer, its loss, and the optimizer's step.

use numpy::{PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyUntypedArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use t2sql_train::{self as train, Adapter, LayerShape, Projections, Rotary};

use crate::errors::wrong;

type Stored = Py<PyArrayDyn<f32>>;
type Array<'py> = PyReadonlyArrayDyn<'py, f32>;
type Flat<'py> = Bound<'py, PyArray1<f32>>;

/// Consecutive rows that attend to themselves and to a prefix.
#[pyclass(module = "t2sql._core", frozen)]
pub struct AttentionBlock(train::AttentionBlock);

#[pymethods]
impl AttentionBlock {
    #[new]
    #[pyo3(signature = (*, row, len, prefix_row=0, prefix_len=0))]
    fn new(row: usize, len: usize, prefix_row: usize, prefix_len: usize) -> AttentionBlock {
        AttentionBlock(train::AttentionBlock { row, len, prefix_row, prefix_len })
    }

    fn __repr__(&self) -> String {
        let train::AttentionBlock { row, len, prefix_row, prefix_len } = self.0;
        format!("AttentionBlock(row={row}, len={len}, prefix_row={prefix_row}, prefix_len={prefix_len})")
    }
}

/// The frozen weights of a layer.
#[pyclass(module = "t2sql._core", frozen)]
pub struct LayerWeights {
    input_norm: Stored,
    post_attention_norm: Stored,
    projections: Projections<Stored>,
}

#[pymethods]
impl LayerWeights {
    #[new]
    #[pyo3(signature = (*, input_norm, post_attention_norm, projections))]
    fn new(
        input_norm: &Bound<'_, PyAny>,
        post_attention_norm: &Bound<'_, PyAny>,
        projections: &Bound<'_, PyDict>,
    ) -> PyResult<LayerWeights> {
        let py = projections.py();
        let projections = by_projection(projections, |value| stored(value))?;
        let missing =
            Projections::NAMES.zip(projections.as_ref()).into_iter().find(|(_, array)| array.is_none());
        if let Some((name, _)) = missing {
            return Err(wrong(py, "projection missing", "a weight for every projection", name));
        }
        Ok(LayerWeights {
            input_norm: stored(input_norm)?,
            post_attention_norm: stored(post_attention_norm)?,
            projections: projections.map(|array| array.expect("none is missing")),
        })
    }
}

/// The LoRA adapters of a layer, all of one scale.
#[pyclass(module = "t2sql._core", frozen)]
pub struct LayerAdapters {
    scale: f32,
    projections: Projections<Option<(Stored, Stored)>>,
}

#[pymethods]
impl LayerAdapters {
    #[new]
    #[pyo3(signature = (*, scale, projections))]
    fn new(scale: f32, projections: &Bound<'_, PyDict>) -> PyResult<LayerAdapters> {
        let projections = by_projection(projections, |value| {
            let (a, b): (Bound<'_, PyAny>, Bound<'_, PyAny>) = value.extract()?;
            Ok((stored(&a)?, stored(&b)?))
        })?;
        Ok(LayerAdapters { scale, projections })
    }
}

/// The arrays of a call, borrowed for reading.
struct Inputs<'py> {
    input_norm: Array<'py>,
    post_attention_norm: Array<'py>,
    projections: Projections<Array<'py>>,
    adapters: Projections<Option<(Array<'py>, Array<'py>)>>,
    scale: f32,
    cos: Array<'py>,
    sin: Array<'py>,
}

impl<'py> Inputs<'py> {
    /// Borrows the arrays and checks their lengths against the layer's shape.
    fn of(
        py: Python<'py>,
        shape: &LayerShape,
        weights: &LayerWeights,
        adapters: &LayerAdapters,
        [cos, sin]: [Array<'py>; 2],
    ) -> PyResult<Inputs<'py>> {
        let inputs = Inputs {
            input_norm: weights.input_norm.bind(py).readonly(),
            post_attention_norm: weights.post_attention_norm.bind(py).readonly(),
            projections: weights.projections.as_ref().map(|array| array.bind(py).readonly()),
            adapters: adapters
                .projections
                .as_ref()
                .map(|pair| pair.as_ref().map(|(a, b)| (a.bind(py).readonly(), b.bind(py).readonly()))),
            scale: adapters.scale,
            cos,
            sin,
        };
        let misfit = |expected: String, found: usize| Err(wrong(py, "array does not fit", expected, found));
        let norms =
            [("input_norm", &inputs.input_norm), ("post_attention_norm", &inputs.post_attention_norm)];
        for (name, norm) in norms {
            if norm.len() != shape.hidden {
                return misfit(format!("{name} of [{}]", shape.hidden), norm.len());
            }
        }
        let arrays = shape.projections().zip(inputs.projections.as_ref()).zip(inputs.adapters.as_ref());
        for (name, ((size, weight), adapter)) in Projections::NAMES.zip(arrays) {
            let (rows, columns) = (size.outputs, size.inputs);
            if weight.len() != rows * columns {
                return misfit(format!("a weight of {name} of [{rows}, {columns}]"), weight.len());
            }
            if let Some((a, b)) = adapter {
                if a.len() % columns != 0 || b.len() != a.len() / columns * rows {
                    let expected = format!("an adapter of {name} of [{columns}, rank] and [rank, {rows}]");
                    return misfit(expected, a.len());
                }
            }
        }
        for array in [&inputs.cos, &inputs.sin] {
            slice(py, array)?;
        }
        Ok(inputs)
    }

    fn check_rotary(&self, py: Python<'_>, rows: usize, shape: &LayerShape) -> PyResult<()> {
        let half = shape.head_dim / 2;
        match [&self.cos, &self.sin].into_iter().find(|angles| angles.len() != rows * half) {
            Some(angles) => {
                let expected = format!("cos and sin of [{rows}, {half}]");
                Err(wrong(py, "array does not fit", expected, angles.len()))
            }
            None => Ok(()),
        }
    }

    fn weights(&self) -> train::LayerWeights<'_> {
        train::LayerWeights {
            input_norm: checked_slice(&self.input_norm),
            post_attention_norm: checked_slice(&self.post_attention_norm),
            projections: self.projections.as_ref().map(checked_slice),
        }
    }

    fn adapters(&self) -> train::LayerAdapters<'_> {
        self.adapters.as_ref().map(|pair| {
            let (a, b) = pair.as_ref()?;
            Some(Adapter { a: checked_slice(a), b: checked_slice(b), scale: self.scale })
        })
    }

    fn rotary(&self) -> Rotary<'_> {
        Rotary { cos: checked_slice(&self.cos), sin: checked_slice(&self.sin) }
    }
}

/// A llama layer with LoRA, and its activations.
#[pyclass(module = "t2sql._core")]
pub struct LlamaLayer(train::Layer);

#[pymethods]
impl LlamaLayer {
    #[new]
    #[pyo3(signature = (*, hidden, heads, kv_heads, head_dim, intermediate_size, eps))]
    fn new(
        hidden: usize,
        heads: usize,
        kv_heads: usize,
        head_dim: usize,
        intermediate_size: usize,
        eps: f32,
    ) -> LlamaLayer {
        LlamaLayer(train::Layer::new(LayerShape {
            hidden,
            heads,
            kv_heads,
            head_dim,
            intermediate_size,
            eps,
        }))
    }

    #[pyo3(signature = (x, blocks, weights, adapters, *, cos, sin))]
    #[allow(clippy::too_many_arguments)] // the interpreter's token and the layer itself are no arguments
    fn forward<'py>(
        &mut self,
        py: Python<'py>,
        x: Array<'py>,
        blocks: Vec<Bound<'py, AttentionBlock>>,
        weights: &Bound<'py, LayerWeights>,
        adapters: &Bound<'py, LayerAdapters>,
        cos: Array<'py>,
        sin: Array<'py>,
    ) -> PyResult<Flat<'py>> {
        let shape = self.0.shape();
        let inputs = Inputs::of(py, shape, weights.get(), adapters.get(), [cos, sin])?;
        let x = slice(py, &x)?;
        let rows = x.len() / shape.hidden.max(1);
        if x.is_empty() || x.len() != rows * shape.hidden {
            return Err(wrong(py, "array does not fit", "x of [rows, hidden]", x.len()));
        }
        let blocks: Vec<_> = blocks.iter().map(|block| block.get().0).collect();
        if !train::AttentionBlock::tile(&blocks, rows) {
            let expected = format!("blocks that follow each other over {rows} rows, prefixes within them");
            return Err(wrong(py, "blocks do not fit", expected, format!("{blocks:?}")));
        }
        inputs.check_rotary(py, rows, shape)?;
        let mut out = vec![0.0; x.len()];
        let (layer, weights, adapters) = (&mut self.0, inputs.weights(), inputs.adapters());
        let rotary = inputs.rotary();
        py.detach(|| layer.forward(&blocks, x, &weights, &adapters, rotary, &mut out));
        Ok(PyArray1::from_vec(py, out))
    }

    #[pyo3(signature = (dy, weights, adapters, *, cos, sin))]
    fn backward<'py>(
        &mut self,
        py: Python<'py>,
        dy: Array<'py>,
        weights: &Bound<'py, LayerWeights>,
        adapters: &Bound<'py, LayerAdapters>,
        cos: Array<'py>,
        sin: Array<'py>,
    ) -> PyResult<(Flat<'py>, Bound<'py, PyDict>)> {
        let (rows, shape) = (self.0.rows(), self.0.shape());
        let inputs = Inputs::of(py, shape, weights.get(), adapters.get(), [cos, sin])?;
        let dy = slice(py, &dy)?;
        if rows == 0 || dy.len() != rows * shape.hidden {
            let expected = "the gradient of the last forward's output";
            return Err(wrong(py, "array does not fit", expected, dy.len()));
        }
        inputs.check_rotary(py, rows, shape)?;
        let mut dx = vec![0.0; dy.len()];
        let (layer, weights, adapters) = (&mut self.0, inputs.weights(), inputs.adapters());
        let rotary = inputs.rotary();
        let gradients = py.detach(|| layer.backward(&weights, &adapters, rotary, dy, &mut dx));
        let by_name = PyDict::new(py);
        for (name, gradient) in Projections::NAMES.zip(gradients) {
            if let Some(gradient) = gradient {
                let pair = (PyArray1::from_vec(py, gradient.a), PyArray1::from_vec(py, gradient.b));
                by_name.set_item(name, pair)?;
            }
        }
        Ok((PyArray1::from_vec(py, dx), by_name))
    }
}

/// Losses of targets under a vocabulary's weight and, where asked for, their gradients.
#[pyfunction]
#[pyo3(signature = (h, weight, targets, *, gradient))]
pub fn cross_entropy<'py>(
    py: Python<'py>,
    h: Array<'py>,
    weight: Array<'py>,
    targets: Vec<u32>,
    gradient: bool,
) -> PyResult<(Flat<'py>, Option<Flat<'py>>)> {
    let (h, weight) = (slice(py, &h)?, slice(py, &weight)?);
    let misfit = |expected: String, found: usize| wrong(py, "array does not fit", expected, found);
    let rows = targets.len();
    let hidden = h.len() / rows.max(1);
    if hidden == 0 || h.len() != rows * hidden {
        return Err(misfit(format!("states of [{rows}, hidden]"), h.len()));
    }
    let vocabulary = weight.len() / hidden;
    if weight.len() != vocabulary * hidden {
        return Err(misfit(format!("a weight of [vocabulary, {hidden}]"), weight.len()));
    }
    if let Some(&target) = targets.iter().find(|&&target| target as usize >= vocabulary) {
        return Err(misfit(format!("targets below {vocabulary}"), target as usize));
    }
    let mut losses = vec![0.0; rows];
    let mut dh = gradient.then(|| vec![0.0; h.len()]);
    py.detach(|| train::cross_entropy(h, weight, &targets, &mut losses, dh.as_deref_mut()));
    Ok((PyArray1::from_vec(py, losses), dh.map(|dh| PyArray1::from_vec(py, dh))))
}

/// The settings of one step of AdamW.
#[pyclass(module = "t2sql._core", frozen)]
pub struct AdamW(train::AdamW);

#[pymethods]
impl AdamW {
    #[new]
    #[pyo3(signature = (*, learning_rate, betas, eps, weight_decay, step))]
    fn new(learning_rate: f32, betas: [f32; 2], eps: f32, weight_decay: f32, step: i32) -> AdamW {
        AdamW(train::AdamW { learning_rate, betas, eps, weight_decay, step })
    }

    /// The new parameter, first and second moment.
    fn apply<'py>(
        &self,
        py: Python<'py>,
        parameter: Array<'py>,
        gradient: Array<'py>,
        m: Array<'py>,
        v: Array<'py>,
    ) -> PyResult<(Flat<'py>, Flat<'py>, Flat<'py>)> {
        let gradient = slice(py, &gradient)?;
        let mut parts = [slice(py, &parameter)?.to_vec(), slice(py, &m)?.to_vec(), slice(py, &v)?.to_vec()];
        if let Some(part) = parts.iter().find(|part| part.len() != gradient.len()) {
            return Err(wrong(py, "array does not fit", format!("{} elements", gradient.len()), part.len()));
        }
        let [parameter, m, v] = &mut parts;
        self.0.apply(parameter, gradient, m, v);
        let [parameter, m, v] = parts.map(|part| PyArray1::from_vec(py, part));
        Ok((parameter, m, v))
    }
}

/// The values of a dict by the names of projections; other names are refused.
fn by_projection<T>(
    dict: &Bound<'_, PyDict>,
    extract: impl Fn(&Bound<'_, PyAny>) -> PyResult<T>,
) -> PyResult<Projections<Option<T>>> {
    let mut values: Projections<Option<T>> = Projections::NAMES.map(|_| None);
    for (key, value) in dict {
        let key: String = key.extract()?;
        let slot = Projections::NAMES.zip(values.as_mut()).into_iter().find(|(name, _)| *name == key);
        let Some((_, slot)) = slot else {
            return Err(wrong(dict.py(), "unknown projection", "q, k, v, o, gate, up or down", key));
        };
        *slot = Some(extract(&value)?);
    }
    Ok(values)
}

/// A C-contiguous float32 array, to be borrowed later.
fn stored(array: &Bound<'_, PyAny>) -> PyResult<Stored> {
    let py = array.py();
    let Ok(array) = array.cast::<PyArrayDyn<f32>>() else {
        return Err(wrong(py, "array does not fit", "a NumPy array of float32", array.get_type()));
    };
    slice(py, &array.readonly())?;
    Ok(array.clone().unbind())
}

fn slice<'a>(py: Python<'_>, array: &'a Array<'_>) -> PyResult<&'a [f32]> {
    let bad = || wrong(py, "array is strided", "a C-contiguous array (numpy.ascontiguousarray)", "strides");
    if !array.is_c_contiguous() {
        return Err(bad());
    }
    array.as_slice().map_err(|_| bad())
}

/// The slice of an array that was found to be contiguous.
fn checked_slice<'a>(array: &'a Array<'_>) -> &'a [f32] {
    array.as_slice().expect("checked to be contiguous")
}
