//! The numbers of a layer: frozen weights, LoRA adapters and the adapters' gradients.

use crate::dropout::Dropout;
use crate::products::FrozenWeight;
use crate::projections::Projections;

/// The factors of a layer's RMS norms. Families that store a factor less one (Gemma) have it added here.
#[derive(Clone, Copy, Debug, Default)]
pub struct Norms<T> {
    /// Before the attention, `[hidden]`.
    pub input: T,
    /// On each head of the queries, `[head_dim]`.
    pub q: Option<T>,
    /// On each head of the keys, `[head_dim]`.
    pub k: Option<T>,
    /// On the attention's output before it is added to the hidden state, `[hidden]`.
    pub attention_output: Option<T>,
    /// Before the feed-forward network, `[hidden]`.
    pub feed_forward: T,
    /// On the network's output before it is added to the hidden state, `[hidden]`.
    pub feed_forward_output: Option<T>,
}

impl<T> Norms<T> {
    /// Applies a function to each norm.
    pub fn map<'a, U>(&'a self, f: impl Fn(&'a T) -> U) -> Norms<U> {
        Norms {
            input: f(&self.input),
            q: self.q.as_ref().map(&f),
            k: self.k.as_ref().map(&f),
            attention_output: self.attention_output.as_ref().map(&f),
            feed_forward: f(&self.feed_forward),
            feed_forward_output: self.feed_forward_output.as_ref().map(&f),
        }
    }
}

/// The frozen weights of a layer.
#[derive(Clone, Copy, Debug)]
pub struct LayerWeights<'a> {
    /// The factors of the norms.
    pub norms: Norms<&'a [f32]>,
    /// Each projection's matrix, `[outputs, inputs]`; `None` for those that the layer does not have.
    pub projections: Projections<Option<FrozenWeight<'a>>>,
    /// Each projection's bias, `[outputs]`, where it has one.
    pub biases: Projections<Option<&'a [f32]>>,
}

/// LoRA of one projection (Hu et al. 2021, <https://arxiv.org/abs/2106.09685>): it adds
/// `scale * (dropout(x) a) b` to the projection's output.
#[derive(Clone, Copy, Debug)]
pub struct Adapter<'a> {
    /// The first matrix, `[inputs, rank]`.
    pub a: &'a [f32],
    /// The second matrix, `[rank, outputs]`.
    pub b: &'a [f32],
    /// What the product is multiplied by.
    pub scale: f32,
    /// Dropout of x, where there is one.
    pub dropout: Option<Dropout>,
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
