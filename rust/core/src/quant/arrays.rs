//! Whole arrays over several threads, and numbers as bytes.

use std::ops::ControlFlow;
use std::sync::Mutex;

use super::rounding::Rounding;
use super::simd::Simd;
use crate::encoding::{BlockFormat, Float};
use crate::error::Result;
use crate::parallel;

/// Values in a piece of parallel work: 1 MB of float32.
const PIECE: usize = 1 << 18;

/// Quantizes little-endian values of a float type to `out`, with `threads` threads or one on each core.
/// `poll` is called on this thread many times a second; `Break` cancels.
///
/// # Errors
/// [`crate::Error::Cancelled`], and those of [`Simd::active`].
///
/// # Panics
/// When `out` is not as long as the blocks of the values, or the values are not whole blocks.
pub fn quantize_array(
    rounding: Rounding,
    from: Float,
    to: BlockFormat,
    x: &[u8],
    out: &mut [u8],
    threads: Option<usize>,
    poll: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<()> {
    let (src_block, out_block) = (to.block_len() * from.size(), to.block_bytes());
    assert!(x.len().is_multiple_of(src_block), "values fill whole blocks");
    assert_eq!(out.len(), x.len() / src_block * out_block, "the output is as long as the blocks");
    let simd = Simd::active()?;
    let piece = PIECE / to.block_len();
    let pieces: Vec<_> =
        x.chunks(piece * src_block).zip(out.chunks_mut(piece * out_block)).map(Mutex::new).collect();
    parallel::run(pieces.len(), parallel::thread_count(threads), poll, &|piece, _: &mut ()| {
        let (src, out) = &mut *pieces[piece].lock().expect("no piece panics");
        rounding.quantize(simd, from, to, src, out);
        Ok(())
    })
}

/// Quantizes rows of float32 values with a weight for each column, as [`Rounding::quantize_weighted`]; threads and `poll` as
/// for [`quantize_array`].
///
/// # Errors
/// [`crate::Error::Cancelled`], and those of [`Simd::active`].
///
/// # Panics
/// As [`Rounding::quantize_weighted`].
pub fn quantize_array_weighted(
    rounding: Rounding,
    to: BlockFormat,
    x: &[f32],
    weights: &[f32],
    out: &mut [u8],
    threads: Option<usize>,
    poll: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<()> {
    let columns = weights.len();
    assert!(columns > 0 && columns.is_multiple_of(to.block_len()), "a row is whole blocks");
    assert!(x.len().is_multiple_of(columns), "the values are whole rows");
    assert_eq!(out.len(), x.len() / to.block_len() * to.block_bytes(), "the output is as long as the blocks");
    let simd = Simd::active()?;
    let rows = (PIECE / columns).max(1);
    let row_bytes = columns / to.block_len() * to.block_bytes();
    let pieces: Vec<_> =
        x.chunks(rows * columns).zip(out.chunks_mut(rows * row_bytes)).map(Mutex::new).collect();
    parallel::run(pieces.len(), parallel::thread_count(threads), poll, &|piece, _: &mut ()| {
        let (src, out) = &mut *pieces[piece].lock().expect("no piece panics");
        rounding.quantize_weighted(simd, to, src, weights, out);
        Ok(())
    })
}

/// Dequantizes blocks to float32 values, with `threads` threads or one on each core; `poll` as for
/// [`quantize_array`].
///
/// # Errors
/// [`crate::Error::Cancelled`], and those of [`Simd::active`].
///
/// # Panics
/// When `out` is not as long as the blocks' values, or `q` is not whole blocks.
pub fn dequantize_array(
    from: BlockFormat,
    q: &[u8],
    out: &mut [f32],
    threads: Option<usize>,
    poll: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<()> {
    let block = from.block_bytes();
    assert!(q.len().is_multiple_of(block), "whole blocks");
    let values = from.block_len();
    assert_eq!(out.len(), q.len() / block * values, "the output is as long as the blocks' values");
    let simd = Simd::active()?;
    let piece = PIECE / values;
    let pieces: Vec<_> = q.chunks(piece * block).zip(out.chunks_mut(PIECE)).map(Mutex::new).collect();
    parallel::run(pieces.len(), parallel::thread_count(threads), poll, &|piece, _: &mut ()| {
        let (src, out) = &mut *pieces[piece].lock().expect("no piece panics");
        simd.dequantize(from, src, out);
        Ok(())
    })
}

/// A number without padding, any bytes of which are a value: f32, half::f16, or u16 for the bits of bfloat16.
pub trait Number: sealed::Number {}
impl<T: sealed::Number> Number for T {}

mod sealed {
    pub trait Number {}
    impl Number for f32 {}
    impl Number for u16 {}
    impl Number for half::f16 {}
}

/// Views a slice of numbers as bytes. They are little-endian, as on every host that this crate compiles for.
pub fn bytes_of<T: Number>(x: &[T]) -> &[u8] {
    // SAFETY: the bytes are those of `x`, borrowed for as long; a `Number` has no padding, so all of them are
    // initialized; any byte is a valid u8, whose alignment is 1.
    unsafe { std::slice::from_raw_parts(x.as_ptr().cast(), size_of_val(x)) }
}

/// Views a slice of float32 numbers as bytes that can be written.
pub(crate) fn bytes_of_mut(x: &mut [f32]) -> &mut [u8] {
    // SAFETY: as in `bytes_of`. The borrow is exclusive, and any four bytes are a valid f32.
    unsafe { std::slice::from_raw_parts_mut(x.as_mut_ptr().cast(), size_of_val(x)) }
}
