//! The optimizer's step over all parameters at once.

use numpy::PyArray1;
use pyo3::prelude::*;
use rayon::prelude::*;
use t2sql_train as train;

use super::{slice, Array, Flat};
use crate::errors::wrong;

/// The settings of one step of AdamW.
#[pyclass(module = "t2sql._core", frozen)]
pub struct AdamW(train::AdamW);

/// A parameter, its gradient, first and second moment.
type Arrays<'py> = (Array<'py>, Array<'py>, Array<'py>, Array<'py>);
/// A new parameter, first and second moment.
type Updated<'py> = (Flat<'py>, Flat<'py>, Flat<'py>);

#[pymethods]
impl AdamW {
    #[new]
    #[pyo3(signature = (*, learning_rate, betas, eps, weight_decay, step))]
    fn new(learning_rate: f32, betas: [f32; 2], eps: f32, weight_decay: f32, step: i32) -> AdamW {
        AdamW(train::AdamW { learning_rate, betas, eps, weight_decay, step })
    }

    /// The new parameter, first and second moment of each; gradients are multiplied by `scale`.
    fn apply<'py>(
        &self,
        py: Python<'py>,
        arrays: Vec<Arrays<'py>>,
        scale: f32,
    ) -> PyResult<Vec<Updated<'py>>> {
        let mut parts = Vec::with_capacity(arrays.len());
        for (parameter, gradient, m, v) in &arrays {
            let slices = [slice(py, parameter)?, slice(py, gradient)?, slice(py, m)?, slice(py, v)?];
            let len = slices[0].len();
            if let Some(part) = slices.iter().find(|part| part.len() != len) {
                return Err(wrong(py, "array does not fit", format!("{len} elements"), part.len()));
            }
            parts.push(slices);
        }
        let settings = self.0;
        let updated: Vec<[Vec<f32>; 3]> = py.detach(|| {
            let each = |[parameter, gradient, m, v]: [&[f32]; 4]| {
                let mut new = [parameter.to_vec(), m.to_vec(), v.to_vec()];
                let [parameter, m, v] = &mut new;
                settings.apply(parameter, gradient, scale, m, v);
                new
            };
            parts.into_par_iter().map(each).collect()
        });
        Ok(updated
            .into_iter()
            .map(|arrays| {
                let [parameter, m, v] = arrays.map(|array| PyArray1::from_vec(py, array));
                (parameter, m, v)
            })
            .collect())
    }
}

/// The Euclidean norm of all arrays together.
#[pyfunction]
pub fn gradient_norm(py: Python<'_>, arrays: Vec<Array<'_>>) -> PyResult<f32> {
    let slices = arrays.iter().map(|array| slice(py, array)).collect::<PyResult<Vec<_>>>()?;
    Ok(py.detach(|| train::norm(&slices)))
}
