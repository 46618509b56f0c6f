//! The functions of `ops` that treat each row alone, with the rows shared out to rayon's threads.
//!
//! A row is computed whole by one thread: the number of threads changes nothing.

use rayon::prelude::*;

use super::ops;

/// Elements of a thread's part of a slice in rows of `width`: whole rows, two parts a thread.
fn part(len: usize, width: usize) -> usize {
    (len / width).div_ceil(2 * rayon::current_num_threads()).max(1) * width
}

pub fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32], inverse: &mut [f32]) {
    let part = part(x.len(), weight.len());
    let parts = (x.par_chunks(part), out.par_chunks_mut(part), inverse.par_chunks_mut(part / weight.len()));
    parts.into_par_iter().for_each(|(x, out, inverse)| ops::rms_norm(x, weight, eps, out, inverse));
}

pub fn rms_norm_backward(x: &[f32], weight: &[f32], inverse: &[f32], dy: &mut [f32], dx: &mut [f32]) {
    let part = part(x.len(), weight.len());
    let inverse = inverse.par_chunks(part / weight.len());
    let parts = (x.par_chunks(part), inverse, dy.par_chunks_mut(part), dx.par_chunks_mut(part));
    parts.into_par_iter().for_each(|(x, inverse, dy, dx)| ops::rms_norm_backward(x, weight, inverse, dy, dx));
}

pub fn rotate(x: &mut [f32], heads: usize, cos: &[f32], sin: &[f32], half: usize, sign: f32) {
    let turns = part(cos.len(), half);
    let parts = (x.par_chunks_mut(turns * 2 * heads), cos.par_chunks(turns), sin.par_chunks(turns));
    parts.into_par_iter().for_each(|(x, cos, sin)| ops::rotate(x, heads, cos, sin, half, sign));
}

pub fn swiglu(gate: &[f32], up: &[f32], out: &mut [f32]) {
    let part = part(gate.len(), 1);
    let parts = (gate.par_chunks(part), up.par_chunks(part), out.par_chunks_mut(part));
    parts.into_par_iter().for_each(|(gate, up, out)| ops::swiglu(gate, up, out));
}

pub fn swiglu_backward(gate: &mut [f32], up: &mut [f32], dout: &[f32]) {
    let part = part(gate.len(), 1);
    let parts = (gate.par_chunks_mut(part), up.par_chunks_mut(part), dout.par_chunks(part));
    parts.into_par_iter().for_each(|(gate, up, dout)| ops::swiglu_backward(gate, up, dout));
}
