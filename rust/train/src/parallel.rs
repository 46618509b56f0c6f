//! The functions of `kernels` whose rows do not depend on each other, distributed over rayon's threads.
//!
//! One thread computes a whole row, so the number of threads changes nothing.

use rayon::prelude::*;

use crate::kernels;
use crate::layer::Rotary;
use crate::spec::{Activation, RotaryPairs};

/// Heads that lie side by side in a row.
#[derive(Clone, Copy)]
pub(crate) struct Heads {
    pub count: usize,
    pub dim: usize,
}

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

/// Rotates each head of each row of `x`, `[rows, heads, head_dim]`, by the row's angles. See
/// [`kernels::rotate_halves`].
pub(crate) fn rotate(x: &mut [f32], heads: Heads, rotary: Rotary, pairs: RotaryPairs, sign: f32) {
    let Rotary { cos, sin } = rotary;
    let width = heads.count * heads.dim;
    let half = cos.len() / (x.len() / width);
    let part = part_len(cos.len(), half);
    let parts = (x.par_chunks_mut(part / half * width), cos.par_chunks(part), sin.par_chunks(part));
    let rotate = match pairs {
        RotaryPairs::Halves => kernels::rotate_halves,
        RotaryPairs::Neighbours => kernels::rotate_neighbours,
    };
    parts.into_par_iter().for_each(|(x, cos, sin)| rotate(x, heads.count, heads.dim, cos, sin, half, sign));
}

/// Adds `x` to `out`, of the same length.
pub(crate) fn add(x: &[f32], out: &mut [f32]) {
    let part = part_len(out.len(), 1);
    let parts = (x.par_chunks(part), out.par_chunks_mut(part));
    parts.into_par_iter().for_each(|(x, out)| out.iter_mut().zip(x).for_each(|(out, x)| *out += x));
}

/// out = beta * out + row for each row of `out`, `[rows, width]`, where beta is 0 or 1.
pub(crate) fn add_rows(row: &[f32], beta: f32, out: &mut [f32]) {
    out.par_chunks_mut(part_len(out.len(), row.len())).for_each(|part| {
        for out in part.chunks_exact_mut(row.len()) {
            if beta == 0.0 {
                out.copy_from_slice(row);
            } else {
                out.iter_mut().zip(row).for_each(|(out, x)| *out += x);
            }
        }
    });
}

/// out = activation(gate) * up, elementwise on slices of one length.
pub(crate) fn gated(activation: Activation, gate: &[f32], up: &[f32], out: &mut [f32]) {
    let part = part_len(gate.len(), 1);
    let parts = (gate.par_chunks(part), up.par_chunks(part), out.par_chunks_mut(part));
    let gated = match activation {
        Activation::Silu => kernels::swiglu,
        Activation::GeluTanh => kernels::geglu,
    };
    parts.into_par_iter().for_each(|(gate, up, out)| gated(gate, up, out));
}

/// Replaces the inputs of [`gated`] by their gradients, from the output's gradient `dout`.
pub(crate) fn gated_backward(activation: Activation, gate: &mut [f32], up: &mut [f32], dout: &[f32]) {
    let part = part_len(gate.len(), 1);
    let parts = (gate.par_chunks_mut(part), up.par_chunks_mut(part), dout.par_chunks(part));
    let backward = match activation {
        Activation::Silu => kernels::swiglu_backward,
        Activation::GeluTanh => kernels::geglu_backward,
    };
    parts.into_par_iter().for_each(|(gate, up, dout)| backward(gate, up, dout));
}
