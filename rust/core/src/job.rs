//! One tensor's conversion: which bytes of the source become which bytes of the file.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::affine::Matrix;
use crate::change::{self, Change};
use crate::column_weights::ColumnWeights;
use crate::conversion::Conversion;
use crate::dtype::Dtype;
use crate::encoding::{Encoding, Float};
use crate::error::{Error, Result};
use crate::plan::TensorPlan;
use crate::quant::{self, Simd};
use crate::source::View;

/// Source bytes in a piece of work. Pieces of 2 MB were quicker than pieces of 1 MB (docs/performance.md,
/// "Files"), and still small enough to be spread over threads.
const PIECE_BYTES: usize = 1 << 21;

/// A tensor's conversion. It counts in units, of which a piece is a range: a unit is a row where rows are
/// reordered, decoded or changed one by one, else a block, or an element where neither type has blocks.
pub(crate) struct Job<'a> {
    pub plan: &'a TensorPlan,
    /// The offset of its first byte in the output file.
    pub offset: u64,
    input: Input<'a>,
    /// What happens to the float32 values before they are encoded.
    change: Change<'a>,
    /// The bits of the largest change of a value by an adapter so far.
    max_change: AtomicU32,
    conversion: Conversion,
    /// The weights of the plan, where the conversion uses them: then a unit is a row.
    weights: Option<ColumnWeights<'a>>,
    units: u64,
    /// Elements of a unit.
    unit_len: u64,
    /// Bytes of a unit in the source and in the output.
    unit_in: usize,
    unit_out: usize,
}

