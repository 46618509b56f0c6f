//! The crate's error type: what failed, where, what was expected and what was found.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::dtype::Dtype;

/// A result with this crate's error.
pub type Result<T> = std::result::Result<T, Error>;

/// Everything that can fail in this crate.
///
/// [`Error::parts`] has the words; `Display` puts them into one line. Neither says what to do about an error:
/// that is for the program that shows it. An underlying `io::Error` is the error's `source()`.
#[derive(Debug)]
pub enum Error {
    /// A file cannot be opened, mapped or read.
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file breaks its format.
    Malformed {
        /// The file.
        path: PathBuf,
        /// The first byte of the bad field.
        offset: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A file is well formed, but of a kind that this crate does not read.
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What it has.
        what: String,
        /// What can be read instead.
        supported: &'static str,
    },
    /// A source file lacks a tensor that the plan names.
    MissingTensor {
        /// The file.
        path: PathBuf,
        /// The tensor.
        name: String,
    },
    /// A tensor contradicts the plan, or cannot become what the plan wants.
    Tensor {
        /// Its name.
        tensor: String,
        /// What the plan wants.
        expected: String,
        /// What there is.
        found: String,
    },
    /// A weight is NaN or infinite.
    NotFinite {
        /// The source tensor.
        tensor: String,
        /// Which of its elements.
        index: u64,
        /// The weight.
        value: f32,
    },
    /// A finite weight, or the scale of its block, is too large for the target type.
    Overflow {
        /// The source tensor.
        tensor: String,
        /// Which of its elements.
        index: u64,
        /// The weight.
        value: f32,
        /// The target type.
        dtype: Dtype,
    },
    /// An argument of the call is wrong.
    Argument {
        /// What is wrong.
        what: &'static str,
        /// What the call takes.
        expected: String,
        /// What it was given.
        found: String,
    },
    /// The target exists and the caller did not ask to replace it.
    Exists {
        /// The target.
        path: PathBuf,
    },
    /// Nothing can be written at the target.
    Target {
        /// The target.
        path: PathBuf,
        /// Why.
        what: String,
    },
    /// The target's disk has too little room; noticed before or while writing.
    NoSpace {
        /// The target.
        path: PathBuf,
        /// Bytes that the target takes.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// Writing failed on the way.
    Write {
        /// The target.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process wrote to a source file, or shortened it, during the pass.
    Changed {
        /// The source file.
        path: PathBuf,
    },
    /// The caller asked to stop.
    Cancelled,
}

/// The words of an error. Put together: `WHAT (PLACE): expected EXPECTED, found FOUND`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// What failed.
    pub what: String,
    /// The file, tensor, byte or element.
    pub place: Option<String>,
    /// What should have been there.
    pub expected: Option<String>,
    /// What was there.
    pub found: Option<String>,
}

impl Parts {
    fn new(what: impl Into<String>) -> Parts {
        Parts { what: what.into(), ..Parts::default() }
    }

    fn at(self, path: &Path) -> Parts {
        self.at_place(path.display().to_string())
    }

    fn at_place(self, place: String) -> Parts {
        Parts { place: Some(place), ..self }
    }

    fn expected(self, expected: impl Into<String>) -> Parts {
        Parts { expected: Some(expected.into()), ..self }
    }

    fn found(self, found: impl Into<String>) -> Parts {
        Parts { found: Some(found.into()), ..self }
    }
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

    /// True when the arguments or the input are wrong, false when the work failed.
    pub fn is_input(&self) -> bool {
        !matches!(
            self,
            Error::NoSpace { .. } | Error::Write { .. } | Error::Changed { .. } | Error::Cancelled
        )
    }

    /// The words of the message. They leave out the error's `source()`.
    pub fn parts(&self) -> Parts {
        match self {
            Error::Open { path, .. } => Parts::new("cannot read the file").at(path),
            Error::Malformed { path, offset, what } => Parts::new(format!("malformed file: {what}"))
                .at_place(format!("{}, byte {offset}", path.display())),
            Error::Unsupported { path, what, supported } => Parts::new(what).at(path).expected(*supported),
            Error::MissingTensor { path, name } => Parts::new(format!("no tensor {name}")).at(path),
            Error::Tensor { tensor, expected, found } => {
                Parts::new("tensor does not fit").at_place(tensor.clone()).expected(expected).found(found)
            }
            Error::NotFinite { tensor, index, value } => Parts::new("weight is not a finite number")
                .at_place(format!("{tensor}, element {index}"))
                .expected("finite values")
                .found(value.to_string()),
            Error::Overflow { tensor, index, value, dtype } => {
                Parts::new(format!("weight is too large for {dtype}"))
                    .at_place(format!("{tensor}, element {index}"))
                    .found(value.to_string())
            }
            Error::Argument { what, expected, found } => Parts::new(*what).expected(expected).found(found),
            Error::Exists { path } => Parts::new("output exists").at(path),
            Error::Target { path, what } => Parts::new(format!("cannot write there: {what}")).at(path),
            Error::NoSpace { path, needed, free } => Parts::new("not enough free disk")
                .at(path)
                .expected(format!("{needed} bytes"))
                .found(format!("{free} bytes")),
            Error::Write { path, .. } => Parts::new("writing failed").at(path),
            Error::Changed { path } => Parts::new("input changed while it was read").at(path),
            Error::Cancelled => Parts::new("cancelled"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Parts { what, place, expected, found } = self.parts();
        f.write_str(&what)?;
        if let Some(place) = place {
            write!(f, " ({place})")?;
        }
        match (expected, found) {
            (Some(expected), Some(found)) => write!(f, ": expected {expected}, found {found}"),
            (Some(expected), None) => write!(f, ": expected {expected}"),
            (None, Some(found)) => write!(f, ": found {found}"),
            (None, None) => Ok(()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Open { source, .. } | Error::Write { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn a_message_has_every_part_and_leaves_the_cause_to_source() {
        let error = Error::Tensor { tensor: "w".into(), expected: "f32".into(), found: "i8".into() };
        assert_eq!(error.to_string(), "tensor does not fit (w): expected f32, found i8");
        let error = Error::open(Path::new("x"), io::Error::other("no such disk"));
        assert_eq!(error.to_string(), "cannot read the file (x)");
        assert_eq!(error.source().unwrap().to_string(), "no such disk");
    }
}
