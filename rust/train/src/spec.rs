//! What a layer computes, as a value: its sizes and everything in which families of models differ.

use crate::projections::Projections;

/// The sizes of a layer.
#[derive(Clone, Copy, Debug)]
pub struct LayerShape {
    /// Width of a hidden state.
    pub hidden: usize,
    /// Attention heads.
    pub heads: usize,
    /// Heads of keys and values; `heads` is a multiple of it.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_dim: usize,
    /// Width of the feed-forward network.
    pub intermediate_size: usize,
    /// Added to the mean square in all norms.
    pub eps: f32,
}

/// The sizes of one linear projection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProjectionShape {
    /// Width of its input.
    pub inputs: usize,
    /// Width of its output.
    pub outputs: usize,
}

impl LayerShape {
    /// Width of the queries of one row: all heads side by side.
    pub fn q_dim(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Width of the keys, or of the values, of one row: all of their heads side by side.
    pub fn kv_dim(&self) -> usize {
        self.kv_heads * self.head_dim
    }

    /// The sizes of each projection.
    pub fn projections(&self) -> Projections<ProjectionShape> {
        let shape = |inputs, outputs| ProjectionShape { inputs, outputs };
        let (hidden, intermediate) = (self.hidden, self.intermediate_size);
        let (q_dim, kv_dim) = (self.q_dim(), self.kv_dim());
        Projections {
            q: shape(hidden, q_dim),
            k: shape(hidden, kv_dim),
            v: shape(hidden, kv_dim),
            qkv: shape(hidden, q_dim + 2 * kv_dim),
            o: shape(q_dim, hidden),
            gate: shape(hidden, intermediate),
            up: shape(hidden, intermediate),
            gate_up: shape(hidden, 2 * intermediate),
            down: shape(intermediate, hidden),
        }
    }
}

/// What the gate of the feed-forward network goes through before it multiplies `up`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Activation {
    /// x sigmoid(x): SwiGLU (Shazeer 2020, <https://arxiv.org/abs/2002.05202>).
    #[default]
    Silu,
    /// The approximation of GELU by tanh, as Gemma uses it.
    GeluTanh,
}

/// Which numbers of a head are rotated together (Su et al. 2021, <https://arxiv.org/abs/2104.09864>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RotaryPairs {
    /// Number i and number i + half, as Hugging Face's models are.
    #[default]
    Halves,
    /// Numbers 2 i and 2 i + 1: the paper's order, "traditional" in MLX.
    Neighbours,
}

/// What a layer computes. Which norms, biases and fused matrices it has follows from its
/// [weights](crate::LayerWeights).
#[derive(Clone, Copy, Debug)]
pub struct LayerSpec {
    /// Its sizes.
    pub shape: LayerShape,
    /// What the gate goes through.
    pub activation: Activation,
    /// What the products of queries and keys are multiplied by.
    pub attention_scale: f32,
    /// Where attention scores are capped: s becomes cap * tanh(s / cap) (Gemma 2).
    pub score_cap: Option<f32>,
    /// How many positions a query attends to, its own included; all before it where there is none.
    pub window: Option<usize>,
    /// How many numbers of each head are rotated, the first ones.
    pub rotary_dims: usize,
    /// Which of them are pairs.
    pub rotary_pairs: RotaryPairs,
}

impl LayerSpec {
    /// Llama's layer in these sizes: SwiGLU, heads rotated whole, the usual scale, no cap and no window.
    pub fn llama(shape: LayerShape) -> LayerSpec {
        LayerSpec {
            shape,
            activation: Activation::Silu,
            attention_scale: 1.0 / (shape.head_dim as f32).sqrt(),
            score_cap: None,
            window: None,
            rotary_dims: shape.head_dim,
            rotary_pairs: RotaryPairs::Halves,
        }
    }

    /// Whether the heads can be grouped, and an even part of each head, not none, is rotated.
    pub fn valid(&self) -> bool {
        let LayerShape { hidden, heads, kv_heads, head_dim, .. } = self.shape;
        let grouped = hidden > 0 && kv_heads > 0 && heads > 0 && heads.is_multiple_of(kv_heads);
        let rotated = self.rotary_dims > 0 && self.rotary_dims.is_multiple_of(2);
        grouped && rotated && self.rotary_dims <= head_dim && self.window != Some(0)
    }
}
