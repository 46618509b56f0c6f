//! The arrays of a call, checked against the layer's sizes.

use numpy::{PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use t2sql_train::{self as train, Adapter, LayerShape, Projections, Rotary};

use super::frozen::BorrowedWeight;
use super::{slice, Array, LayerAdapters, LayerWeights};
use crate::errors::wrong;

/// The arrays of a call, borrowed for reading.
pub struct Inputs<'py> {
    input_norm: Array<'py>,
    post_attention_norm: Array<'py>,
    projections: Projections<BorrowedWeight<'py>>,
    adapters: Projections<Option<(Array<'py>, Array<'py>)>>,
    scale: f32,
    cos: Array<'py>,
    sin: Array<'py>,
}

impl<'py> Inputs<'py> {
    /// Borrows the arrays and checks their lengths against the layer's shape.
    pub fn of(
        py: Python<'py>,
        shape: &LayerShape,
        weights: &LayerWeights,
        adapters: &LayerAdapters,
        [cos, sin]: [Array<'py>; 2],
    ) -> PyResult<Inputs<'py>> {
        let inputs = Inputs {
            input_norm: weights.input_norm.bind(py).readonly(),
            post_attention_norm: weights.post_attention_norm.bind(py).readonly(),
            projections: weights.projections.as_ref().map(|weight| weight.get().borrow(py)),
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
            if !weight.get().fits(size) {
                return misfit(format!("a weight of {name} of [{rows}, {columns}]"), weight.get().len());
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

    /// Checks that there is an angle for each row.
    pub fn check_rotary(&self, py: Python<'_>, rows: usize, shape: &LayerShape) -> PyResult<()> {
        let half = shape.head_dim / 2;
        match [&self.cos, &self.sin].into_iter().find(|angles| angles.len() != rows * half) {
            Some(angles) => {
                let expected = format!("cos and sin of [{rows}, {half}]");
                Err(wrong(py, "array does not fit", expected, angles.len()))
            }
            None => Ok(()),
        }
    }

    pub fn weights(&self) -> train::LayerWeights<'_> {
        train::LayerWeights {
            input_norm: checked_slice(&self.input_norm),
            post_attention_norm: checked_slice(&self.post_attention_norm),
            projections: self.projections.as_ref().map(BorrowedWeight::get),
        }
    }

    pub fn adapters(&self) -> train::LayerAdapters<'_> {
        self.adapters.as_ref().map(|pair| {
            let (a, b) = pair.as_ref()?;
            Some(Adapter { a: checked_slice(a), b: checked_slice(b), scale: self.scale })
        })
    }

    pub fn rotary(&self) -> Rotary<'_> {
        Rotary { cos: checked_slice(&self.cos), sin: checked_slice(&self.sin) }
    }
}

/// The slice of an array that was found to be contiguous.
fn checked_slice<'a>(array: &'a Array<'_>) -> &'a [f32] {
    array.as_slice().expect("checked to be contiguous")
}
