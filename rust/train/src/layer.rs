//! One llama layer: attention and a SwiGLU feed-forward network with their norms, and seven linear
//! projections that may carry LoRA adapters.

use crate::attention::{Attention, AttentionBlock, Inputs};
use crate::linear::{resized, Linear};
use crate::parallel;
use crate::weights::{LayerAdapters, LayerGradients, LayerShape, LayerWeights, Projections};

/// The rotary position of each row as cosines and sines, each `[rows, head_dim / 2]` (Su et al. 2021,
/// <https://arxiv.org/abs/2104.09864>; the two halves of a head form the pairs that are rotated).
#[derive(Clone, Copy, Debug)]
pub struct Rotary<'a> {
    /// Cosines of the angles.
    pub cos: &'a [f32],
    /// Sines of the angles.
    pub sin: &'a [f32],
}

impl Rotary<'_> {
    fn check(&self, rows: usize, half: usize) {
        let len = rows * half;
        assert!(self.cos.len() == len && self.sin.len() == len, "cos and sin are [rows, head_dim / 2]");
    }
}

/// A layer and its activations: `forward` stores them, the `backward` that follows uses them up.
///
/// The buffers only grow, so one `Layer` can serve batches of any size.
pub struct Layer {
    shape: LayerShape,
    rows: usize,
    blocks: Vec<AttentionBlock>,
    activations: Activations,
}

/// What `backward` needs of a `forward`. Each buffer may be longer than the last call needed.
#[derive(Default)]
struct Activations {
    /// The layer's input, `[rows, hidden]`, its norm, and 1 / rms of each row.
    input: Vec<f32>,
    input_normed: Vec<f32>,
    input_inverse_rms: Vec<f32>,
    /// Rotated queries `[rows, q_dim]` and keys, and values, `[rows, kv_dim]`.
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    /// Attention probabilities of all blocks, and the weighted values `[rows, q_dim]`.
    probabilities: Vec<f32>,
    attended: Vec<f32>,
    /// The input plus the attention's output, `[rows, hidden]`, its norm, and 1 / rms of each row.
    residual: Vec<f32>,
    residual_normed: Vec<f32>,
    residual_inverse_rms: Vec<f32>,
    /// The feed-forward network's two products and its activation, `[rows, intermediate_size]`.
    gate: Vec<f32>,
    up: Vec<f32>,
    activated: Vec<f32>,
    /// Each adapter's x A, `[rows, rank]`.
    xa: Projections<Vec<f32>>,
}

impl Layer {
    /// A layer of this shape, with no buffers yet.
    pub fn new(shape: LayerShape) -> Layer {
        Layer { shape, rows: 0, blocks: Vec::new(), activations: Activations::default() }
    }

    /// The layer's sizes.
    pub fn shape(&self) -> &LayerShape {
        &self.shape
    }

