//! The kernels under C names, for peers.py: both sides are timed in one process on the same memory.

use std::ops::ControlFlow;
use std::slice::{from_raw_parts, from_raw_parts_mut};

use t2sql_core::quant::{dequantize_array, quantize_array, Simd};
use t2sql_core::Dtype;

fn bytes_of(x: &[f32]) -> &[u8] {
    // SAFETY: the same memory for the same lifetime; any bytes are valid as u8, whose alignment is 1.
    unsafe { from_raw_parts(x.as_ptr().cast(), size_of_val(x)) }
}

/// Quantizes `len` float32 values to the ggml type `to` with `threads` threads.
///
/// # Safety
/// `x` is valid for `len` values and `out` for their blocks; `len` is a multiple of 32.
#[no_mangle]
pub unsafe extern "C" fn t2sql_quantize(to: u32, x: *const f32, len: usize, out: *mut u8, threads: usize) {
    let to = Dtype::from_id(to).expect("a ggml type");
    let bytes = to.bytes(len as u64).expect("whole blocks") as usize;
    // SAFETY: the caller's promise.
    let (x, out) = unsafe { (from_raw_parts(x, len), from_raw_parts_mut(out, bytes)) };
    if threads == 1 {
        return Simd::active().expect("a set").convert(Dtype::F32, to, bytes_of(x), out);
    }
    quantize_array(Dtype::F32, to, bytes_of(x), out, threads, &mut || ControlFlow::Continue(()))
        .expect("quantized");
}

/// Expands the blocks of `len` values of the ggml type `from` with `threads` threads.
///
/// # Safety
/// `q` is valid for the blocks of `len` values and `out` for the values; `len` is a multiple of 32.
#[no_mangle]
pub unsafe extern "C" fn t2sql_dequantize(
    from: u32,
    q: *const u8,
    len: usize,
    out: *mut f32,
    threads: usize,
) {
    let from = Dtype::from_id(from).expect("a ggml type");
    let bytes = from.bytes(len as u64).expect("whole blocks") as usize;
    // SAFETY: the caller's promise.
    let (q, out) = unsafe { (from_raw_parts(q, bytes), from_raw_parts_mut(out, len)) };
    if threads == 1 {
        return Simd::active().expect("a set").dequantize(from, q, out);
    }
    dequantize_array(from, q, out, threads, &mut || ControlFlow::Continue(())).expect("expanded");
}

/// The sum of the bits of `len` values: what reading memory costs.
///
/// # Safety
/// `x` is valid for `len` values.
#[no_mangle]
pub unsafe extern "C" fn t2sql_read(x: *const u64, len: usize) -> u64 {
    // SAFETY: the caller's promise.
    let words = unsafe { from_raw_parts(x, len) };
    let mut sums = [0u64; 32];
    for chunk in words.chunks_exact(32) {
        sums.iter_mut().zip(chunk).for_each(|(sum, &word)| *sum = sum.wrapping_add(word));
    }
    sums.into_iter().fold(0, u64::wrapping_add)
}
