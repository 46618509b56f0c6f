//! The one error type: what went wrong, where, what was expected and what to do.

use std::io;
use std::path::{Path, PathBuf};

use crate::dtype::Dtype;

pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can fail here. `is_input` tells a caller's mistake from failed work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that should be read cannot be opened or mapped.
    #[error("cannot read {}: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },

    /// A file breaks its format; `offset` is the first byte of the bad field.
    #[error("malformed file {} at byte {offset}: {what}", path.display())]
    Malformed { path: PathBuf, offset: u64, what: String },

    /// The file is well formed, but of a kind that is not read here.
    #[error("{what} ({}): expected {supported}", path.display())]
    Unsupported { path: PathBuf, what: String, supported: &'static str },

    /// A source file lacks a tensor that the plan names.
    #[error("no tensor {name} in {}", path.display())]
    MissingTensor { path: PathBuf, name: String },

    /// A tensor is not what the plan says, or cannot become what the plan wants.
    #[error("tensor {tensor}: expected {expected}, found {found}")]
    Tensor { tensor: String, expected: String, found: String },

    /// A weight is NaN or infinite; `index` counts elements of the source tensor.
    #[error("tensor {tensor} holds {value} at element {index}")]
    NotFinite { tensor: String, index: u64, value: f32 },

    /// A finite weight, or the scale of its block, does not fit the target type.
    #[error("tensor {tensor}: {value} at element {index} is too large for {dtype}")]
    Overflow { tensor: String, index: u64, value: f32, dtype: Dtype },

    /// The call itself is wrong.
    #[error("{what}: expected {expected}, found {found}")]
    Argument { what: &'static str, expected: String, found: String },

    /// The target exists and replacing it was not asked for.
    #[error("{} exists", path.display())]
    Exists { path: PathBuf },

    /// The target cannot be written there at all.
    #[error("cannot write {}: {what}", path.display())]
    Target { path: PathBuf, what: String },

    /// Too little room on the target's disk, found before or while writing.
    #[error("not enough free disk for {}: {needed} bytes needed, {free} free", path.display())]
    NoSpace { path: PathBuf, needed: u64, free: u64 },

    /// Writing failed underway.
    #[error("writing {} failed: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },

    /// A source file was written to during the pass.
    #[error("{} changed while it was read", path.display())]
    Changed { path: PathBuf },

    /// The caller asked to stop.
    #[error("cancelled")]
    Cancelled,
}

/// An error in the words of a message: WHAT (WHERE): expected X, found Y. HINT
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub what: String,
    pub place: Option<String>,
    pub expected: Option<String>,
    pub found: Option<String>,
    pub hint: Option<&'static str>,
}

impl Error {
    pub(crate) fn open(path: &Path, source: io::Error) -> Self {
        Error::Open { path: path.into(), source }
    }

    pub(crate) fn write(path: &Path, source: io::Error) -> Self {
        Error::Write { path: path.into(), source }
    }

    pub(crate) fn malformed(path: &Path, offset: u64, what: impl Into<String>) -> Self {
        Error::Malformed { path: path.into(), offset, what: what.into() }
    }

    /// True when the arguments or the input are at fault rather than the work.
    pub fn is_input(&self) -> bool {
        !matches!(
            self,
            Error::NoSpace { .. } | Error::Write { .. } | Error::Changed { .. } | Error::Cancelled
        )
    }

    /// The error cut into the parts of a message.
    pub fn parts(&self) -> Parts {
        let show = |path: &Path| Some(path.display().to_string());
        match self {
            Error::Open { path, source } => Parts {
                what: format!("cannot read the file: {source}"),
                place: show(path),
                ..Parts::default()
            },
            Error::Malformed { path, offset, what } => Parts {
                what: format!("malformed file: {what}"),
                place: Some(format!("{}, byte {offset}", path.display())),
                hint: Some("The file is damaged or was cut short: fetch or write it again"),
                ..Parts::default()
            },
            Error::Unsupported { path, what, supported } => Parts {
                what: what.clone(),
                place: show(path),
                expected: Some((*supported).into()),
                ..Parts::default()
            },
            Error::MissingTensor { path, name } => {
                Parts { what: format!("no tensor {name}"), place: show(path), ..Parts::default() }
            }
            Error::Tensor { tensor, expected, found } => Parts {
                what: "tensor does not fit".into(),
                place: Some(tensor.clone()),
                expected: Some(expected.clone()),
                found: Some(found.clone()),
                hint: None,
            },
            Error::NotFinite { tensor, index, value } => Parts {
                what: "weight is not a finite number".into(),
                place: Some(format!("{tensor}, element {index}")),
                expected: Some("finite values".into()),
                found: Some(value.to_string()),
                hint: Some("The model is damaged: training may have diverged"),
            },
            Error::Overflow { tensor, index, value, dtype } => Parts {
                what: format!("weight is too large for {dtype}"),
                place: Some(format!("{tensor}, element {index}")),
                found: Some(value.to_string()),
                hint: Some("Keep this tensor in f32 or bf16"),
                ..Parts::default()
            },
            Error::Argument { what, expected, found } => Parts {
                what: (*what).into(),
                expected: Some(expected.clone()),
                found: Some(found.clone()),
                ..Parts::default()
            },
            Error::Exists { path } => Parts {
                what: "output exists".into(),
                place: show(path),
                hint: Some("Use --force to replace it"),
                ..Parts::default()
            },
            Error::Target { path, what } => {
                Parts { what: format!("cannot write there: {what}"), place: show(path), ..Parts::default() }
            }
            Error::NoSpace { path, needed, free } => Parts {
                what: "not enough free disk".into(),
                place: show(path),
                expected: Some(format!("{needed} bytes")),
                found: Some(format!("{free} bytes")),
                hint: Some("Free some space or write elsewhere"),
            },
            Error::Write { path, source } => {
                Parts { what: format!("writing failed: {source}"), place: show(path), ..Parts::default() }
            }
            Error::Changed { path } => Parts {
                what: "input changed while it was read".into(),
                place: show(path),
                hint: Some("Wait until whatever writes it has ended, and run it again"),
                ..Parts::default()
            },
            Error::Cancelled => Parts { what: "cancelled".into(), ..Parts::default() },
        }
    }
}