/// Where a job's values come from.
pub(crate) enum Input<'a> {
    /// A tensor as the file stores it.
    Stored(View<'a>),
    /// A matrix that MLX quantized: rows are decoded to float32 before the conversion.
    Affine(Matrix<'a>),
}

/// A worker's buffers, reused from piece to piece.
#[derive(Default)]
pub(crate) struct Scratch {
    rows: Vec<u8>,
    values: Vec<f32>,
    change: change::Scratch,
    out: Vec<u8>,
}

impl<'a> Job<'a> {
    /// Plans the conversion of `input` to the tensor at `offset` of the output file.
    ///
    /// # Errors
    /// [`Error::Tensor`] when the input is not what the plan says, or cannot become what the plan wants.
    pub fn new(plan: &'a TensorPlan, input: Input<'a>, change: Change<'a>, offset: u64) -> Result<Job<'a>> {
        let misfit =
            |expected: String, found: String| Error::Tensor { tensor: plan.name.clone(), expected, found };
        let from = match &input {
            Input::Stored(view) if view.shape() != plan.shape => {
                return Err(misfit(format!("shape {:?}", plan.shape), format!("{:?}", view.shape())));
            }
            Input::Stored(view) => view.dtype()?,
            Input::Affine(_) => Dtype::F32,
        };
        let conversion = Conversion::of(plan, &change, from)?;
        let elements: u64 = plan.shape.iter().product();
        let rows = plan.shape.first().copied().unwrap_or(1);
        let heads = plan.permute_heads;
        let pairs = (1..=2).contains(&plan.shape.len()) && rows.is_multiple_of(heads.saturating_mul(2));
        if heads != 0 && !pairs {
            let expected = format!("1 or 2 dimensions, rows a multiple of 2 * {heads} heads");
            return Err(misfit(expected, format!("shape {:?}", plan.shape)));
        }
        let weights = if conversion.quantizes() { ColumnWeights::of(plan)? } else { None };
        let unit_len = match (&input, weights) {
            (_, Some(weights)) => weights.columns as u64,
            (Input::Stored(_), None) if heads == 0 && !change.needs_rows() => {
                from.block_len().max(plan.dtype.block_len())
            }
            _ => elements / rows,
        };
        let uneven = || {
            let block_len = from.block_len().max(plan.dtype.block_len());
            misfit(format!("rows a multiple of {block_len}"), format!("rows of {unit_len}"))
        };
        let bytes = |dtype: Dtype| dtype.bytes(unit_len).map(|bytes| bytes as usize).ok_or_else(uneven);
        let unit_in = match &input {
            Input::Stored(_) => bytes(from)?,
            Input::Affine(matrix) => matrix.row_bytes(),
        };
        let max_change = AtomicU32::new(0);
        let (units, unit_out) = (elements / unit_len, bytes(plan.dtype)?);
        Ok(Job {
            plan,
            offset,
            input,
            change,
            max_change,
            conversion,
            weights,
            units,
            unit_len,
            unit_in,
            unit_out,
        })
    }

    /// The largest change of a value by an adapter, in the pieces that are converted.
    pub fn max_change(&self) -> f32 {
        f32::from_bits(self.max_change.load(Ordering::Relaxed))
    }

    /// Bytes of the source's tensor.
    pub fn source_bytes(&self) -> u64 {
        match &self.input {
            Input::Stored(view) => view.len() as u64,
            Input::Affine(matrix) => matrix.len() as u64,
        }
    }

    /// Source bytes of a piece.
    pub fn piece_bytes(&self, piece: &Range<u64>) -> u64 {
        (piece.end - piece.start) * self.unit_in as u64
    }

    /// The offset of a piece in the output file.
    pub fn piece_offset(&self, piece: &Range<u64>) -> u64 {
        self.offset + piece.start * self.unit_out as u64
    }

    /// Splits the tensor into pieces: ranges of units.
    pub fn pieces(&self) -> impl Iterator<Item = Range<u64>> {
        let (units, step) = (self.units, (PIECE_BYTES / self.unit_in).max(1));
        (0..units).step_by(step).map(move |start| start..units.min(start + step as u64))
    }

    /// The unit of the source that becomes this unit of the output.
    fn source_unit(&self, unit: u64) -> u64 {
        let heads = self.plan.permute_heads;
        if heads == 0 {
            return unit;
        }
        let per_head = self.units / heads;
        let (head, row) = (unit / per_head, unit % per_head);
        head * per_head + row % 2 * (per_head / 2) + row / 2
    }

    /// Units of the source among which those of a piece lie: whole heads where rows are reordered.
    fn source_span(&self, piece: &Range<u64>) -> Range<usize> {
        let per_head = self.units / self.plan.permute_heads.max(1);
        let (start, end) = match self.plan.permute_heads {
            0 => (piece.start, piece.end),
            _ => (piece.start / per_head * per_head, piece.end.next_multiple_of(per_head)),
        };
        start as usize..end as usize
    }

    /// The source's bytes of a piece in the output's order, float32 where a matrix is decoded.
    fn read<'s>(&'s self, piece: &Range<u64>, rows: &'s mut Vec<u8>) -> Result<&'s [u8]> {
        let span = self.source_span(piece);
        let units = piece.clone().map(|unit| self.source_unit(unit) as usize);
        match &self.input {
            Input::Affine(matrix) => {
                rows.resize(((piece.end - piece.start) * self.unit_len) as usize * Float::F32.size(), 0);
                matrix.decode(units, span, rows)?;
                Ok(rows)
            }
            Input::Stored(view) => {
                let part = view.read(span.start * self.unit_in..span.end * self.unit_in)?;
                if self.plan.permute_heads == 0 {
                    return Ok(part);
                }
                rows.clear();
                for unit in units {
                    let start = (unit - span.start) * self.unit_in;
                    rows.extend_from_slice(&part[start..start + self.unit_in]);
                }
                Ok(rows)
            }
        }
    }

    /// Converts a piece; the result is the output's bytes.
    ///
    /// # Errors
    /// [`Error::NotFinite`] and [`Error::Overflow`] for a value that the output cannot hold, and what
    /// reading the source may fail with.
    pub fn convert<'s>(
        &'s self,
        simd: Simd,
        piece: Range<u64>,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [u8]> {
        let Scratch { rows, values, change, out } = scratch;
        let src = self.read(&piece, rows)?;
        let len = ((piece.end - piece.start) * self.unit_len) as usize;
        let (from, to, src) = match self.conversion {
            Conversion::Copy(None) => return Ok(src),
            Conversion::Copy(Some(float)) => (float, float.into(), src),
            Conversion::Encode(from, to) if self.change.is_none() && self.weights.is_none() => {
                (from, to, src)
            }
            Conversion::Encode(from, to) => {
                values.resize(len, 0.0);
                simd.convert(from, Float::F32, src, quant::bytes_of_mut(values));
                if !self.change.is_none() {
                    let units = piece.clone().map(|unit| self.source_unit(unit) as usize);
                    let most = self.change.apply(simd, values, units, change)?;
                    // Floats that are not negative are ordered as their bits are.
                    self.max_change.fetch_max(most.to_bits(), Ordering::Relaxed);
                }
                (Float::F32, to, quant::bytes_of(values))
            }
            Conversion::Requantize(from, to) => {
                values.resize(len, 0.0);
                simd.dequantize(from, src, values);
                (Float::F32, to, quant::bytes_of(values))
            }
        };
        let converted = if to == from.into() {
            src
        } else {
            out.resize((piece.end - piece.start) as usize * self.unit_out, 0);
            match (self.weights, to) {
                (Some(weights), Encoding::Block(to)) => {
                    weights.quantize(simd, to, piece.start, values, out);
                }
                (None, Encoding::Block(to)) => self.plan.rounding.quantize(simd, from, to, src, out),
                (_, Encoding::Float(_)) => simd.convert(from, to, src, out),
            }
            out
        };
        match quant::find_not_finite(to, converted) {
            Some(block) => Err(self.refuse(piece.start, from, src, block)),
            None => Ok(converted),
        }
    }

    /// The error for a block of a piece's output that is not finite; it names the value that is the cause.
    fn refuse(&self, first_unit: u64, from: Float, src: &[u8], block: usize) -> Error {
        let block_len = self.plan.dtype.block_len() as usize;
        let values = (block * block_len..(block + 1) * block_len).map(|i| (i, quant::value_at(from, src, i)));
        let largest = values.max_by(|a, b| {
            let magnitude = |value: f32| value.to_bits() & 0x7FFF_FFFF; // a NaN is above infinity
            magnitude(a.1).cmp(&magnitude(b.1)).then(b.0.cmp(&a.0)) // the first of equals
        });
        let (i, value) = largest.expect("a block has elements");
        let (unit, element) = (first_unit + i as u64 / self.unit_len, i as u64 % self.unit_len);
        let index = self.source_unit(unit) * self.unit_len + element;
        let tensor = self.plan.source.name.clone();
        if value.is_finite() {
            Error::Overflow { tensor, index, value, dtype: self.plan.dtype }
        } else {
            Error::NotFinite { tensor, index, value }
        }
    }
}
