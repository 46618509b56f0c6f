//! A llama layer on NumPy arrays.

use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use t2sql_train::{self as train, LayerShape, Projections};

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
