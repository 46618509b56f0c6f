//! The projections at the two ends of half a layer: those that read the normed hidden state, and the one
//! whose result is added to it.

use crate::linear::{resized, Linear};
use crate::norm::Norm;
use crate::parallel;
use crate::weights::AdapterGradient;

/// Projections of one input: by a matrix each, or all of them by one fused matrix, whose rows are theirs one
/// after the other.
pub(crate) enum Group<'a, const N: usize> {
    Separate([Linear<'a>; N]),
    Fused(Linear<'a>),
}

/// The gradients of a group's adapters: of the separate ones, and of the fused one.
pub(crate) struct GroupGradients<const N: usize> {
    pub separate: [Option<AdapterGradient>; N],
    pub fused: Option<AdapterGradient>,
}

/// What a group's `backward` needs of its `forward`.
pub(crate) struct GroupActivations<const N: usize> {
    /// Each adapter's x A; the first one is the fused adapter's.
    xa: [Vec<f32>; N],
    /// The fused matrix's output.
    fused: Vec<f32>,
}

impl<const N: usize> Default for GroupActivations<N> {
    fn default() -> Self {
        GroupActivations { xa: [(); N].map(|()| Vec::new()), fused: Vec::new() }
    }
}

impl<'a, const N: usize> Group<'a, N> {
    /// A group of the fused matrix where there is one.
    ///
    /// # Panics
    /// When there is none, and a separate one is missing.
    pub fn of(separate: [Option<Linear<'a>>; N], fused: Option<Linear<'a>>) -> Self {
        match fused {
            Some(fused) => Group::Fused(fused),
            None => Group::Separate(separate.map(|linear| linear.expect("a fused matrix or separate ones"))),
        }
    }

    /// Computes the outputs, each `[rows, outputs]`, of `x`.
    pub fn forward(&self, x: &[f32], kept: &mut GroupActivations<N>, outputs: [&mut [f32]; N]) {
        match self {
            Group::Separate(linears) => {
                for ((linear, xa), out) in linears.iter().zip(&mut kept.xa).zip(outputs) {
                    linear.forward(x, xa, 0.0, out);
                }
            }
            Group::Fused(linear) => {
                let width = linear.shape.outputs;
                let fused = resized(&mut kept.fused, linear.rows * width);
                linear.forward(x, &mut kept.xa[0], 0.0, fused);
                let mut column = 0;
                for out in outputs {
                    let columns = out.len() / linear.rows;
                    for (out, row) in out.chunks_exact_mut(columns).zip(fused.chunks_exact(width)) {
                        out.copy_from_slice(&row[column..column + columns]);
                    }
                    column += columns;
                }
            }
        }
    }

    /// Computes the gradient `dx` of x from those of the outputs.
    pub fn backward(
        &self,
        x: &[f32],
        kept: &GroupActivations<N>,
        doutputs: [&[f32]; N],
        dx: &mut [f32],
    ) -> GroupGradients<N> {
        match self {
            Group::Separate(linears) => {
                let mut beta = 0.0;
                let mut index = 0;
                let separate = doutputs.map(|dout| {
                    let gradient = linears[index].backward(x, &kept.xa[index], dout, beta, dx);
                    (beta, index) = (1.0, index + 1);
                    gradient
                });
                GroupGradients { separate, fused: None }
            }
            Group::Fused(linear) => {
                let width = linear.shape.outputs;
                let mut dfused = vec![0.0; linear.rows * width];
                let mut column = 0;
                for dout in doutputs {
                    let columns = dout.len() / linear.rows;
                    for (row, dout) in dfused.chunks_exact_mut(width).zip(dout.chunks_exact(columns)) {
                        row[column..column + columns].copy_from_slice(dout);
                    }
                    column += columns;
                }
                let fused = linear.backward(x, &kept.xa[0], &dfused, 0.0, dx);
                GroupGradients { separate: [(); N].map(|()| None), fused }
            }
        }
    }
}

/// The projection back to the hidden size, whose result is added to the hidden state, normed before in some
/// families.
#[derive(Default)]
pub(crate) struct Output {
    xa: Vec<f32>,
    norm: Norm,
}

/// An output's matrix, and its norm's factor and epsilon where it has one.
pub(crate) struct OutputWeights<'a> {
    pub linear: Linear<'a>,
    pub norm: Option<(&'a [f32], f32)>,
}

impl Output {
    /// Adds the output for `x` to `hidden`.
    pub fn forward(&mut self, weights: &OutputWeights, x: &[f32], hidden: &mut [f32]) {
        let Some((factor, eps)) = weights.norm else {
            return weights.linear.forward(x, &mut self.xa, 1.0, hidden);
        };
        weights.linear.forward(x, &mut self.xa, 0.0, self.norm.input(hidden.len()));
        let (_, normed) = self.norm.forward(hidden.len(), factor, eps);
        parallel::add(normed, hidden);
    }

    /// Computes the gradient `dx` of x from that of the hidden state.
    pub fn backward(
        &self,
        weights: &OutputWeights,
        x: &[f32],
        dhidden: &[f32],
        dx: &mut [f32],
    ) -> Option<AdapterGradient> {
        let Some((factor, _)) = weights.norm else {
            return weights.linear.backward(x, &self.xa, dhidden, 0.0, dx);
        };
        let mut dout = dhidden.to_vec();
        self.norm.backward_in_place(factor, &mut dout);
        weights.linear.backward(x, &self.xa, &dout, 0.0, dx)
    }
}
