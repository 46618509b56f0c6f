//! The arrays of a call, checked against the layer's sizes.

use numpy::{PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;
use t2sql_train::{self as train, Adapter, Dropout, LayerShape, LayerSpec, Norms, Projections, Rotary};

use super::frozen::BorrowedWeight;
use super::weights::Stored;
use super::{slice, Array, LayerAdapters, LayerWeights};
use crate::errors::wrong;

/// The arrays of a call, borrowed for reading.
pub struct Inputs<'py> {
    norms: Norms<Array<'py>>,
    projections: Projections<Option<BorrowedWeight<'py>>>,
    biases: Projections<Option<Array<'py>>>,
    adapters: Projections<Option<AdapterArrays<'py>>>,
    cos: Array<'py>,
    sin: Array<'py>,
}

/// One projection's LoRA.
struct AdapterArrays<'py> {
    a: Array<'py>,
    b: Array<'py>,
    scale: f32,
    dropout: Option<Dropout>,
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
        let borrow = |array: &Stored| array.bind(py).readonly();
        let mut indices = 0..;
        let inputs = Inputs {
            norms: weights.norms.map(borrow),
            projections: weights
                .projections
                .as_ref()
                .map(|weight| weight.as_ref().map(|weight| weight.get().borrow(py))),
            biases: weights.biases.as_ref().map(|array| array.as_ref().map(borrow)),
            adapters: adapters.projections.as_ref().map(|stored| {
                let (stored, index) = (stored.as_ref(), indices.next().unwrap_or(0));
                stored.map(|stored| AdapterArrays {
                    a: borrow(&stored.a),
                    b: borrow(&stored.b),
                    scale: stored.scale,
                    dropout: (stored.keep < 1.0).then(|| Dropout::new(adapters.seed, index, stored.keep)),
                })
            }),
            cos,
            sin,
        };
        inputs.check(py, shape)?;
        Ok(inputs)
    }

    fn check(&self, py: Python<'_>, shape: &LayerShape) -> PyResult<()> {
        let misfit = |expected: String, found: usize| Err(wrong(py, "array does not fit", expected, found));
        let norms = &self.norms;
        let of_hidden = [&norms.input, &norms.feed_forward].into_iter().chain(&norms.attention_output);
        let of_hidden = of_hidden.chain(&norms.feed_forward_output).map(|norm| (norm, shape.hidden));
        let of_heads = norms.q.iter().chain(&norms.k).map(|norm| (norm, shape.head_dim));
        for (norm, width) in of_hidden.chain(of_heads) {
            if norm.len() != width {
                return misfit(format!("a norm of [{width}]"), norm.len());
            }
        }
        let arrays = self.projections.as_ref().zip(self.biases.as_ref()).zip(self.adapters.as_ref());
        let arrays = Projections::NAMES.zip(shape.projections()).zip(arrays);
        for ((name, size), ((weight, bias), adapter)) in arrays {
            let (rows, columns) = (size.outputs, size.inputs);
            if let Some(weight) = weight.as_ref().map(BorrowedWeight::get).filter(|weight| !weight.fits(size))
            {
                return misfit(format!("a weight of {name} of [{rows}, {columns}]"), weight.len());
            }
            if let Some(bias) = bias.as_ref().filter(|bias| bias.len() != rows) {
                return misfit(format!("a bias of {name} of [{rows}]"), bias.len());
            }
            if let Some(AdapterArrays { a, b, .. }) = adapter {
                if a.len() % columns != 0 || b.len() != a.len() / columns * rows {
                    let expected = format!("an adapter of {name} of [{columns}, rank] and [rank, {rows}]");
                    return misfit(expected, a.len());
                }
            }
        }
        for array in [&self.cos, &self.sin] {
            slice(py, array)?;
        }
        Ok(())
    }

    /// Checks that there is an angle for each row.
    pub fn check_rotary(&self, py: Python<'_>, rows: usize, spec: &LayerSpec) -> PyResult<()> {
        let half = spec.rotary_dims / 2;
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
            norms: self.norms.map(checked_slice),
            projections: self.projections.as_ref().map(|weight| weight.as_ref().map(BorrowedWeight::get)),
            biases: self.biases.as_ref().map(|array| array.as_ref().map(checked_slice)),
        }
    }

    pub fn adapters(&self) -> train::LayerAdapters<'_> {
        self.adapters.as_ref().map(|adapter| {
            let AdapterArrays { a, b, scale, dropout } = adapter.as_ref()?;
            Some(Adapter { a: checked_slice(a), b: checked_slice(b), scale: *scale, dropout: *dropout })
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