    /// Rows of the last `forward`; zero before the first.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn linears<'a>(
        &self,
        weights: &LayerWeights<'a>,
        adapters: &LayerAdapters<'a>,
    ) -> Projections<Linear<'a>> {
        let rows = self.rows;
        let parts = self.shape.projections().zip(weights.projections).zip(*adapters);
        parts.map(|((shape, weight), adapter)| Linear { rows, shape, weight, adapter })
    }

    fn attention(&self) -> Attention {
        Attention {
            heads: self.shape.heads,
            kv_heads: self.shape.kv_heads,
            head_dim: self.shape.head_dim,
            scale: 1.0 / (self.shape.head_dim as f32).sqrt(),
        }
    }

    /// Computes the layer's output `out` for `x`, both `[rows, hidden]`.
    ///
    /// # Panics
    /// When a slice does not have the length that the shape demands, or the blocks do not
    /// [tile](AttentionBlock::tile) the rows.
    pub fn forward(
        &mut self,
        blocks: &[AttentionBlock],
        x: &[f32],
        weights: &LayerWeights,
        adapters: &LayerAdapters,
        rotary: Rotary,
        out: &mut [f32],
    ) {
        let LayerShape { hidden, heads, kv_heads, head_dim, intermediate_size, eps } = self.shape;
        let rows = x.len() / hidden;
        self.rows = rows;
        self.blocks.clear();
        self.blocks.extend_from_slice(blocks);
        assert_eq!(x.len(), rows * hidden, "x is [rows, hidden]");
        assert!(
            AttentionBlock::tile(blocks, rows),
            "blocks cover the rows in order, and prefixes lie within them"
        );
        assert_eq!(out.len(), x.len(), "the output is as long as x");
        let half = head_dim / 2;
        rotary.check(rows, half);
        let (attention, linears) = (self.attention(), self.linears(weights, adapters));
        let (q_len, kv_len) = (rows * self.shape.q_dim(), rows * self.shape.kv_dim());
        let ffn_len = rows * intermediate_size;
        let act = &mut self.activations;

        resized(&mut act.input, x.len()).copy_from_slice(x);
        let normed = resized(&mut act.input_normed, x.len());
        let inverse_rms = resized(&mut act.input_inverse_rms, rows);
        parallel::rms_norm(x, weights.input_norm, eps, normed, inverse_rms);
        let (q, k) = (resized(&mut act.q, q_len), resized(&mut act.k, kv_len));
        let v = resized(&mut act.v, kv_len);
        linears.q.forward(normed, &mut act.xa.q, 0.0, q);
        linears.k.forward(normed, &mut act.xa.k, 0.0, k);
        linears.v.forward(normed, &mut act.xa.v, 0.0, v);
        parallel::rotate(q, heads, rotary.cos, rotary.sin, half, 1.0);
        parallel::rotate(k, kv_heads, rotary.cos, rotary.sin, half, 1.0);
        let attended = resized(&mut act.attended, q_len);
        let probabilities = resized(&mut act.probabilities, attention.probabilities_len(blocks));
        attention.forward(blocks, Inputs { q, k, v }, probabilities, attended);
        let residual = resized(&mut act.residual, x.len());
        residual.copy_from_slice(x);
        linears.o.forward(attended, &mut act.xa.o, 1.0, residual);

        let normed = resized(&mut act.residual_normed, x.len());
        let inverse_rms = resized(&mut act.residual_inverse_rms, rows);
        parallel::rms_norm(residual, weights.post_attention_norm, eps, normed, inverse_rms);
        let (gate, up) = (resized(&mut act.gate, ffn_len), resized(&mut act.up, ffn_len));
        linears.gate.forward(normed, &mut act.xa.gate, 0.0, gate);
        linears.up.forward(normed, &mut act.xa.up, 0.0, up);
        let activated = resized(&mut act.activated, ffn_len);
        parallel::swiglu(gate, up, activated);
        out.copy_from_slice(residual);
        linears.down.forward(activated, &mut act.xa.down, 1.0, out);
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
        let LayerShape { hidden, heads, kv_heads, head_dim, intermediate_size, .. } = self.shape;
        let rows = self.rows;
        assert_eq!(dy.len(), rows * hidden, "the gradient is as long as the output");
        assert_eq!(dx.len(), dy.len(), "dx is as long as x");
        let half = head_dim / 2;
        rotary.check(rows, half);
        let (attention, linears) = (self.attention(), self.linears(weights, adapters));
        let (q_len, kv_len) = (rows * self.shape.q_dim(), rows * self.shape.kv_dim());
        let ffn_len = rows * intermediate_size;
        let act = &mut self.activations;
        let mut gradients = LayerGradients::default();

        let (gate, up) = (&mut act.gate[..ffn_len], &mut act.up[..ffn_len]);
        // One buffer for two gradients that are never needed at the same time.
        let mut buffer = vec![0.0; ffn_len.max(q_len)];
        let dactivated = &mut buffer[..ffn_len];
        gradients.down = linears.down.backward(&act.activated[..ffn_len], &act.xa.down, dy, 0.0, dactivated);
        parallel::swiglu_backward(gate, up, dactivated);
        let mut dnormed = vec![0.0; dy.len()];
        let normed = &act.residual_normed[..dy.len()];
        gradients.gate = linears.gate.backward(normed, &act.xa.gate, gate, 0.0, &mut dnormed);
        gradients.up = linears.up.backward(normed, &act.xa.up, up, 1.0, &mut dnormed);
        dx.copy_from_slice(dy);
        let inverse_rms = &act.residual_inverse_rms[..rows];
        let norm = weights.post_attention_norm;
        parallel::rms_norm_backward(&act.residual[..dy.len()], norm, inverse_rms, &mut dnormed, dx);

        let dattended = &mut buffer[..q_len];
        gradients.o = linears.o.backward(&act.attended[..q_len], &act.xa.o, dx, 0.0, dattended);
        let (mut dq, mut dk, mut dv) = (vec![0.0; q_len], vec![0.0; kv_len], vec![0.0; kv_len]);
        let inputs = Inputs { q: &act.q[..q_len], k: &act.k[..kv_len], v: &act.v[..kv_len] };
        let probabilities = &act.probabilities[..attention.probabilities_len(&self.blocks)];
        attention.backward(&self.blocks, inputs, probabilities, dattended, [&mut dq, &mut dk, &mut dv]);
        parallel::rotate(&mut dq, heads, rotary.cos, rotary.sin, half, -1.0);
        parallel::rotate(&mut dk, kv_heads, rotary.cos, rotary.sin, half, -1.0);
        let normed = &act.input_normed[..dy.len()];
        gradients.q = linears.q.backward(normed, &act.xa.q, &dq, 0.0, &mut dnormed);
        gradients.k = linears.k.backward(normed, &act.xa.k, &dk, 1.0, &mut dnormed);
        gradients.v = linears.v.backward(normed, &act.xa.v, &dv, 1.0, &mut dnormed);
        let inverse_rms = &act.input_inverse_rms[..rows];
        parallel::rms_norm_backward(
            &act.input[..dy.len()],
            weights.input_norm,
            inverse_rms,
            &mut dnormed,
            dx,
        );
        gradients
    }
}
