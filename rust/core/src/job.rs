//! One tensor's conversion: which bytes of the source make which bytes of the file.

use std::ops::Range;

use crate::affine::Matrix;
use crate::convert::TensorPlan;
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::quant::{self, block::BLOCK, Simd};
use crate::source::{self, View};

/// Bytes of source in a piece. Smaller ones cost more system calls, larger ones gain nothing.
const PIECE: u64 = 1 << 21;

/// A tensor's conversion, counted in units: rows where they are permuted, blocks or elements where
/// the tensor is one flat sequence.
pub(crate) struct Job<'a> {
    pub plan: &'a TensorPlan,
    from: Dtype,
    pub src: &'a [u8],
    /// Where its first byte goes.
    pub offset: u64,
    units: u64,
    unit_len: u64,
    pub unit_in: usize,
    pub unit_out: usize,
    /// Where the source is one: its units are rows.
    matrix: Option<Matrix<'a>>,
}

/// A worker's buffers: as large as a piece, used again for the next.
#[derive(Default)]
pub(crate) struct Scratch {
    rows: Vec<u8>,
    values: Vec<f32>,
    out: Vec<u8>,
}

impl<'a> Job<'a> {
    pub fn new(plan: &'a TensorPlan, view: View<'a>, offset: u64) -> Result<Job<'a>> {
        let misfit = |expected: String, found: String| {
            Err(Error::Tensor { tensor: plan.name.clone(), expected, found })
        };
        if view.shape != plan.shape {
            return misfit(format!("shape {:?}", plan.shape), format!("{:?}", view.shape));
        }
        let (from, to) = (view.dtype, plan.dtype);
        if from != to && !quant::is_float(from) && !quant::is_block(from) {
            let expected = format!("{} as the source, or the same type", quant::TARGETS);
            return misfit(expected, format!("{from} to {to}"));
        }
        if from != to && !quant::is_float(to) && !quant::is_block(to) {
            return misfit(quant::TARGETS.into(), to.to_string());
        }
        if plan.add != 0.0 && !(quant::is_float(from) && plan.add.is_finite()) {
            return misfit(
                "a float source and a finite number to add".into(),
                format!("{from} + {}", plan.add),
            );
        }
        let elements: u64 = plan.shape.iter().product();
        let mut unit_len = from.block_len().max(to.block_len());
        if plan.permute_heads != 0 {
            let rows = *plan.shape.first().unwrap_or(&1);
            if plan.shape.is_empty()
                || plan.shape.len() > 2
                || !rows.is_multiple_of(plan.permute_heads.saturating_mul(2))
            {
                let expected =
                    format!("1 or 2 dimensions, rows a multiple of 2 * {} heads", plan.permute_heads);
                return misfit(expected, format!("shape {:?}", plan.shape));
            }
            unit_len = elements / rows;
        }
        let bytes = |dtype: Dtype| dtype.bytes(unit_len).map(|n| n as usize);
        let (Some(unit_in), Some(unit_out)) = (bytes(from), bytes(to)) else {
            return misfit(format!("rows a multiple of {BLOCK}"), format!("rows of {unit_len}"));
        };
        Ok(Job {
            plan,
            from,
            src: view.bytes,
            offset,
            units: elements / unit_len,
            unit_len,
            unit_in,
            unit_out,
            matrix: None,
        })
    }

    /// Of a quantized MLX matrix, whose rows become float32 first.
    pub fn of_matrix(plan: &'a TensorPlan, matrix: Matrix<'a>, offset: u64) -> Result<Job<'a>> {
        let shape = &plan.shape[..];
        let decoded = View { dtype: Matrix::OUT, shape, bytes: matrix.bytes() };
        let (unit_len, units) = (shape[1], shape[0]);
        let job = Job::new(plan, decoded, offset)?;
        let unit_out = plan.dtype.bytes(unit_len).ok_or_else(|| Error::Tensor {
            tensor: plan.name.clone(),
            expected: format!("rows a multiple of {BLOCK}"),
            found: format!("rows of {unit_len}"),
        })? as usize;
        let unit_in = matrix.row_bytes();
        Ok(Job { units, unit_len, unit_in, unit_out, matrix: Some(matrix), ..job })
    }

    /// The unit of the source that goes to this place.
    fn source_unit(&self, unit: u64) -> u64 {
        let heads = self.plan.permute_heads;
        if heads == 0 {
            return unit;
        }
        let per_head = self.units / heads;
        let (head, within) = (unit / per_head, unit % per_head);
        head * per_head + within % 2 * (per_head / 2) + within / 2
    }

    pub fn convert<'s>(
        &'s self,
        simd: Simd,
        range: Range<u64>,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [u8]> {
        let Scratch { rows, values, out } = scratch;
        let mut src = if let Some(matrix) = &self.matrix {
            let row_bytes = self.unit_len as usize * 4;
            rows.resize((range.end - range.start) as usize * row_bytes, 0);
            for (unit, row) in range.clone().zip(rows.chunks_exact_mut(row_bytes)) {
                matrix.read_row(self.source_unit(unit) as usize, row);
            }
            rows
        } else if self.plan.permute_heads == 0 {
            let part = &self.src[range.start as usize * self.unit_in..range.end as usize * self.unit_in];
            source::bring(part).map_err(|e| Error::open(&self.plan.path, e))?;
            part
        } else {
            rows.clear();
            for unit in range.clone() {
                let at = self.source_unit(unit) as usize * self.unit_in;
                rows.extend_from_slice(&self.src[at..at + self.unit_in]);
            }
            rows
        };
        let (mut from, to) = (self.from, self.plan.dtype);
        let requantized = quant::is_block(from) && from != to;
        if requantized || self.plan.add != 0.0 {
            values.resize(((range.end - range.start) * self.unit_len) as usize, 0.0);
            if requantized {
                simd.dequantize(from, src, values);
            } else {
                simd.convert(from, Dtype::F32, src, quant::bytes_of_mut(values));
                values.iter_mut().for_each(|value| *value += self.plan.add);
            }
            (src, from) = (quant::bytes_of(values), Dtype::F32);
        }
        let converted = if from == to {
            src
        } else {
            out.resize((range.end - range.start) as usize * self.unit_out, 0);
            simd.convert(from, to, src, out);
            out
        };
        match quant::find_not_finite(to, converted) {
            Some(at) if quant::is_float(from) => Err(self.refuse(range.start, from, src, at)),
            _ => Ok(converted),
        }
    }

    /// Says which value made element or block `at` of the output not finite.
    fn refuse(&self, first_unit: u64, from: Dtype, src: &[u8], at: usize) -> Error {
        let block = self.plan.dtype.block_len() as usize;
        let values = (at * block..(at + 1) * block).map(|i| (i, quant::value_at(from, src, i)));
        let worst = values.max_by(|a, b| {
            let size = |v: f32| v.to_bits() & 0x7FFF_FFFF; // a NaN is above infinity
            size(a.1).cmp(&size(b.1)).then(b.0.cmp(&a.0)) // of equals the first
        });
        let (i, value) = worst.expect("a block has elements");
        let (unit, within) = (first_unit + i as u64 / self.unit_len, i as u64 % self.unit_len);
        let index = self.source_unit(unit) * self.unit_len + within;
        let tensor = self.plan.source.clone();
        if value.is_finite() {
            Error::Overflow { tensor, index, value, dtype: self.plan.dtype }
        } else {
            Error::NotFinite { tensor, index, value }
        }
    }

    /// Cuts the tensor into ranges of units.
    pub fn pieces(&self) -> impl Iterator<Item = Range<u64>> {
        let (units, step) = (self.units, (PIECE / self.unit_in as u64).max(1));
        (0..units).step_by(step as usize).map(move |start| start..units.min(start + step))
    }
}
