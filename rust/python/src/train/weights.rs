//! A layer's weights and adapters as Python objects that hold NumPy arrays.

use numpy::{PyArrayDyn, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use t2sql_train::Projections;

use super::frozen::FrozenWeight;
use super::slice;
use crate::errors::wrong;

/// A C-contiguous float32 array.
type Stored = Py<PyArrayDyn<f32>>;

/// The frozen weights of a layer.
#[pyclass(module = "t2sql._core", frozen)]
pub struct LayerWeights {
    pub input_norm: Stored,
    pub post_attention_norm: Stored,
    pub projections: Projections<Py<FrozenWeight>>,
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
        let projections = by_projection(projections, frozen)?;
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
    pub scale: f32,
    pub projections: Projections<Option<(Stored, Stored)>>,
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
