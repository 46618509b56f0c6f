//! A layer's weights and adapters as Python objects that hold NumPy arrays.

use numpy::{PyArrayDyn, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use t2sql_train::{Norms, Projections};

use super::frozen::FrozenWeight;
use super::slice;
use crate::errors::wrong;

/// A C-contiguous float32 array.
pub type Stored = Py<PyArrayDyn<f32>>;

/// The frozen weights of a layer.
#[pyclass(module = "t2sql._core", frozen)]
pub struct LayerWeights {
    pub norms: Norms<Stored>,
    pub projections: Projections<Option<Py<FrozenWeight>>>,
    pub biases: Projections<Option<Stored>>,
}

#[pymethods]
impl LayerWeights {
    #[new]
    #[pyo3(signature = (*, norms, projections, biases))]
    fn new(
        norms: &Bound<'_, PyDict>,
        projections: &Bound<'_, PyDict>,
        biases: &Bound<'_, PyDict>,
    ) -> PyResult<LayerWeights> {
        let py = projections.py();
        let (norms, projections) = (by_norm(norms)?, by_projection(projections, frozen)?);
        if !projections.as_ref().map(Option::is_some).complete() {
            let names = Projections::NAMES.zip(projections.as_ref()).into_iter();
            let names: Vec<_> = names.filter(|(_, array)| array.is_some()).map(|(name, _)| name).collect();
            let expected = "q, k and v, or qkv; o; gate and up, or gate_up; down";
            return Err(wrong(py, "projection missing or doubled", expected, names.join(", ")));
        }
        Ok(LayerWeights { norms, projections, biases: by_projection(biases, stored)? })
    }
}

/// One projection's LoRA: A, B, the scale of their product and the probability of keeping an input.
pub struct StoredAdapter {
    pub a: Stored,
    pub b: Stored,
    pub scale: f32,
    pub keep: f32,
}

/// The LoRA adapters of a layer.
#[pyclass(module = "t2sql._core", frozen)]
pub struct LayerAdapters {
    pub projections: Projections<Option<StoredAdapter>>,
    pub seed: u64,
}

#[pymethods]
impl LayerAdapters {
    #[new]
    #[pyo3(signature = (projections, *, seed=0))]
    fn new(projections: &Bound<'_, PyDict>, seed: u64) -> PyResult<LayerAdapters> {
        let projections = by_projection(projections, |value| {
            let (a, b, scale, keep): (Bound<'_, PyAny>, Bound<'_, PyAny>, f32, f32) = value.extract()?;
            if !(keep > 0.0 && keep <= 1.0) {
                let expected = "a probability of keeping a number above 0, at most 1";
                return Err(wrong(value.py(), "probability does not fit", expected, keep));
            }
            Ok(StoredAdapter { a: stored(&a)?, b: stored(&b)?, scale, keep })
        })?;
        Ok(LayerAdapters { projections, seed })
    }
}

/// The norms of a dict by their names; other names are refused.
fn by_norm(dict: &Bound<'_, PyDict>) -> PyResult<Norms<Stored>> {
    let py = dict.py();
    let get = |name: &str| dict.get_item(name)?.map(|array| stored(&array)).transpose();
    let needed = |name: &str| {
        get(name)?.ok_or_else(|| wrong(py, "norm missing", "input and feed_forward", format!("no {name}")))
    };
    let norms = Norms {
        input: needed("input")?,
        q: get("q")?,
        k: get("k")?,
        attention_output: get("attention_output")?,
        feed_forward: needed("feed_forward")?,
        feed_forward_output: get("feed_forward_output")?,
    };
    let known = [&norms.q, &norms.k, &norms.attention_output, &norms.feed_forward_output];
    if dict.len() != 2 + known.into_iter().flatten().count() {
        let expected = "input, q, k, attention_output, feed_forward and feed_forward_output";
        return Err(wrong(py, "unknown norm", expected, dict.keys()));
    }
    Ok(norms)
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
            return Err(wrong(
                dict.py(),
                "unknown projection",
                Projections::NAMES.into_iter().collect::<Vec<_>>().join(", "),
                key,
            ));
        };
        *slot = Some(extract(&value)?);
    }
    Ok(values)
}

/// A frozen matrix, or a float32 array as one.
pub fn frozen(value: &Bound<'_, PyAny>) -> PyResult<Py<FrozenWeight>> {
    match value.cast::<FrozenWeight>() {
        Ok(weight) => Ok(weight.clone().unbind()),
        Err(_) => Py::new(value.py(), FrozenWeight::plain(stored(value)?)),
    }
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
