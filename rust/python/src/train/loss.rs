//! The loss on NumPy arrays.

use numpy::PyArray1;
use pyo3::prelude::*;
use t2sql_train::{self as train, ProjectionShape};

use super::weights::frozen;
use super::{slice, Array, Flat};
use crate::errors::wrong;

/// Losses of targets under a vocabulary's weight and, where asked for, their gradients.
#[pyfunction]
#[pyo3(signature = (h, weight, targets, *, gradient, cap=None))]
pub fn cross_entropy<'py>(
    py: Python<'py>,
    h: Array<'py>,
    weight: &Bound<'py, PyAny>,
    targets: Vec<u32>,
    gradient: bool,
    cap: Option<f32>,
) -> PyResult<(Flat<'py>, Option<Flat<'py>>)> {
    let (h, weight) = (slice(py, &h)?, frozen(weight)?.get().borrow(py));
    let weight = weight.get();
    let misfit = |expected: String, found: usize| wrong(py, "array does not fit", expected, found);
    let rows = targets.len();
    let hidden = h.len() / rows.max(1);
    if hidden == 0 || h.len() != rows * hidden {
        return Err(misfit(format!("states of [{rows}, hidden]"), h.len()));
    }
    let vocabulary = weight.len() / hidden;
    if !weight.fits(ProjectionShape { inputs: hidden, outputs: vocabulary }) {
        return Err(misfit(format!("a weight of [vocabulary, {hidden}]"), weight.len()));
    }
    if let Some(&target) = targets.iter().find(|&&target| target as usize >= vocabulary) {
        return Err(misfit(format!("targets below {vocabulary}"), target as usize));
    }
    let mut losses = vec![0.0; rows];
    let mut dh = gradient.then(|| vec![0.0; h.len()]);
    py.detach(|| train::cross_entropy(h, weight, cap, &targets, &mut losses, dh.as_deref_mut()));
    Ok((PyArray1::from_vec(py, losses), dh.map(|dh| PyArray1::from_vec(py, dh))))
}
