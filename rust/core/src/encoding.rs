//! The types that values can be converted between: three float types and eight block formats. Both are
//! closed enums, so that every conversion is a total function of its types.

use std::fmt;

use crate::dtype::Dtype;
use crate::error::{Error, Result};

/// A type whose elements are stored as one number each, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Float {
    /// IEEE single precision.
    F32,
    /// IEEE half precision.
    F16,
    /// The upper half of a single-precision number.
    Bf16,
}

impl Float {
    /// Every float type.
    pub const ALL: [Float; 3] = [Float::F32, Float::F16, Float::Bf16];

    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            Float::F32 => 4,
            Float::F16 | Float::Bf16 => 2,
        }
    }
}

/// A block-quantized type: the elements of a block share a scale. Blocks have 32 elements; those of the K types
/// have 256, in parts with scales of their own, which are codes too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockFormat {
    /// x = d * code with an 8-bit code for each element and a half-precision scale d: 34 bytes a block.
    Q8_0,
    /// x = d * (code - 8) with a 4-bit code for each element and a half-precision scale d: 18 bytes a block.
    Q4_0,
    /// x = d * code + m with a 4-bit code for each element, a half-precision scale d and minimum m: 20 bytes a
    /// block.
    Q4_1,
    /// x = d * (code - 16) with a 5-bit code for each element and a half-precision scale d: 22 bytes a block.
    Q5_0,
    /// x = d * code + m with a 5-bit code for each element, a half-precision scale d and minimum m: 24 bytes a
    /// block.
    Q5_1,
    /// x = d * s * code - e * m with a 4-bit code for each of 256 elements, half-precision d and e, and 6-bit s
    /// and m for each 32 elements: 144 bytes a block.
    Q4K,
    /// As [`BlockFormat::Q4K`] with 5-bit codes: 176 bytes a block.
    Q5K,
    /// x = d * s * (code - 32) with a 6-bit code for each of 256 elements, a half-precision d and an 8-bit s for
    /// each 16 elements: 210 bytes a block.
    Q6K,
}

impl BlockFormat {
    /// Every block format.
    pub const ALL: [BlockFormat; 8] = [
        BlockFormat::Q8_0,
        BlockFormat::Q4_0,
        BlockFormat::Q4_1,
        BlockFormat::Q5_0,
        BlockFormat::Q5_1,
        BlockFormat::Q4K,
        BlockFormat::Q5K,
        BlockFormat::Q6K,
    ];

    /// The names of all block formats, for messages.
    pub const NAMES: &str = "q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1 or q4_0";

    /// Elements in a block.
    pub const fn block_len(self) -> usize {
        match self {
            BlockFormat::Q8_0
            | BlockFormat::Q4_0
            | BlockFormat::Q4_1
            | BlockFormat::Q5_0
            | BlockFormat::Q5_1 => 32,
            BlockFormat::Q4K | BlockFormat::Q5K | BlockFormat::Q6K => 256,
        }
    }

    /// Bytes of one block.
    pub const fn block_bytes(self) -> usize {
        match self {
            BlockFormat::Q8_0 => 34,
            BlockFormat::Q4_0 => 18,
            BlockFormat::Q4_1 => 20,
            BlockFormat::Q5_0 => 22,
            BlockFormat::Q5_1 => 24,
            BlockFormat::Q4K => 144,
            BlockFormat::Q5K => 176,
            BlockFormat::Q6K => 210,
        }
    }

    /// The block format of this name, in upper or lower case.
    ///
    /// # Errors
    /// [`Error::Argument`] when there is none.
    ///
    /// ```
    /// use t2sql_core::BlockFormat;
    ///
    /// assert_eq!(BlockFormat::from_name("Q8_0").unwrap(), BlockFormat::Q8_0);
    /// assert_eq!(BlockFormat::from_name("q4_k").unwrap(), BlockFormat::Q4K);
    /// assert!(BlockFormat::from_name("q3_K").is_err());
    /// ```
    pub fn from_name(name: &str) -> Result<BlockFormat> {
        let named = |format: &BlockFormat| format.to_string().eq_ignore_ascii_case(name);
        BlockFormat::ALL.into_iter().find(named).ok_or_else(|| Error::Argument {
            what: "unknown quantization type",
            expected: BlockFormat::NAMES.into(),
            found: name.into(),
        })
    }
}

/// A type that conversions write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// One number for each element.
    Float(Float),
    /// Blocks of elements that share a scale.
    Block(BlockFormat),
}

impl Encoding {
    /// The names of all encodings, for messages.
    pub const NAMES: &str = "f32, f16, bf16, q8_0, q6_K, q5_K, q5_1, q5_0, q4_K, q4_1 or q4_0";

