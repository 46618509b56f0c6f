//! MLX's affine quantization: packed codes of 2 to 8 bits, and a scale and a bias for each group of elements.
//!
//! The reference is `affine_dequantize` of `mlx/ops.cpp` (<https://github.com/ml-explore/mlx>).

use std::ops::Range;

use crate::encoding::Float;
use crate::error::{Error, Result};
use crate::plan::Affine;
use crate::quant;
use crate::source::View;

/// The bits of a code that MLX knows.
const BITS: [u32; 6] = [2, 3, 4, 5, 6, 8];

/// A matrix whose rows are decoded to float32.
pub(crate) struct Matrix<'a> {
    bits: u32,
    group_size: usize,
    columns: usize,
    /// Little-endian words `[rows, columns * bits / 32]`.
    codes: View<'a>,
    /// `[rows, columns / group_size]` each.
    scales: Floats<'a>,
    biases: Floats<'a>,
}

/// A tensor of a float type.
struct Floats<'a> {
    float: Float,
    view: View<'a>,
}

impl<'a> Matrix<'a> {
    /// Checks that the three tensors form a matrix of `shape`; `name` is for messages.
    pub fn new(
        name: &str,
        shape: &[u64],
        affine: &Affine,
        codes: View<'a>,
        [scales, biases]: [View<'a>; 2],
    ) -> Result<Matrix<'a>> {
        let misfit = |expected: String, found: String| Error::Tensor { tensor: name.into(), expected, found };
        let &[rows, columns] = shape else {
            return Err(misfit("2 dimensions".into(), format!("shape {shape:?}")));
        };
        let (bits, group_size) = (affine.bits, affine.group_size);
        if !BITS.contains(&bits) {
            return Err(misfit(format!("{BITS:?} bits"), bits.to_string()));
        }
        let packed_bits = columns.checked_mul(bits.into()).filter(|bits| bits.is_multiple_of(32));
        let Some(packed_bits) = packed_bits.filter(|_| group_size > 0 && columns.is_multiple_of(group_size))
        else {
            return Err(misfit(
                format!("rows of whole groups of {group_size}"),
                format!("rows of {columns}"),
            ));
        };
        let packed = [rows, packed_bits / 32];
        if codes.dtype_name() != "U32" || codes.shape() != packed {
            let found = format!("{} {:?}", codes.dtype_name(), codes.shape());
            return Err(misfit(format!("U32 codes {packed:?}"), found));
        }
        let floats = |what: &str, view: View<'a>| {
            let (dtype, wanted) = (view.dtype()?, [rows, columns / group_size]);
            match dtype.float() {
                Some(float) if view.shape() == wanted => Ok(Floats { float, view }),
                _ => Err(misfit(format!("float {what} {wanted:?}"), format!("{dtype} {:?}", view.shape()))),
            }
        };
        Ok(Matrix {
            bits,
            group_size: group_size as usize,
            columns: columns as usize,
            codes,
            scales: floats("scales", scales)?,
            biases: floats("biases", biases)?,
        })
    }

    /// Bytes of one row's codes.
    pub fn row_bytes(&self) -> usize {
        self.columns * self.bits as usize / 8
    }

    /// Bytes of all codes.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Decodes `rows`, all of them within `span`, to little-endian float32 values in `out`.
    pub fn decode(
        &self,
        rows: impl Iterator<Item = usize>,
        span: Range<usize>,
        out: &mut [u8],
    ) -> Result<()> {
        let groups = self.columns / self.group_size;
        let read =
            |view: &View<'a>, row_bytes: usize| view.read(span.start * row_bytes..span.end * row_bytes);
        let codes = read(&self.codes, self.row_bytes())?;
        let scales = read(&self.scales.view, groups * self.scales.float.size())?;
        let biases = read(&self.biases.view, groups * self.biases.float.size())?;
        for (row, out) in rows.zip(out.chunks_exact_mut(self.columns * 4)) {
            let row = row - span.start;
            let codes = &codes[row * self.row_bytes()..(row + 1) * self.row_bytes()];
            let group = |group: usize| {
                let index = row * groups + group;
                let scale = quant::value_at(self.scales.float, scales, index);
                (scale, quant::value_at(self.biases.float, biases, index))
            };
            self.decode_row(codes, group, out);
        }
        Ok(())
    }

    /// scale * code, rounded, plus bias, rounded, as MLX computes it in float32. `group` gives the scale and
    /// the bias of a group.
    fn decode_row(&self, codes: &[u8], group: impl Fn(usize) -> (f32, f32), out: &mut [u8]) {
        // Codes follow each other from the lowest bit of a row's first byte, across byte borders.
        let (mut buffer, mut buffered, mut next) = (0u32, 0, 0);
        let mask = (1u32 << self.bits) - 1;
        for (index, values) in out.chunks_exact_mut(self.group_size * 4).enumerate() {
            let (scale, bias) = group(index);
            for value in values.chunks_exact_mut(4) {
                if buffered < self.bits {
                    buffer |= u32::from(codes[next]) << buffered;
                    (buffered, next) = (buffered + 8, next + 1);
                }
                let product = scale * (buffer & mask) as f32;
                value.copy_from_slice(&(product + bias).to_le_bytes());
                (buffer, buffered) = (buffer >> self.bits, buffered - self.bits);
            }
        }
    }
}
