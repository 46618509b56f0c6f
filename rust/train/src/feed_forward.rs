//! The second half of a layer: norm, gate and up, and the way back to the hidden size.

use crate::linear::{resized, Linear};
use crate::norm::Norm;
use crate::parallel;
use crate::projected::{Group, GroupActivations, Output, OutputWeights};
use crate::projections::Projections;
use crate::spec::LayerSpec;
use crate::weights::{LayerGradients, LayerWeights};

/// The activations of the last `forward`. Each buffer may be longer than it needed.
#[derive(Default)]
pub(crate) struct FeedForward {
    norm: Norm,
    gate_up: GroupActivations<2>,
    /// The two products and what the activation makes of them, `[rows, intermediate_size]`.
    gate: Vec<f32>,
    up: Vec<f32>,
    activated: Vec<f32>,
    output: Output,
}

/// What a call computes with.
pub(crate) struct Parts<'a> {
    spec: &'a LayerSpec,
    norm: &'a [f32],
    gate_up: Group<'a, 2>,
    output: OutputWeights<'a>,
}

impl<'a> Parts<'a> {
    pub fn of(
        spec: &'a LayerSpec,
        weights: &LayerWeights<'a>,
        linears: &Projections<Option<Linear<'a>>>,
    ) -> Parts<'a> {
        Parts {
            spec,
            norm: weights.norms.feed_forward,
            gate_up: Group::of([linears.gate, linears.up], linears.gate_up),
            output: OutputWeights {
                linear: linears.down.expect("a matrix of down"),
                norm: weights.norms.feed_forward_output.map(|factor| (factor, spec.shape.eps)),
            },
        }
    }

    /// The length of `[rows, intermediate_size]`, for hidden states of this length.
    fn inner_len(&self, hidden_len: usize) -> usize {
        hidden_len / self.spec.shape.hidden * self.spec.shape.intermediate_size
    }
}

impl FeedForward {
    /// The place for the hidden states `[rows, hidden]` before `forward`.
    pub fn input(&mut self, len: usize) -> &mut [f32] {
        self.norm.input(len)
    }

    /// Computes `out`, the input plus the network's output.
    pub fn forward(&mut self, parts: &Parts, out: &mut [f32]) {
        let len = parts.inner_len(out.len());
        let (hidden, normed) = self.norm.forward(out.len(), parts.norm, parts.spec.shape.eps);
        let (gate, up) = (resized(&mut self.gate, len), resized(&mut self.up, len));
        parts.gate_up.forward(normed, &mut self.gate_up, [&mut *gate, &mut *up]);
        let activated = resized(&mut self.activated, len);
        parallel::gated(parts.spec.activation, gate, up, activated);
        out.copy_from_slice(hidden);
        self.output.forward(&parts.output, activated, out);
    }

    /// Adds the gradient of the input to `dx`, which is that of the output, and sets those of the adapters.
    /// `dnormed` is overwritten.
    pub fn backward(
        &mut self,
        parts: &Parts,
        [dx, dnormed]: [&mut [f32]; 2],
        gradients: &mut LayerGradients,
    ) {
        let len = parts.inner_len(dx.len());
        let mut dactivated = vec![0.0; len];
        gradients.down = self.output.backward(&parts.output, &self.activated[..len], dx, &mut dactivated);
        let (gate, up) = (&mut self.gate[..len], &mut self.up[..len]);
        parallel::gated_backward(parts.spec.activation, gate, up, &dactivated);
        let normed = self.norm.output(dx.len());
        let of_group = parts.gate_up.backward(normed, &self.gate_up, [gate, up], dnormed);
        [gradients.gate, gradients.up] = of_group.separate;
        gradients.gate_up = of_group.fused;
        self.norm.backward(parts.norm, dnormed, dx);
    }
}
