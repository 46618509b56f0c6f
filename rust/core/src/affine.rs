//! MLX's affine quantization: codes of 2 to 8 bits in little-endian words, a scale and a bias a group.

use std::path::PathBuf;

use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::quant;
use crate::source::{Raw, View};

pub const BITS: [u32; 6] = [2, 3, 4, 5, 6, 8];

/// Where a quantized matrix's scales and biases are, and how its codes are packed.
#[derive(Clone, Debug)]
pub struct Affine {
    pub bits: u32,
    pub group_size: u64,
    /// File and name of each.
    pub scales: (PathBuf, String),
    pub biases: (PathBuf, String),
}

/// A matrix whose rows are read as float32.
pub(crate) struct Matrix<'a> {
    bits: u32,
    group: usize,
    columns: usize,
    codes: &'a [u8],
    scales: View<'a>,
    biases: View<'a>,
}

impl<'a> Matrix<'a> {
    /// Checks that the three tensors are one matrix of `shape`.
    pub fn new(
        name: &str,
        shape: &[u64],
        affine: &Affine,
        codes: Raw<'a>,
        scales: View<'a>,
        biases: View<'a>,
    ) -> Result<Matrix<'a>> {
        let misfit =
            |expected: String, found: String| Err(Error::Tensor { tensor: name.into(), expected, found });
        let &[rows, columns] = shape else {
            return misfit("2 dimensions".into(), format!("shape {shape:?}"));
        };
        let (bits, group) = (affine.bits, affine.group_size);
        if !BITS.contains(&bits) {
            return misfit(format!("{BITS:?} bits"), bits.to_string());
        }
        if group == 0 || !columns.is_multiple_of(group) || !(columns * u64::from(bits)).is_multiple_of(32) {
            return misfit(format!("rows of whole groups of {group}"), format!("rows of {columns}"));
        }
        let packed = [rows, columns * u64::from(bits) / 32];
        if codes.spelled != "U32" || codes.shape != packed {
            return misfit(format!("U32 codes {packed:?}"), format!("{} {:?}", codes.spelled, codes.shape));
        }
        for (what, view) in [("scales", &scales), ("biases", &biases)] {
            if !quant::is_float(view.dtype) || view.shape != [rows, columns / group] {
                let expected = format!("float {what} {:?}", [rows, columns / group]);
                return misfit(expected, format!("{} {:?}", view.dtype, view.shape));
            }
        }
        let (group, columns) = (group as usize, columns as usize);
        Ok(Matrix { bits, group, columns, codes: codes.bytes, scales, biases })
    }

    pub fn row_bytes(&self) -> usize {
        self.columns * self.bits as usize / 8
    }

    pub fn bytes(&self) -> &'a [u8] {
        self.codes
    }

    /// Writes a row as little-endian float32: scale * code, rounded, plus bias, rounded, as MLX computes it
    /// in float32.
    pub fn read_row(&self, row: usize, out: &mut [u8]) {
        let bytes = self.row_bytes();
        let codes = &self.codes[row * bytes..(row + 1) * bytes];
        let (mut bits, mut have, mut at) = (0u32, 0, 0);
        let mask = (1u32 << self.bits) - 1;
        let groups = self.columns / self.group;
        for (g, group) in out.chunks_exact_mut(self.group * 4).enumerate() {
            let scale = quant::value_at(self.scales.dtype, self.scales.bytes, row * groups + g);
            let bias = quant::value_at(self.biases.dtype, self.biases.bytes, row * groups + g);
            for value in group.chunks_exact_mut(4) {
                if have < self.bits {
                    bits |= u32::from(codes[at]) << have;
                    (have, at) = (have + 8, at + 1);
                }
                let product = scale * (bits & mask) as f32;
                value.copy_from_slice(&(product + bias).to_le_bytes());
                (bits, have) = (bits >> self.bits, have - self.bits);
            }
        }
    }

    /// The type that rows come out as.
    pub const OUT: Dtype = Dtype::F32;
}
