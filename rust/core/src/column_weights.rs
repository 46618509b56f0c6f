//! The weights of a plan's columns, and the quantization of rows with them.

use crate::encoding::BlockFormat;
use crate::error::{Error, Result};
use crate::plan::TensorPlan;
use crate::quant::{Rounding, Simd};

/// What a squared error costs in each column of a tensor's matrices.
#[derive(Clone, Copy)]
pub(crate) struct ColumnWeights<'a> {
    values: &'a [f32],
    pub columns: usize,
    /// Rows of a matrix; a tensor of experts has several matrices.
    rows: u64,
    rounding: Rounding,
}

impl<'a> ColumnWeights<'a> {
    /// The weights of a plan, if it has any.
    ///
    /// # Errors
    /// [`Error::Tensor`] when they do not fit the shape, are negative or not finite.
    pub fn of(plan: &'a TensorPlan) -> Result<Option<ColumnWeights<'a>>> {
        let Some(values) = plan.weights.as_deref() else { return Ok(None) };
        let misfit = |expected: String, found: String| {
            Err(Error::Tensor { tensor: plan.name.clone(), expected, found })
        };
        let [matrices @ .., rows, columns] = plan.shape.as_slice() else {
            return misfit("a matrix for weights".into(), format!("shape {:?}", plan.shape));
        };
        let wanted = matrices.iter().product::<u64>() * columns;
        if values.len() as u64 != wanted {
            return misfit(format!("{wanted} weights"), values.len().to_string());
        }
        if let Some(index) = values.iter().position(|w| !w.is_finite() || *w < 0.0) {
            let expected = "weights that are finite and not negative".into();
            return misfit(expected, format!("{} at {index}", values[index]));
        }
        Ok(Some(ColumnWeights { values, columns: *columns as usize, rows: *rows, rounding: plan.rounding }))
    }

    /// Quantizes the rows from `first` on, each with the weights of the matrix that it belongs to.
    pub fn quantize(self, simd: Simd, to: BlockFormat, first: u64, x: &[f32], out: &mut [u8]) {
        let row_bytes = self.columns / to.block_len() * to.block_bytes();
        for (row, (x, out)) in
            (first..).zip(x.chunks_exact(self.columns).zip(out.chunks_exact_mut(row_bytes)))
        {
            let start = (row / self.rows) as usize * self.columns;
            let weights = &self.values[start..start + self.columns];
            self.rounding.quantize_weighted(simd, to, x, weights, out);
        }
    }
}
