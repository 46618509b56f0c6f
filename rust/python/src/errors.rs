//! Rust errors as `t2sql.errors`, and Python's signals and exceptions seen from a Rust loop.

use std::ops::ControlFlow;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use t2sql_core::Error;

static INPUT: PyOnceLock<Py<PyType>> = PyOnceLock::new();
static WORK: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// The exception for an error; `Cancelled` becomes whatever Python has to say about it.
pub fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let parts = error.parts();
    let (class, name) = if error.is_input() { (&INPUT, "InputError") } else { (&WORK, "WorkError") };
    let build = || -> PyResult<PyErr> {
        let class = class.import(py, "t2sql.errors", name)?;
        let fields = PyDict::new(py);
        fields.set_item("where", parts.place)?;
        fields.set_item("expected", parts.expected)?;
        fields.set_item("found", parts.found)?;
        fields.set_item("hint", parts.hint)?;
        Ok(PyErr::from_value(class.call((parts.what,), Some(&fields))?))
    };
    build().unwrap_or_else(|error| error)
}

/// A wrong argument.
pub fn wrong(py: Python<'_>, what: &'static str, expected: impl ToString, found: impl ToString) -> PyErr {
    let (expected, found) = (expected.to_string(), found.to_string());
    raise(py, &Error::Argument { what, expected, found })
}

/// Runs `call` without the interpreter lock. It gets a function to call now and then, which takes the
/// lock, looks for Ctrl-C, runs `then`, and says Break when either raised.
pub fn run<T: Send>(
    py: Python<'_>,
    call: impl FnOnce(&mut dyn FnMut(Step) -> ControlFlow<()>) -> Result<T, Error> + Send,
    then: Option<&Py<PyAny>>,
) -> PyResult<T> {
    let mut raised = None;
    let result = py.detach(|| {
        call(&mut |step| {
            let outcome = Python::attach(|py| {
                py.check_signals()?;
                match then {
                    Some(progress) => progress.call1(py, (step.done, step.total, step.label)).map(drop),
                    None => Ok(()),
                }
            });
            match outcome {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    // The first says why; later ones are its echo.
                    raised.get_or_insert(error);
                    ControlFlow::Break(())
                }
            }
        })
    });
    match (raised, result) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(raise(py, &error)),
        (None, Ok(value)) => Ok(value),
    }
}

/// What a progress callback is told.
#[derive(Default)]
pub struct Step<'a> {
    pub done: u64,
    pub total: u64,
    pub label: &'a str,
}
