//! The first half of a layer: norm, queries, keys and values, attention, and the way back to the hidden size.

use crate::attention::{Attention, AttentionBlock, Inputs};
use crate::layer::Rotary;
use crate::linear::{resized, Linear};
use crate::norm::Norm;
use crate::parallel::{self, Heads};
use crate::projected::{Group, GroupActivations, Output, OutputWeights};
use crate::projections::Projections;
use crate::spec::LayerSpec;
use crate::weights::{LayerGradients, LayerWeights, Norms};

/// The activations of the last `forward`. Each buffer may be longer than it needed.
#[derive(Default)]
pub(crate) struct SelfAttention {
    norm: Norm,
    qkv: GroupActivations<3>,
    q_norm: Norm,
    k_norm: Norm,
    /// Rotated queries `[rows, q_dim]` and keys, and values, `[rows, kv_dim]`.
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    /// Attention probabilities of all blocks, and the weighted values `[rows, q_dim]`.
    probabilities: Vec<f32>,
    attended: Vec<f32>,
    output: Output,
}

/// What a call computes with.
pub(crate) struct Parts<'a> {
    spec: &'a LayerSpec,
    norms: Norms<&'a [f32]>,
    qkv: Group<'a, 3>,
    output: OutputWeights<'a>,
}

impl<'a> Parts<'a> {
    pub fn of(
        spec: &'a LayerSpec,
        weights: &LayerWeights<'a>,
        linears: &Projections<Option<Linear<'a>>>,
    ) -> Parts<'a> {
        let norms = weights.norms;
        Parts {
            spec,
            norms,
            qkv: Group::of([linears.q, linears.k, linears.v], linears.qkv),
            output: OutputWeights {
                linear: linears.o.expect("a matrix of o"),
                norm: norms.attention_output.map(|factor| (factor, spec.shape.eps)),
            },
        }
    }

    fn attention(&self) -> Attention {
        let LayerSpec { shape, attention_scale, score_cap, window, .. } = *self.spec;
        Attention {
            heads: shape.heads,
            kv_heads: shape.kv_heads,
            head_dim: shape.head_dim,
            scale: attention_scale,
            cap: score_cap,
            window: window.unwrap_or(usize::MAX),
        }
    }

    /// The heads of the queries and those of the keys, each with the factor of their norm.
    fn heads(&self) -> [(Heads, Option<&'a [f32]>); 2] {
        let shape = self.spec.shape;
        let heads = |count| Heads { count, dim: shape.head_dim };
        [(heads(shape.heads), self.norms.q), (heads(shape.kv_heads), self.norms.k)]
    }
}

impl SelfAttention {
    /// Computes `hidden`, `x` plus the attention's output, both `[rows, hidden]`.
    pub fn forward(
        &mut self,
        parts: &Parts,
        blocks: &[AttentionBlock],
        x: &[f32],
        rotary: Rotary,
        hidden: &mut [f32],
    ) {
        let shape = &parts.spec.shape;
        let rows = x.len() / shape.hidden;
        let (q_len, kv_len) = (rows * shape.q_dim(), rows * shape.kv_dim());
        self.norm.input(x.len()).copy_from_slice(x);
        let (_, normed) = self.norm.forward(x.len(), parts.norms.input, shape.eps);
        let (q, k) = (resized(&mut self.q, q_len), resized(&mut self.k, kv_len));
        let v = resized(&mut self.v, kv_len);
        parts.qkv.forward(normed, &mut self.qkv, [&mut *q, &mut *k, &mut *v]);
        let norms = [&mut self.q_norm, &mut self.k_norm];
        for (((heads, factor), norm), x) in parts.heads().into_iter().zip(norms).zip([&mut *q, &mut *k]) {
            if let Some(factor) = factor {
                norm.forward_in_place(factor, shape.eps, x);
            }
            parallel::rotate(x, heads, rotary, parts.spec.rotary_pairs, 1.0);
        }
        let attention = parts.attention();
        let attended = resized(&mut self.attended, q_len);
        let probabilities = resized(&mut self.probabilities, attention.probabilities_len(blocks));
        attention.forward(blocks, Inputs { q, k, v }, probabilities, attended);
        hidden.copy_from_slice(x);
        self.output.forward(&parts.output, attended, hidden);
    }

    /// Adds the gradient of x to `dx`, which is that of `hidden`, and sets those of the adapters. `dnormed`
    /// is overwritten.
    pub fn backward(
        &self,
        parts: &Parts,
        blocks: &[AttentionBlock],
        rotary: Rotary,
        [dx, dnormed]: [&mut [f32]; 2],
        gradients: &mut LayerGradients,
    ) {
        let shape = &parts.spec.shape;
        let rows = dx.len() / shape.hidden;
        let (q_len, kv_len) = (rows * shape.q_dim(), rows * shape.kv_dim());
        let mut dattended = vec![0.0; q_len];
        gradients.o = self.output.backward(&parts.output, &self.attended[..q_len], dx, &mut dattended);
        let (mut dq, mut dk, mut dv) = (vec![0.0; q_len], vec![0.0; kv_len], vec![0.0; kv_len]);
        let inputs = Inputs { q: &self.q[..q_len], k: &self.k[..kv_len], v: &self.v[..kv_len] };
        let attention = parts.attention();
        let probabilities = &self.probabilities[..attention.probabilities_len(blocks)];
        attention.backward(blocks, inputs, probabilities, &dattended, [&mut dq, &mut dk, &mut dv]);
        let norms = [&self.q_norm, &self.k_norm];
        for (((heads, factor), norm), d) in parts.heads().into_iter().zip(norms).zip([&mut dq, &mut dk]) {
            parallel::rotate(d, heads, rotary, parts.spec.rotary_pairs, -1.0);
            if let Some(factor) = factor {
                norm.backward_in_place(factor, d);
            }
        }
        let of_group = parts.qkv.backward(self.norm.output(dx.len()), &self.qkv, [&dq, &dk, &dv], dnormed);
        [gradients.q, gradients.k, gradients.v] = of_group.separate;
        gradients.qkv = of_group.fused;
        self.norm.backward(parts.norms.input, dnormed, dx);
    }
}
