//! Rows of numbers from one type to another: block quantization and its inverse, and float casts.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
pub mod block;
pub mod cast;
mod dispatch;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod expand;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod generic;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod kernels;
#[cfg(target_arch = "aarch64")]
mod neon;
pub mod scalar;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod vector;

use std::ops::ControlFlow;
use std::sync::Mutex;

use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::parallel;
use block::{BLOCK, Q4_0, Q4_1, Q8_0};
pub use dispatch::Simd;

/// The types a conversion writes, in the words of an error.
pub const TARGETS: &str = "f32, f16, bf16, q8_0, q4_1 or q4_0";

/// True for the three types whose values come straight from memory.
pub fn is_float(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F32 | Dtype::F16 | Dtype::BF16)
}

/// True for the three block formats.
pub fn is_block(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::Q8_0 | Dtype::Q4_0 | Dtype::Q4_1)
}

/// The block format of this name.
pub fn block_type(name: &str) -> Result<Dtype> {
    Dtype::from_name(name).filter(|&d| is_block(d)).ok_or_else(|| Error::Argument {
        what: "unknown quantization type",
        expected: "q8_0, q4_1 or q4_0".into(),
        found: name.into(),
    })
}

/// An array of numbers as the little-endian bytes that it is.
pub fn bytes_of<T: Number>(x: &[T]) -> &[u8] {
    // SAFETY: the same memory for the same lifetime; `T` has no padding, and any bytes are valid as u8,
    // whose alignment is 1.
    unsafe { std::slice::from_raw_parts(x.as_ptr().cast(), size_of_val(x)) }
}

/// Numbers without padding.
pub trait Number: sealed::Number {}
impl<T: sealed::Number> Number for T {}

mod sealed {
    pub trait Number {}
    impl Number for f32 {}
    impl Number for u16 {}
    impl Number for half::f16 {}
}

/// As `bytes_of`, to write to.
pub(crate) fn bytes_of_mut(x: &mut [f32]) -> &mut [u8] {
    // SAFETY: as above; any four bytes are an f32, and the borrow is exclusive.
    unsafe { std::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), size_of_val(x)) }
}

/// Blocks in a piece of parallel work.
const PIECE: usize = 8192;

/// Quantizes little-endian values of a float type over several threads; `poll` as for `parallel::run`.
///
/// # Panics
/// As `Simd::convert`.
pub fn quantize_array(
    from: Dtype,
    to: Dtype,
    x: &[u8],
    out: &mut [u8],
    threads: usize,
    poll: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<()> {
    let len = x.len() as u64 / from.block_bytes();
    assert_eq!(to.bytes(len), Some(out.len() as u64), "lengths do not agree");
    let simd = Simd::active()?;
    let pieces: Vec<_> = x
        .chunks(PIECE * BLOCK * from.block_bytes() as usize)
        .zip(out.chunks_mut(PIECE * to.block_bytes() as usize))
        .map(Mutex::new)
        .collect();
    parallel::run(pieces.len(), threads, poll, &|i, _: &mut ()| {
        let (src, out) = &mut *pieces[i].lock().expect("no piece panics");
        simd.convert(from, to, src, out);
        Ok(())
    })
}

/// Expands an array over several threads; `poll` as for `parallel::run`.
///
/// # Panics
/// As `Simd::dequantize`.
pub fn dequantize_array(
    from: Dtype,
    q: &[u8],
    out: &mut [f32],
    threads: usize,
    poll: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<()> {
    assert_eq!(from.bytes(out.len() as u64), Some(q.len() as u64), "lengths do not agree");
    let simd = Simd::active()?;
    let pieces: Vec<_> = q
        .chunks(PIECE * from.block_bytes() as usize)
        .zip(out.chunks_mut(PIECE * BLOCK))
        .map(Mutex::new)
        .collect();
    parallel::run(pieces.len(), threads, poll, &|i, _: &mut ()| {
        let (src, out) = &mut *pieces[i].lock().expect("no piece panics");
        simd.dequantize(from, src, out);
        Ok(())
    })
}

/// Index of the first element (float types) or block (block formats) that holds a value, scale or
/// minimum that is not finite.
pub fn find_not_finite(dtype: Dtype, bytes: &[u8]) -> Option<usize> {
    fn halves(bytes: &[u8], size: usize, exponent: u16, count: usize) -> Option<usize> {
        let bad = |at: &[u8]| u16::from_le_bytes([at[0], at[1]]) & exponent == exponent;
        let any = |block: &[u8]| block[..2 * count].chunks_exact(2).any(bad);
        // The usual answer is none, so look through the whole first, without leaving early.
        let found = bytes.chunks_exact(size).fold(false, |found, block| found | any(block));
        found.then(|| bytes.chunks_exact(size).position(any).expect("one was found"))
    }
    match dtype {
        Dtype::F32 => {
            const EXPONENT: u32 = 0x7F80_0000;
            let bad = |at: &[u8]| u32::from_le_bytes([at[0], at[1], at[2], at[3]]) & EXPONENT == EXPONENT;
            let found = bytes.chunks_exact(4).fold(false, |found, at| found | bad(at));
            found.then(|| bytes.chunks_exact(4).position(bad).expect("one was found"))
        }
        Dtype::BF16 => halves(bytes, 2, 0x7F80, 1),
        Dtype::F16 => halves(bytes, 2, 0x7C00, 1),
        Dtype::Q8_0 => halves(bytes, 34, 0x7C00, 1),
        Dtype::Q4_0 => halves(bytes, 18, 0x7C00, 1),
        Dtype::Q4_1 => halves(bytes, 20, 0x7C00, 2),
        _ => None,
    }
}

/// The value at `index` of a float row, as float32.
pub(crate) fn value_at(dtype: Dtype, bytes: &[u8], index: usize) -> f32 {
    use scalar::Element;
    match dtype {
        Dtype::F32 => scalar::F32::read(&bytes[index * 4..]),
        Dtype::F16 => scalar::F16::read(&bytes[index * 2..]),
        Dtype::BF16 => scalar::BF16::read(&bytes[index * 2..]),
        _ => panic!("{dtype} is not a float type"),
    }
}
