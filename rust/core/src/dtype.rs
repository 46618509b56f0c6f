//! ggml's tensor types: their ids, names, and bytes per block.

use std::fmt;

/// A ggml tensor type. Most can only be copied; [`Dtype::encoding`] tells which can be converted.
///
/// ```
/// use t2sql_core::Dtype;
///
/// let dtype = Dtype::from_name("q2_K").unwrap();
/// assert_eq!((dtype.id(), dtype.bytes(512)), (10, Some(168)));
/// assert!(dtype.encoding().is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Dtype(u8);

struct Row {
    id: u32,
    name: &'static str,
    block_len: u32,
    block_bytes: u32,
}

const fn row(id: u32, name: &'static str, block_len: u32, block_bytes: u32) -> Row {
    Row { id, name, block_len, block_bytes }
}

/// `enum ggml_type` of <https://github.com/ggml-org/llama.cpp/blob/master/ggml/include/ggml.h>, with block
/// lengths and sizes of `ggml-common.h`. The eleven that this crate converts come first.
const TYPES: [Row; 34] = [
    row(0, "f32", 1, 4),
    row(1, "f16", 1, 2),
    row(30, "bf16", 1, 2),
    row(8, "q8_0", 32, 34),
    row(2, "q4_0", 32, 18),
    row(3, "q4_1", 32, 20),
    row(6, "q5_0", 32, 22),
    row(7, "q5_1", 32, 24),
    row(12, "q4_K", 256, 144),
    row(13, "q5_K", 256, 176),
    row(14, "q6_K", 256, 210),
    row(9, "q8_1", 32, 40),
    row(10, "q2_K", 256, 84),
    row(11, "q3_K", 256, 110),
    row(15, "q8_K", 256, 292),
    row(16, "iq2_xxs", 256, 66),
    row(17, "iq2_xs", 256, 74),
    row(18, "iq3_xxs", 256, 98),
    row(19, "iq1_s", 256, 50),
    row(20, "iq4_nl", 32, 18),
    row(21, "iq3_s", 256, 110),
    row(22, "iq2_s", 256, 82),
    row(23, "iq4_xs", 256, 136),
    row(24, "i8", 1, 1),
    row(25, "i16", 1, 2),
    row(26, "i32", 1, 4),
    row(27, "i64", 1, 8),
    row(28, "f64", 1, 8),
    row(29, "iq1_m", 256, 56),
    row(34, "tq1_0", 256, 54),
    row(35, "tq2_0", 256, 66),
    row(39, "mxfp4", 32, 17),
    row(40, "nvfp4", 64, 36),
    row(41, "q1_0", 128, 18),
];

impl Dtype {
    /// Single precision.
    pub const F32: Dtype = Dtype(0);
    /// Half precision.
    pub const F16: Dtype = Dtype(1);
    /// The upper half of single precision.
    pub const BF16: Dtype = Dtype(2);
    /// 8-bit codes in blocks of 32 with a scale.
    pub const Q8_0: Dtype = Dtype(3);
    /// 4-bit codes in blocks of 32 with a scale.
    pub const Q4_0: Dtype = Dtype(4);
    /// 4-bit codes in blocks of 32 with a scale and a minimum.
    pub const Q4_1: Dtype = Dtype(5);
    /// 5-bit codes in blocks of 32 with a scale.
    pub const Q5_0: Dtype = Dtype(6);
    /// 5-bit codes in blocks of 32 with a scale and a minimum.
    pub const Q5_1: Dtype = Dtype(7);
    /// 4-bit codes in blocks of 256 with 6-bit scales and minima.
    pub const Q4_K: Dtype = Dtype(8);
    /// 5-bit codes in blocks of 256 with 6-bit scales and minima.
    pub const Q5_K: Dtype = Dtype(9);
    /// 6-bit codes in blocks of 256 with 8-bit scales.
    pub const Q6_K: Dtype = Dtype(10);

    fn row(self) -> &'static Row {
        &TYPES[self.0 as usize]
    }

    /// The type with this id in a GGUF file.
    pub fn from_id(id: u32) -> Option<Dtype> {
        TYPES.iter().position(|row| row.id == id).map(|i| Dtype(i as u8))
    }

    /// The type of this name, in upper or lower case.
    pub fn from_name(name: &str) -> Option<Dtype> {
        TYPES.iter().position(|row| row.name.eq_ignore_ascii_case(name)).map(|i| Dtype(i as u8))
    }

    /// The type's id in a GGUF file.
    pub fn id(self) -> u32 {
        self.row().id
    }

    /// The name as ggml spells it.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Elements in a block; a row is a whole number of blocks.
    pub fn block_len(self) -> u64 {
        self.row().block_len.into()
    }

    /// Bytes in a block.
    pub fn block_bytes(self) -> u64 {
        self.row().block_bytes.into()
    }

    /// Bytes of `len` elements, or None where these are not whole blocks or the number overflows.
    pub fn bytes(self, len: u64) -> Option<u64> {
        if !len.is_multiple_of(self.block_len()) {
            return None;
        }
        (len / self.block_len()).checked_mul(self.block_bytes())
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The number of elements of a shape, or None where it overflows. An empty shape is a scalar of one element.
pub fn elements(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1u64, |n, &d| n.checked_mul(d))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_name_the_right_rows() {
        let floats = [Dtype::F32, Dtype::F16, Dtype::BF16];
        let blocks = [Dtype::Q8_0, Dtype::Q4_0, Dtype::Q4_1, Dtype::Q5_0, Dtype::Q5_1];
        let super_blocks = [Dtype::Q4_K, Dtype::Q5_K, Dtype::Q6_K];
        let names = |types: &[Dtype]| types.iter().map(|dtype| dtype.name()).collect::<Vec<_>>();
        assert_eq!(names(&floats), ["f32", "f16", "bf16"]);
        assert_eq!(names(&blocks), ["q8_0", "q4_0", "q4_1", "q5_0", "q5_1"]);
        assert_eq!(names(&super_blocks), ["q4_K", "q5_K", "q6_K"]);
    }

    #[test]
    fn ids_and_names_are_unique_and_looked_up() {
        for (i, row) in TYPES.iter().enumerate() {
            assert_eq!(Dtype::from_id(row.id), Some(Dtype(i as u8)));
            assert_eq!(Dtype::from_name(&row.name.to_uppercase()), Some(Dtype(i as u8)));
        }
        assert_eq!(Dtype::from_id(4), None);
    }

    #[test]
    fn bytes_are_whole_blocks_and_checked() {
        assert_eq!(Dtype::Q4_1.bytes(64), Some(40));
        assert_eq!(Dtype::Q4_1.bytes(33), None);
        assert_eq!(Dtype::F32.bytes(u64::MAX), None);
    }
}
