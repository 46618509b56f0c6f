//! An RMS norm that keeps what its gradient needs.

use crate::linear::resized;
use crate::parallel;

/// The buffers of one RMS norm. Each may be longer than the last call needed.
#[derive(Default)]
pub(crate) struct Norm {
    input: Vec<f32>,
    output: Vec<f32>,
    inverse_rms: Vec<f32>,
}

impl Norm {
    /// The place for an input of this length, whose content is to be written before `forward`.
    pub fn input(&mut self, len: usize) -> &mut [f32] {
        resized(&mut self.input, len)
    }

    /// Norms the first `len` numbers of the input in rows as wide as `weight`; returns input and output.
    pub fn forward(&mut self, len: usize, weight: &[f32], eps: f32) -> (&[f32], &[f32]) {
        let input = &self.input[..len];
        let output = resized(&mut self.output, len);
        let inverse_rms = resized(&mut self.inverse_rms, len / weight.len());
        parallel::rms_norm(input, weight, eps, output, inverse_rms);
        (input, output)
    }

    /// The first `len` numbers of the last output.
    pub fn output(&self, len: usize) -> &[f32] {
        &self.output[..len]
    }

    /// Adds the gradient of the input to `dx`, from the output's gradient `dy`, which is overwritten.
    pub fn backward(&self, weight: &[f32], dy: &mut [f32], dx: &mut [f32]) {
        let (input, inverse_rms) = (&self.input[..dy.len()], &self.inverse_rms[..dy.len() / weight.len()]);
        parallel::rms_norm_backward(input, weight, inverse_rms, dy, dx);
    }

    /// Norms `x` in place.
    pub fn forward_in_place(&mut self, weight: &[f32], eps: f32, x: &mut [f32]) {
        let inverse_rms = resized(&mut self.inverse_rms, x.len() / weight.len());
        let input = resized(&mut self.input, x.len());
        input.copy_from_slice(x);
        parallel::rms_norm(input, weight, eps, x, inverse_rms);
    }

    /// Replaces the output's gradient by that of the input.
    pub fn backward_in_place(&self, weight: &[f32], dy: &mut [f32]) {
        let mut dx = vec![0.0; dy.len()];
        self.backward(weight, dy, &mut dx);
        dy.copy_from_slice(&dx);
    }
}
