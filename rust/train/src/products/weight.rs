//! A frozen matrix as it is stored: float32, float16, bfloat16, or MLX's affine codes of 4 or 8 bits.

use std::ops::Range;

use half::bf16;

use super::kernels::Kernels;
use crate::spec::ProjectionShape;

/// A frozen matrix `[outputs, inputs]` and the kernels that multiply by it.
#[derive(Clone, Copy, Debug)]
pub struct FrozenWeight<'a> {
    /// Its values.
    pub stored: Stored<'a>,
    /// What computes the products.
    pub kernels: Kernels,
}

/// How the values of a matrix are stored, row by row.
#[derive(Clone, Copy, Debug)]
pub enum Stored<'a> {
    /// float32.
    F32(&'a [f32]),
    /// The bits of float16.
    F16(&'a [u16]),
    /// The bits of bfloat16.
    Bf16(&'a [u16]),
    /// Codes of 4 or 8 bits.
    Affine(Affine<'a>),
}

/// MLX's affine quantization: a value is `scale * code + bias`, each operation rounded to float32
/// (`affine_dequantize` of <https://github.com/ml-explore/mlx>). GGUF's Q8_0, Q4_0 and Q4_1 are such groups of 32.
#[derive(Clone, Copy, Debug)]
pub struct Affine<'a> {
    /// Codes from each word's lowest bits on, `[outputs, inputs * bits / 32]`.
    pub codes: &'a [u32],
    /// `[outputs, inputs / group_size]`.
    pub scales: Floats<'a>,
    /// `[outputs, inputs / group_size]`.
    pub biases: Floats<'a>,
    /// Bits of a code: 4 or 8.
    pub bits: u32,
    /// Values that share a scale and a bias: a multiple of 32.
    pub group_size: usize,
}

/// Numbers of a float type.
#[derive(Clone, Copy, Debug)]
pub enum Floats<'a> {
    /// float32.
    F32(&'a [f32]),
    /// The bits of float16.
    F16(&'a [u16]),
    /// The bits of bfloat16.
    Bf16(&'a [u16]),
}

impl Floats<'_> {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        match self {
            Floats::F32(values) => values.len(),
            Floats::F16(values) | Floats::Bf16(values) => values.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    fn get(&self, index: usize) -> f32 {
        match self {
            Floats::F32(values) => values[index],
            Floats::F16(values) => widen_f16(values[index]),
            Floats::Bf16(values) => widen(values[index]),
        }
    }
}

/// The float32 of a bfloat16's bits.
#[inline(always)]
pub(super) fn widen(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// The float32 of a float16's bits, in whole numbers and one product, which every instruction set has.
#[inline(always)]
pub(super) fn widen_f16(bits: u16) -> f32 {
    let magnitude = u32::from(bits & 0x7fff) << 13;
    // An exponent of 0 is one of subnormal numbers in both types, so 2^112 is exact for them too.
    let value = (f32::from_bits(magnitude) * f32::from_bits(0x7780_0000)).to_bits();
    let exponent = if magnitude < 0x0f80_0000 { 0 } else { 0x7f80_0000 };
    f32::from_bits(value | exponent | u32::from(bits & 0x8000) << 16)
}

/// The bits of the nearest bfloat16, ties to even; a NaN stays one.
#[inline(always)]
pub(super) fn round(value: f32) -> u16 {
    let bits = value.to_bits();
    let rounded = (bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16) as u16;
    // Adding to a NaN's bits could make a number of it.
    if value.is_nan() {
        bf16::NAN.to_bits()
    } else {
        rounded
    }
}

impl<'a> From<&'a [f32]> for FrozenWeight<'a> {
    /// A float32 matrix, multiplied by the crate `gemm`.
    fn from(values: &'a [f32]) -> Self {
        FrozenWeight { stored: Stored::F32(values), kernels: Kernels::Gemm }
    }
}

impl FrozenWeight<'_> {
    /// Whether the matrix is one of `[outputs, inputs]`.
    pub fn fits(&self, ProjectionShape { inputs, outputs }: ProjectionShape) -> bool {
        match &self.stored {
            Stored::F32(values) => values.len() == inputs * outputs,
            Stored::F16(values) | Stored::Bf16(values) => values.len() == inputs * outputs,
            Stored::Affine(affine) => {
                let Affine { codes, scales, biases, bits, group_size } = *affine;
                let groups = outputs * (inputs / group_size.max(1));
                (bits == 4 || bits == 8)
                    && group_size > 0
                    && group_size.is_multiple_of(32)
                    && inputs.is_multiple_of(group_size)
                    && codes.len() == outputs * inputs * bits as usize / 32
                    && scales.len() == groups
                    && biases.len() == groups
            }
        }
    }

    /// How many values the matrix has.
    pub fn len(&self) -> usize {
        match &self.stored {
            Stored::F32(values) => values.len(),
            Stored::F16(values) | Stored::Bf16(values) => values.len(),
            Stored::Affine(affine) => affine.codes.len() * 32 / affine.bits.max(1) as usize,
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the stored values.
    pub fn bytes(&self) -> usize {
        let of_floats = |floats: &Floats| match floats {
            Floats::F32(values) => 4 * values.len(),
            Floats::F16(values) | Floats::Bf16(values) => 2 * values.len(),
        };
        match &self.stored {
            Stored::F32(values) => 4 * values.len(),
            Stored::F16(values) | Stored::Bf16(values) => 2 * values.len(),
            Stored::Affine(affine) => {
                4 * affine.codes.len() + of_floats(&affine.scales) + of_floats(&affine.biases)
            }
        }
    }
}

impl Stored<'_> {
    /// Decodes the values of `columns` of a row to float32. Codes are read in whole words, so that columns
    /// begin at a multiple of 8.
    #[inline(always)]
    pub(super) fn decode(&self, inputs: usize, row: usize, columns: Range<usize>, out: &mut [f32]) {
        let start = row * inputs;
        let span = start + columns.start..start + columns.end;
        match self {
            Stored::F32(values) => out.copy_from_slice(&values[span]),
            Stored::F16(values) => {
                out.iter_mut().zip(&values[span]).for_each(|(out, &bits)| *out = widen_f16(bits));
            }
            Stored::Bf16(values) => {
                out.iter_mut().zip(&values[span]).for_each(|(out, &bits)| *out = widen(bits));
            }
            Stored::Affine(affine) => affine.decode(inputs, row, columns, out),
        }
    }
}

impl Affine<'_> {
    #[inline(always)]
    fn decode(&self, inputs: usize, row: usize, columns: Range<usize>, out: &mut [f32]) {
        let groups = row * (inputs / self.group_size);
        let (mut column, mut rest) = (columns.start, out);
        while !rest.is_empty() {
            let group = column / self.group_size;
            let len = ((group + 1) * self.group_size - column).min(rest.len());
            let (scale, bias) = (self.scales.get(groups + group), self.biases.get(groups + group));
            let (now, later) = rest.split_at_mut(len);
            let first = (row * inputs + column) * self.bits as usize / 32;
            if self.bits == 4 {
                decode_words::<8>(&self.codes[first..], scale, bias, now);
            } else {
                decode_words::<4>(&self.codes[first..], scale, bias, now);
            }
            (column, rest) = (column + len, later);
        }
    }
}

/// Decodes words of `PER_WORD` codes. Scale and bias are applied in two roundings, as MLX does.
#[inline(always)]
fn decode_words<const PER_WORD: usize>(words: &[u32], scale: f32, bias: f32, out: &mut [f32]) {
    let bits = 32 / PER_WORD as u32;
    let mask = u32::MAX >> (32 - bits);
    for (&word, out) in words.iter().zip(out.chunks_mut(PER_WORD)) {
        for (code, out) in (0..PER_WORD as u32).zip(out) {
            // Through i32, whose conversion has an instruction in every set.
            *out = scale * ((word >> (code * bits)) & mask) as i32 as f32 + bias;
        }
    }
}