    /// Every encoding.
    pub const ALL: [Encoding; 11] = [
        Encoding::Float(Float::F32),
        Encoding::Float(Float::F16),
        Encoding::Float(Float::Bf16),
        Encoding::Block(BlockFormat::Q8_0),
        Encoding::Block(BlockFormat::Q4_0),
        Encoding::Block(BlockFormat::Q4_1),
        Encoding::Block(BlockFormat::Q5_0),
        Encoding::Block(BlockFormat::Q5_1),
        Encoding::Block(BlockFormat::Q4K),
        Encoding::Block(BlockFormat::Q5K),
        Encoding::Block(BlockFormat::Q6K),
    ];

    /// Elements in a block; 1 for a float type.
    pub const fn block_len(self) -> usize {
        match self {
            Encoding::Float(_) => 1,
            Encoding::Block(format) => format.block_len(),
        }
    }

    /// Bytes in a block; those of one element for a float type.
    pub const fn block_bytes(self) -> usize {
        match self {
            Encoding::Float(float) => float.size(),
            Encoding::Block(format) => format.block_bytes(),
        }
    }

    /// Bytes of `len` elements, or None where these are not whole blocks.
    pub fn bytes(self, len: usize) -> Option<usize> {
        if !len.is_multiple_of(self.block_len()) {
            return None;
        }
        (len / self.block_len()).checked_mul(self.block_bytes())
    }
}

impl From<Float> for Encoding {
    fn from(float: Float) -> Encoding {
        Encoding::Float(float)
    }
}

impl From<BlockFormat> for Encoding {
    fn from(format: BlockFormat) -> Encoding {
        Encoding::Block(format)
    }
}

impl From<Float> for Dtype {
    fn from(float: Float) -> Dtype {
        match float {
            Float::F32 => Dtype::F32,
            Float::F16 => Dtype::F16,
            Float::Bf16 => Dtype::BF16,
        }
    }
}

impl From<BlockFormat> for Dtype {
    fn from(format: BlockFormat) -> Dtype {
        match format {
            BlockFormat::Q8_0 => Dtype::Q8_0,
            BlockFormat::Q4_0 => Dtype::Q4_0,
            BlockFormat::Q4_1 => Dtype::Q4_1,
            BlockFormat::Q5_0 => Dtype::Q5_0,
            BlockFormat::Q5_1 => Dtype::Q5_1,
            BlockFormat::Q4K => Dtype::Q4_K,
            BlockFormat::Q5K => Dtype::Q5_K,
            BlockFormat::Q6K => Dtype::Q6_K,
        }
    }
}

impl From<Encoding> for Dtype {
    fn from(encoding: Encoding) -> Dtype {
        match encoding {
            Encoding::Float(float) => float.into(),
            Encoding::Block(format) => format.into(),
        }
    }
}

impl Dtype {
    /// The encoding that this type is, or None where its values can only be copied.
    pub fn encoding(self) -> Option<Encoding> {
        let encoding = match self {
            Dtype::F32 => Float::F32.into(),
            Dtype::F16 => Float::F16.into(),
            Dtype::BF16 => Float::Bf16.into(),
            Dtype::Q8_0 => BlockFormat::Q8_0.into(),
            Dtype::Q4_0 => BlockFormat::Q4_0.into(),
            Dtype::Q4_1 => BlockFormat::Q4_1.into(),
            Dtype::Q5_0 => BlockFormat::Q5_0.into(),
            Dtype::Q5_1 => BlockFormat::Q5_1.into(),
            Dtype::Q4_K => BlockFormat::Q4K.into(),
            Dtype::Q5_K => BlockFormat::Q5K.into(),
            Dtype::Q6_K => BlockFormat::Q6K.into(),
            _ => return None,
        };
        Some(encoding)
    }

    /// The float type that this is, if it is one.
    pub fn float(self) -> Option<Float> {
        match self.encoding() {
            Some(Encoding::Float(float)) => Some(float),
            _ => None,
        }
    }
}

macro_rules! display_as_dtype {
    ($($type:ty)+) => {
        $(impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(Dtype::from(*self).name())
            }
        })+
    };
}

display_as_dtype!(Float BlockFormat Encoding);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_those_of_ggmls_table() {
        for encoding in Encoding::ALL {
            let dtype = Dtype::from(encoding);
            assert_eq!(dtype.encoding(), Some(encoding));
            assert_eq!(dtype.block_len(), encoding.block_len() as u64);
            assert_eq!(dtype.block_bytes(), encoding.block_bytes() as u64);
        }
    }
}
