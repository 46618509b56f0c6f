//! What happens to the values of a tensor: they are copied, encoded, or decoded and encoded again.

use crate::change::Change;
use crate::dtype::Dtype;
use crate::encoding::{BlockFormat, Encoding, Float};
use crate::error::{Error, Result};
use crate::plan::TensorPlan;

/// What happens to the source's values.
#[derive(Clone, Copy)]
pub(crate) enum Conversion {
    /// The bytes are copied; those of a float type are checked to be finite.
    Copy(Option<Float>),
    /// Floats are encoded.
    Encode(Float, Encoding),
    /// Blocks are dequantized to float32, which is encoded.
    Requantize(BlockFormat, Encoding),
}

impl Conversion {
    /// What a plan asks of a source of type `from`, whose values `change` changes first.
    ///
    /// # Errors
    ///
    /// [`Error::Tensor`]: there is no conversion between the types, or values that are no floats would be changed.
    pub fn of(plan: &TensorPlan, change: &Change, from: Dtype) -> Result<Conversion> {
        let misfit = |expected: String, found: String| {
            Err(Error::Tensor { tensor: plan.name.clone(), expected, found })
        };
        let changes = from.float().is_some() && plan.add.is_finite();
        if !changes && !change.is_none() {
            let expected = "a float source and a finite number to add";
            return misfit(expected.into(), format!("{from} + {}", plan.add));
        }
        if from == plan.dtype && change.is_none() {
            return Ok(Conversion::Copy(from.float()));
        }
        match (from.encoding(), plan.dtype.encoding()) {
            (Some(Encoding::Float(from)), Some(to)) => Ok(Conversion::Encode(from, to)),
            (Some(Encoding::Block(from)), Some(to)) => Ok(Conversion::Requantize(from, to)),
            (None, _) => {
                let expected = format!("{} as the source, or the same type", Encoding::NAMES);
                misfit(expected, format!("{from} to {}", plan.dtype))
            }
            (Some(_), None) => misfit(Encoding::NAMES.into(), plan.dtype.to_string()),
        }
    }

    /// Whether values become blocks.
    pub fn quantizes(self) -> bool {
        matches!(
            self,
            Conversion::Encode(_, Encoding::Block(_)) | Conversion::Requantize(_, Encoding::Block(_))
        )
    }
}
