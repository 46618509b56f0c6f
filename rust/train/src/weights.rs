//! What a layer is made of: its sizes, frozen weights, LoRA adapters and the adapters' gradients.

use crate::products::FrozenWeight;

/// One value for each of a llama layer's seven linear projections.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Projections<T> {
    /// Queries.
    pub q: T,
    /// Keys.
    pub k: T,
    /// Values.
    pub v: T,
    /// The attention's output.
    pub o: T,
    /// The gate of the SwiGLU feed-forward network.
    pub gate: T,
    /// What the gate multiplies.
    pub up: T,
    /// Back from the feed-forward network to the hidden size.
    pub down: T,
}

impl Projections<&'static str> {
    /// The projections' names.
    pub const NAMES: Self =
        Projections { q: "q", k: "k", v: "v", o: "o", gate: "gate", up: "up", down: "down" };
}

impl<T> IntoIterator for Projections<T> {
    type Item = T;
    type IntoIter = std::array::IntoIter<T, 7>;

    /// The values in the order of the fields.
    fn into_iter(self) -> Self::IntoIter {
        [self.q, self.k, self.v, self.o, self.gate, self.up, self.down].into_iter()
    }
}

impl<T> Projections<T> {
    /// Applies a function to each projection's value.
    pub fn map<U>(self, mut f: impl FnMut(T) -> U) -> Projections<U> {
        Projections {
            q: f(self.q),
            k: f(self.k),
            v: f(self.v),
            o: f(self.o),
            gate: f(self.gate),
            up: f(self.up),
            down: f(self.down),
        }
    }

    /// Pairs each projection's value with that of `other`.
    pub fn zip<U>(self, other: Projections<U>) -> Projections<(T, U)> {
        Projections {
            q: (self.q, other.q),
            k: (self.k, other.k),
            v: (self.v, other.v),
            o: (self.o, other.o),
            gate: (self.gate, other.gate),
            up: (self.up, other.up),
            down: (self.down, other.down),
        }
    }

    /// References to the values.
    pub fn as_ref(&self) -> Projections<&T> {
        Projections {
            q: &self.q,
            k: &self.k,
            v: &self.v,
            o: &self.o,
            gate: &self.gate,
            up: &self.up,
            down: &self.down,
        }
    }

    /// Mutable references to the values.
    pub fn as_mut(&mut self) -> Projections<&mut T> {
        Projections {
            q: &mut self.q,
            k: &mut self.k,
            v: &mut self.v,
            o: &mut self.o,
            gate: &mut self.gate,
            up: &mut self.up,
            down: &mut self.down,
        }
    }
}

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
    /// Added to the mean square in both norms.
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
        Projections {
            q: shape(hidden, self.q_dim()),
            k: shape(hidden, self.kv_dim()),
            v: shape(hidden, self.kv_dim()),
            o: shape(self.q_dim(), hidden),
            gate: shape(hidden, intermediate),
            up: shape(hidden, intermediate),
            down: shape(intermediate, hidden),
        }
    }
}

/// The frozen weights of a layer.
#[derive(Clone, Copy, Debug)]
pub struct LayerWeights<'a> {
    /// RMS norm before the attention, `[hidden]`.
    pub input_norm: &'a [f32],
    /// RMS norm between the attention and the feed-forward network, `[hidden]`.
    pub post_attention_norm: &'a [f32],
    /// Each projection's matrix, `[outputs, inputs]`.
    pub projections: Projections<FrozenWeight<'a>>,
}

/// LoRA of one projection (Hu et al. 2021, <https://arxiv.org/abs/2106.09685>): it adds
/// `scale * (x a) b` to the projection's output.
#[derive(Clone, Copy, Debug)]
pub struct Adapter<'a> {
    /// The first matrix, `[inputs, rank]`.
    pub a: &'a [f32],
    /// The second matrix, `[rank, outputs]`.
    pub b: &'a [f32],
    /// What the product is multiplied by.
    pub scale: f32,
}

/// The gradients of one adapter.
#[derive(Clone, Debug, PartialEq)]
pub struct AdapterGradient {
    /// Of the first matrix, `[inputs, rank]`.
    pub a: Vec<f32>,
    /// Of the second matrix, `[rank, outputs]`.
    pub b: Vec<f32>,
}

/// The adapters of a layer; `None` where a projection has none.
pub type LayerAdapters<'a> = Projections<Option<Adapter<'a>>>;

/// The gradients of a layer's adapters; `None` where a projection has no adapter.
pub type LayerGradients = Projections<Option<AdapterGradient>>;
