//! What happens to a tensor's values, as float32, between reading and encoding them.

use crate::error::{Error, Result};
use crate::low_rank::{self, LowRank};
use crate::plan::{Grid, TensorPlan, TensorSource};
use crate::quant::Simd;
use crate::source::View;

/// The changes of one tensor, in the order in which they are made.
pub(crate) struct Change<'a> {
    /// Elements of a row.
    columns: usize,
    grid: Option<Grid>,
    low_rank: Option<LowRank<'a>>,
    add: f32,
}

/// A worker's buffers.
#[derive(Default)]
pub(crate) struct Scratch(low_rank::Scratch);

impl<'a> Change<'a> {
    /// Checks that what the plan wants fits the tensor's shape; `view` finds a tensor.
    pub fn new(
        plan: &'a TensorPlan,
        view: impl Fn(&'a TensorSource) -> Result<View<'a>>,
    ) -> Result<Change<'a>> {
        let misfit =
            |expected: String, found: String| Error::Tensor { tensor: plan.name.clone(), expected, found };
        let matrix = match plan.shape[..] {
            [rows, columns] => Some([rows, columns]),
            _ => None,
        };
        if plan.grid.is_some() || plan.low_rank.is_some() {
            matrix.ok_or_else(|| misfit("2 dimensions".into(), format!("shape {:?}", plan.shape)))?;
        }
        let columns = plan.shape.last().copied().unwrap_or(1);
        if let Some(grid) = plan.grid {
            let fits = (2..=8).contains(&grid.bits) && grid.group_size > 0;
            if !fits || !columns.is_multiple_of(grid.group_size) {
                let expected = format!("2 to 8 bits, rows of whole groups of {}", grid.group_size);
                return Err(misfit(expected, format!("{} bits, rows of {columns}", grid.bits)));
            }
        }
        let low_rank = match (&plan.low_rank, matrix) {
            (Some(low_rank), Some(shape)) => Some(LowRank::new(&plan.name, low_rank, shape, view)?),
            _ => None,
        };
        Ok(Change { columns: columns as usize, grid: plan.grid, low_rank, add: plan.add })
    }

    /// Whether the values stay what they are.
    pub fn is_none(&self) -> bool {
        !self.needs_rows() && self.add == 0.0
    }

    /// Whether values can be changed only a whole row at a time.
    pub fn needs_rows(&self) -> bool {
        self.grid.is_some() || self.low_rank.is_some()
    }

    /// Changes values; where rows are needed, these are the source's `rows`, in this order. Returns the largest
    /// change of a value by an adapter.
    pub fn apply(
        &self,
        simd: Simd,
        values: &mut [f32],
        rows: impl Iterator<Item = usize> + Clone,
        scratch: &mut Scratch,
    ) -> Result<f32> {
        let mut most = 0.0;
        if let Some(grid) = self.grid {
            // Groups divide rows.
            values.chunks_exact_mut(grid.group_size as usize).for_each(|group| round(group, grid.bits));
        }
        if let Some(low_rank) = &self.low_rank {
            most = low_rank.add(simd, values, self.columns, rows, &mut scratch.0)?;
        }
        if self.add != 0.0 {
            values.iter_mut().for_each(|value| *value += self.add);
        }
        Ok(most)
    }
}

/// Rounds a group of values to codes and back, as MLX does it in float32 on a CPU: `quantize` of
/// `mlx/backend/cpu/quantized.cpp` (<https://github.com/ml-explore/mlx>), then [`crate::affine`].
fn round(group: &mut [f32], bits: u32) {
    const LEAST_SCALE: f32 = 1e-7;
    let last_code = ((1u32 << bits) - 1) as f32;
    let (mut least, mut most) = (f32::INFINITY, f32::NEG_INFINITY);
    for &value in &*group {
        (least, most) = (least.min(value), most.max(value));
    }
    // The end that is farther from 0 is a code's exact value.
    let is_low = least.abs() > most.abs();
    let step = ((most - least) / last_code).max(LEAST_SCALE);
    let (mut scale, edge) = if is_low { (step, least) } else { (-step, most) };
    let edge_code = (edge / scale).round_ties_even();
    let mut bias = 0.0;
    if edge_code != 0.0 {
        (scale, bias) = (edge / edge_code, edge);
    }
    for value in group {
        let code = ((*value - bias) / scale).round_ties_even().max(0.0).min(last_code);
        // A value that is not a number stays one, so that it is refused.
        *value = if value.is_finite() { scale * code + bias } else { *value };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_keeps_its_farther_end_and_gets_evenly_spaced_values() {
        let mut group: Vec<f32> = (0..16).map(|i| i as f32 - 10.0).collect();
        round(&mut group, 4);
        assert_eq!(group, (0..16).map(|i| i as f32 - 10.0).collect::<Vec<_>>());
        let mut group = [0.0, 0.4, 0.6, 3.0];
        round(&mut group, 2);
        assert_eq!(group, [0.0, 0.0, 1.0, 3.0]);
    }

    #[test]
    fn zeros_and_what_is_not_finite_stay() {
        let mut group = [0.0; 4];
        round(&mut group, 4);
        assert_eq!(group, [0.0; 4]);
        let mut group = [1.0, f32::NAN, f32::INFINITY, 0.0];
        round(&mut group, 4);
        assert!(group[1].is_nan() && group[2] == f32::INFINITY);
    }
}
