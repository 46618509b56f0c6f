//! Python's functions for the crate `t2sql-blas`, whose symbols this library exports.

use pyo3::prelude::*;
use t2sql_blas::LoadError;

use crate::errors::wrong;

/// Loads the BLAS at `path` and forwards the three symbols to its functions.
#[pyfunction]
pub fn use_blas(py: Python<'_>, path: &str, prefix: &str) -> PyResult<()> {
    t2sql_blas::load(path, prefix).map_err(|error| {
        let what = match error {
            LoadError::Name(_) => "not a path and a prefix",
            LoadError::Library(_) => "cannot load the BLAS",
            LoadError::Symbol(_) => "function not in the BLAS",
        };
        wrong(py, what, "a BLAS library and the prefix of its names", format!("{error} ({path})"))
    })
}

/// How many calls have come through the three symbols.
#[pyfunction]
pub fn blas_calls() -> u64 {
    t2sql_blas::calls()
}
