//! Rust errors as `t2sql.errors`, with hints for people.

use std::error::Error as _;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use t2sql_core::Error;

static INPUT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static WORK: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The Python exception for an error: `InputError` or `WorkError`.
pub fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let parts = error.parts();
    let (class, name) = if error.is_input() { (&INPUT, "InputError") } else { (&WORK, "WorkError") };
    let what = match error.source() {
        Some(source) => format!("{}: {source}", parts.what),
        None => parts.what,
    };
    let build = || -> PyResult<PyErr> {
        let class = class.import(py, "t2sql.errors", name)?;
        let fields = PyDict::new(py);
        fields.set_item("where", parts.place)?;
        fields.set_item("expected", parts.expected)?;
        fields.set_item("found", parts.found)?;
        fields.set_item("hint", hint(error))?;
        Ok(PyErr::from_value(class.call((what,), Some(&fields))?))
    };
    build().unwrap_or_else(|error| error)
}

/// What a person can do about an error.
fn hint(error: &Error) -> Option<&'static str> {
    match error {
        Error::Malformed { .. } => Some("The file is damaged or was cut short: fetch or write it again"),
        Error::NotFinite { .. } => Some("The model is damaged: training may have diverged"),
        Error::Overflow { .. } => Some("Keep this tensor in f32 or bf16"),
        Error::Exists { .. } => Some("Use --force to replace it"),
        Error::NoSpace { .. } => Some("Free some space or write elsewhere"),
        Error::Changed { .. } => Some("Wait until whatever writes it has ended, and run it again"),
        _ => None,
    }
}

/// The exception for a wrong argument.
pub fn wrong(py: Python<'_>, what: &'static str, expected: impl ToString, found: impl ToString) -> PyErr {
    let (expected, found) = (expected.to_string(), found.to_string());
    raise(py, &Error::Argument { what, expected, found })
}
