//! The kernels under C names, for peers.py, which times them beside C's in one process on the same memory.

use std::ops::ControlFlow;
use std::slice::{from_raw_parts, from_raw_parts_mut};

use t2sql_core::quant::{bytes_of, dequantize_array, quantize_array, quantize_weighted, Rounding, Simd};
use t2sql_core::{BlockFormat, Dtype, Encoding, Float};

/// The block format with this id in ggml.
fn block_format(id: u32) -> BlockFormat {
    match Dtype::from_id(id).and_then(Dtype::encoding) {
        Some(Encoding::Block(format)) => format,
        _ => panic!("{id} is no block format that is written"),
    }
}

/// Quantizes `len` float32 values to the block format with ggml's id `to` with `threads` threads.
///
/// # Panics
/// When there is no such block format, or a thread fails.
///
/// # Safety
/// `x` is valid for `len` values and `out` for their blocks; `len` is
/// whole blocks.
#[no_mangle]
pub unsafe extern "C" fn t2sql_quantize(to: u32, x: *const f32, len: usize, out: *mut u8, threads: usize) {
    let to = block_format(to);
    let bytes = Encoding::Block(to).bytes(len).expect("whole blocks");
    // SAFETY: both are valid for these lengths, by the caller's promise.
    let (x, out) = unsafe { (from_raw_parts(x, len), from_raw_parts_mut(out, bytes)) };
    if threads == 1 {
        return Simd::active().expect("a set").convert(Float::F32, to, bytes_of(x), out);
    }
    quantize_array(Rounding::Reference, Float::F32, to, bytes_of(x), out, Some(threads), &mut || {
        ControlFlow::Continue(())
    })
    .expect("quantized");
}

/// Quantizes `rows` rows of `columns` float32 values with a weight for each column, with one thread.
///
/// # Panics
/// When there is no such block format, or a row is not whole blocks.
///
/// # Safety
/// `x` is valid for `rows * columns` values, `weights` for `columns`, and `out` for the blocks of the values.
#[no_mangle]
pub unsafe extern "C" fn t2sql_quantize_weighted(
    to: u32,
    x: *const f32,
    rows: usize,
    columns: usize,
    weights: *const f32,
    out: *mut u8,
) {
    let to = block_format(to);
    let bytes = Encoding::Block(to).bytes(rows * columns).expect("whole blocks");
    // SAFETY: all are valid for these lengths, by the caller's promise.
    let (x, weights, out) = unsafe {
        (from_raw_parts(x, rows * columns), from_raw_parts(weights, columns), from_raw_parts_mut(out, bytes))
    };
    quantize_weighted(Simd::active().expect("a set"), to, x, weights, out);
}

/// Dequantizes the blocks of `len` values of the block format with ggml's id `from` with `threads` threads.
///
/// # Panics
/// When there is no such block format, or a thread fails.
///
/// # Safety
/// `q` is valid for the blocks of `len` values and `out` for the values; `len` is
/// whole blocks.
#[no_mangle]
pub unsafe extern "C" fn t2sql_dequantize(
    from: u32,
    q: *const u8,
    len: usize,
    out: *mut f32,
    threads: usize,
) {
    let from = block_format(from);
    let bytes = Encoding::Block(from).bytes(len).expect("whole blocks");
    // SAFETY: both are valid for these lengths, by the caller's promise.
    let (q, out) = unsafe { (from_raw_parts(q, bytes), from_raw_parts_mut(out, len)) };
    if threads == 1 {
        return Simd::active().expect("a set").dequantize(from, q, out);
    }
    dequantize_array(from, q, out, Some(threads), &mut || ControlFlow::Continue(())).expect("dequantized");
}

/// The sum of `len` words: the time it takes is that of reading memory.
///
/// # Safety
/// `x` is valid for `len` values.
#[no_mangle]
pub unsafe extern "C" fn t2sql_read(x: *const u64, len: usize) -> u64 {
    // SAFETY: `x` is valid for `len` values, by the caller's promise.
    let words = unsafe { from_raw_parts(x, len) };
    let mut sums = [0u64; 32];
    for chunk in words.chunks_exact(32) {
        sums.iter_mut().zip(chunk).for_each(|(sum, &word)| *sum = sum.wrapping_add(word));
    }
    sums.into_iter().fold(0, u64::wrapping_add)
}
