//! Python's signals and progress callbacks during a call that runs without the interpreter lock.

use std::ops::ControlFlow;

use pyo3::prelude::*;
use t2sql_core::Error;

use crate::errors::raise;

/// What a progress callback receives.
#[derive(Default)]
pub struct Step<'a> {
    /// How much is done, and how much there is to do, in one unit.
    pub done: u64,
    pub total: u64,
    /// What is being worked on.
    pub label: &'a str,
}

/// Runs `call` without the interpreter lock.
///
/// `call` receives a function to call many times a second. It takes the lock, checks for Ctrl-C and calls
/// `progress(done, total, label)`; when either raises, it returns `Break`, and `run` raises that exception.
pub fn run<T: Send>(
    py: Python<'_>,
    call: impl FnOnce(&mut dyn FnMut(Step) -> ControlFlow<()>) -> Result<T, Error> + Send,
    progress: Option<&Py<PyAny>>,
) -> PyResult<T> {
    let mut raised = None;
    let result = py.detach(|| {
        call(&mut |step| {
            let outcome = Python::attach(|py| {
                py.check_signals()?;
                match progress {
                    Some(progress) => progress.call1(py, (step.done, step.total, step.label)).map(drop),
                    None => Ok(()),
                }
            });
            match outcome {
                Ok(()) => ControlFlow::Continue(()),
                Err(error) => {
                    // The first exception is the cause; a callback that is called again may raise others.
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
