//! A transformer layer on NumPy arrays.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use t2sql_train::{self as train, Activation, LayerShape, LayerSpec, Projections, RotaryPairs};

use super::inputs::Inputs;
use super::{slice, Array, Flat, LayerAdapters, LayerWeights};
use crate::errors::wrong;

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

/// A transformer layer with LoRA, and its activations.
#[pyclass(module = "t2sql._core")]
pub struct DecoderLayer(train::Layer);

#[pymethods]
impl DecoderLayer {
    #[new]
    #[pyo3(signature = (
        *, hidden, heads, kv_heads, head_dim, intermediate_size, eps, activation="silu", attention_scale=None,
        score_cap=None, window=None, rotary_dims=None, rotary_pairs="halves",
    ))]
    #[allow(clippy::too_many_arguments)] // a value of many fields
    fn new(
        py: Python<'_>,
        hidden: usize,
        heads: usize,
        kv_heads: usize,
        head_dim: usize,
        intermediate_size: usize,
        eps: f32,
        activation: &str,
        attention_scale: Option<f32>,
        score_cap: Option<f32>,
        window: Option<usize>,
        rotary_dims: Option<usize>,
        rotary_pairs: &str,
    ) -> PyResult<DecoderLayer> {
        let shape = LayerShape { hidden, heads, kv_heads, head_dim, intermediate_size, eps };
        let llama = LayerSpec::llama(shape);
        let spec = LayerSpec {
            activation: match activation {
                "silu" => Activation::Silu,
                "gelu_tanh" => Activation::GeluTanh,
                _ => return Err(wrong(py, "unknown activation", "silu or gelu_tanh", activation)),
            },
            attention_scale: attention_scale.unwrap_or(llama.attention_scale),
            score_cap,
            window,
            rotary_dims: rotary_dims.unwrap_or(llama.rotary_dims),
            rotary_pairs: match rotary_pairs {
                "halves" => RotaryPairs::Halves,
                "neighbours" => RotaryPairs::Neighbours,
                _ => return Err(wrong(py, "unknown rotary pairs", "halves or neighbours", rotary_pairs)),
            },
            ..llama
        };
        if !spec.valid() {
            let expected = "heads that are a multiple of kv_heads, and an even part of each head rotated";
            return Err(wrong(py, "layer does not fit", expected, format!("{spec:?}")));
        }
        Ok(DecoderLayer(train::Layer::new(spec)))
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
        let spec = self.0.spec();
        let shape = &spec.shape;
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
        inputs.check_rotary(py, rows, spec)?;
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
        let (rows, spec) = (self.0.rows(), self.0.spec());
        let shape = &spec.shape;
        let inputs = Inputs::of(py, shape, weights.get(), adapters.get(), [cos, sin])?;
        let dy = slice(py, &dy)?;
        if rows == 0 || dy.len() != rows * shape.hidden {
            let expected = "the gradient of the last forward's output";
            return Err(wrong(py, "array does not fit", expected, dy.len()));
        }
        inputs.check_rotary(py, rows, spec)?;
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

/// What a projection's dropout makes of ones: 0 or 1 / keep for each of `len` numbers.
#[pyfunction]
#[pyo3(signature = (projection, len, *, seed, keep))]
pub fn dropout_factors<'py>(
    py: Python<'py>,
    projection: &str,
    len: usize,
    seed: u64,
    keep: f32,
) -> PyResult<Flat<'py>> {
    let Some(index) = Projections::NAMES.into_iter().position(|name| name == projection) else {
        return Err(wrong(py, "unknown projection", "a projection's name", projection));
    };
    let mut out = vec![0.0; len];
    train::Dropout::new(seed, index, keep).apply(&vec![1.0; len], 0.0, &mut out);
    Ok(PyArray1::from_vec(py, out))
}
