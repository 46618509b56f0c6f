//! One transformer layer: attention and a gated feed-forward network with their norms, and linear
//! projections that may carry LoRA adapters.

use crate::attention::AttentionBlock;
use crate::feed_forward::{self, FeedForward};
use crate::linear::Linear;
use crate::projections::Projections;
use crate::self_attention::{self, SelfAttention};
use crate::spec::LayerSpec;
use crate::weights::{LayerAdapters, LayerGradients, LayerWeights};

/// The rotary position of each row as cosines and sines, each `[rows, rotary_dims / 2]` (Su et al. 2021,
/// <https://arxiv.org/abs/2104.09864>).
///
/// A factor of the rotated numbers, as some scaled rotary positions have it, is a factor of both.
#[derive(Clone, Copy, Debug)]
pub struct Rotary<'a> {
    /// Cosines of the angles.
    pub cos: &'a [f32],
    /// Sines of the angles.
    pub sin: &'a [f32],
}

impl Rotary<'_> {
    fn check(&self, rows: usize, spec: &LayerSpec) {
        let len = rows * spec.rotary_dims / 2;
        assert!(self.cos.len() == len && self.sin.len() == len, "cos and sin are [rows, rotary_dims / 2]");
    }
}

/// A layer and its activations: `forward` stores them, the `backward` that follows uses them up.
///
/// The buffers only grow, so one `Layer` can serve batches of any size.
pub struct Layer {
    spec: LayerSpec,
    rows: usize,
    blocks: Vec<AttentionBlock>,
    attention: SelfAttention,
    feed_forward: FeedForward,
}

impl Layer {
    /// A layer of this description, with no buffers yet.
    ///
    /// # Panics
    /// When heads of keys and values do not divide the heads, or more than a head is to be rotated, or an odd
    /// part of it, or nothing.
    pub fn new(spec: LayerSpec) -> Layer {
        assert!(spec.valid(), "heads in groups, and an even part of each head rotated");
        let (attention, feed_forward) = Default::default();
        Layer { spec, rows: 0, blocks: Vec::new(), attention, feed_forward }
    }

    /// What the layer computes.
    pub fn spec(&self) -> &LayerSpec {
        &self.spec
    }

    /// Rows of the last `forward`; zero before the first.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Computes the layer's output `out` for `x`, both `[rows, hidden]`.
    ///
    /// # Panics
    /// When a slice does not have the length that the shape demands, a matrix is missing, or the blocks do
    /// not [tile](AttentionBlock::tile) the rows.
    pub fn forward(
        &mut self,
        blocks: &[AttentionBlock],
        x: &[f32],
        weights: &LayerWeights,
        adapters: &LayerAdapters,
        rotary: Rotary,
        out: &mut [f32],
    ) {
        let rows = x.len() / self.spec.shape.hidden;
        self.rows = rows;
        self.blocks.clear();
        self.blocks.extend_from_slice(blocks);
        assert_eq!(x.len(), rows * self.spec.shape.hidden, "x is [rows, hidden]");
        assert!(
            AttentionBlock::tile(blocks, rows),
            "blocks cover the rows in order, and prefixes lie within them"
        );
        assert_eq!(out.len(), x.len(), "the output is as long as x");
        rotary.check(rows, &self.spec);
        let linears = linears(&self.spec, rows, weights, adapters);
        let parts = self_attention::Parts::of(&self.spec, weights, &linears);
        self.attention.forward(&parts, blocks, x, rotary, self.feed_forward.input(x.len()));
        self.feed_forward.forward(&feed_forward::Parts::of(&self.spec, weights, &linears), out);
    }

    /// Computes `dx`, `[rows, hidden]`, from the output's gradient `dy` of the same shape, and returns the
    /// adapters' gradients.
    ///
    /// It uses up the activations of the last `forward`, which must have had the same weights, adapters
    /// and rotary positions.
    ///
    /// # Panics
    /// When there was no such `forward`, or a slice has another length.
    pub fn backward(
        &mut self,
        weights: &LayerWeights,
        adapters: &LayerAdapters,
        rotary: Rotary,
        dy: &[f32],
        dx: &mut [f32],
    ) -> LayerGradients {
        assert_eq!(dy.len(), self.rows * self.spec.shape.hidden, "the gradient is as long as the output");
        assert_eq!(dx.len(), dy.len(), "dx is as long as x");
        rotary.check(self.rows, &self.spec);
        let linears = linears(&self.spec, self.rows, weights, adapters);
        let mut gradients = LayerGradients::default();
        let mut dnormed = vec![0.0; dy.len()];
        dx.copy_from_slice(dy);
        let parts = feed_forward::Parts::of(&self.spec, weights, &linears);
        self.feed_forward.backward(&parts, [&mut *dx, &mut dnormed], &mut gradients);
        let parts = self_attention::Parts::of(&self.spec, weights, &linears);
        self.attention.backward(&parts, &self.blocks, rotary, [dx, &mut dnormed], &mut gradients);
        gradients
    }
}

fn linears<'a>(
    spec: &LayerSpec,
    rows: usize,
    weights: &LayerWeights<'a>,
    adapters: &LayerAdapters<'a>,
) -> Projections<Option<Linear<'a>>> {
    let parts = spec.shape.projections().zip(weights.projections).zip(weights.biases).zip(*adapters);
    parts.map(|(((shape, weight), bias), adapter)| {
        weight.map(|weight| Linear { rows, shape, weight, bias, adapter })
    })
}
