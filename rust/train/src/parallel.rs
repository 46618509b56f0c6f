//! The functions of `kernels` whose rows do not depend on each other, distributed over rayon's threads.
//!
//! One thread computes a whole row, so the number of threads changes nothing.

use rayon::prelude::*;

use crate::kernels;

/// Elements in one thread's part of a slice of rows of `width`: whole rows, about two parts for each thread.
fn part_len(len: usize, width: usize) -> usize {
    (len / width).div_ceil(2 * rayon::current_num_threads()).max(1) * width
}

/// [`kernels::rms_norm`] on `x` and `out` of `[rows, hidden]` and `inverse_rms` of `[rows]`.
pub(crate) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32], inverse_rms: &mut [f32]) {
    let part = part_len(x.len(), weight.len());
    let parts =
        (x.par_chunks(part), out.par_chunks_mut(part), inverse_rms.par_chunks_mut(part / weight.len()));
    parts
        .into_par_iter()
        .for_each(|(x, out, inverse_rms)| kernels::rms_norm(x, weight, eps, out, inverse_rms));
}

/// [`kernels::rms_norm_backward`] on `x`, `dy` and `dx` of `[rows, hidden]` and `inverse_rms` of `[rows]`.
pub(crate) fn rms_norm_backward(
    x: &[f32],
    weight: &[f32],
    inverse_rms: &[f32],
    dy: &mut [f32],
    dx: &mut [f32],
) {
    let part = part_len(x.len(), weight.len());
    let inverse_rms = inverse_rms.par_chunks(part / weight.len());
    let parts = (x.par_chunks(part), inverse_rms, dy.par_chunks_mut(part), dx.par_chunks_mut(part));
    parts
        .into_par_iter()
        .for_each(|(x, inverse_rms, dy, dx)| kernels::rms_norm_backward(x, weight, inverse_rms, dy, dx));
}

/// [`kernels::rotate`] on `x` of `[rows, heads, 2 * half]`, `cos` and `sin` of `[rows, half]`.
pub(crate) fn rotate(x: &mut [f32], heads: usize, cos: &[f32], sin: &[f32], half: usize, sign: f32) {
    let part = part_len(cos.len(), half);
    let parts = (x.par_chunks_mut(part * 2 * heads), cos.par_chunks(part), sin.par_chunks(part));
    parts.into_par_iter().for_each(|(x, cos, sin)| kernels::rotate(x, heads, cos, sin, half, sign));
}

/// [`kernels::swiglu`] on slices of one length.
pub(crate) fn swiglu(gate: &[f32], up: &[f32], out: &mut [f32]) {
    let part = part_len(gate.len(), 1);
    let parts = (gate.par_chunks(part), up.par_chunks(part), out.par_chunks_mut(part));
    parts.into_par_iter().for_each(|(gate, up, out)| kernels::swiglu(gate, up, out));
}

/// [`kernels::swiglu_backward`] on slices of one length.
pub(crate) fn swiglu_backward(gate: &mut [f32], up: &mut [f32], dout: &[f32]) {
    let part = part_len(gate.len(), 1);
    let parts = (gate.par_chunks_mut(part), up.par_chunks_mut(part), dout.par_chunks(part));
    parts.into_par_iter().for_each(|(gate, up, dout)| kernels::swiglu_backward(gate, up, dout));
}
