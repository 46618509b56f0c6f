//! LoRA training of decoder models on the CPU: one transformer layer forward and backward, the loss over the
//! vocabulary, and the optimizer's step.
//!
//! A layer is what its [`LayerSpec`] and [`LayerWeights`] say: llama's, or with the biases, norms, fused
//! matrices, windows and caps of other families.
//!
//! The products with frozen weights are computed by kernels of our own; those in float32 by the crate `gemm` where
//! it is faster. Everything between them is computed here in as few passes
//! over memory as possible, into buffers that are reused from step to step.
//!
//! All matrices are row-major slices of `f32`. A shape such as `[rows, hidden]` names the outermost
//! dimension first. Results do not depend on the number of threads.
//!
//! ```
//! use t2sql_train::{
//!     AttentionBlock, FrozenWeight, Layer, LayerAdapters, LayerShape, LayerSpec, LayerWeights, Norms,
//!     Projections, Rotary,
//! };
//!
//! let shape = LayerShape { hidden: 4, heads: 2, kv_heads: 1, head_dim: 2, intermediate_size: 8, eps: 1e-5 };
//! let projections = shape.projections().map(|size| vec![0.1; size.inputs * size.outputs]);
//! let separate = projections.as_ref().map(|matrix| Some(FrozenWeight::from(matrix.as_slice())));
//! let norm = [1.0; 4];
//! let weights = LayerWeights {
//!     norms: Norms { input: &norm, feed_forward: &norm, ..Norms::default() },
//!     projections: Projections { qkv: None, gate_up: None, ..separate },
//!     biases: Projections::default(), // none
//! };
//! let adapters = LayerAdapters::default(); // none
//! // One example of three tokens. Cosines of 1 and sines of 0: no rotation.
//! let blocks = [AttentionBlock { row: 0, len: 3, prefix_row: 0, prefix_len: 0 }];
//! let rotary = Rotary { cos: &[1.0; 3], sin: &[0.0; 3] };
//!
//! let (x, mut out) = ([0.5; 12], [0.0; 12]);
//! let mut layer = Layer::new(LayerSpec::llama(shape));
//! layer.forward(&blocks, &x, &weights, &adapters, rotary, &mut out);
//!
//! let mut dx = [0.0; 12];
//! let gradients = layer.backward(&weights, &adapters, rotary, &[1.0; 12], &mut dx);
//! assert!(gradients.q.is_none(), "without an adapter there is nothing to train");
//! ```

#![deny(missing_docs)]

mod adamw;
mod attention;
mod cross_entropy;
mod dropout;
mod feed_forward;
mod kernels;
mod layer;
mod linear;
mod matmul;
mod norm;
mod parallel;
mod products;
mod projected;
mod projections;
mod self_attention;
mod spec;
mod weights;

pub use adamw::{norm, AdamW};
pub use attention::AttentionBlock;
pub use cross_entropy::cross_entropy;
pub use dropout::Dropout;
pub use layer::{Layer, Rotary};
pub use products::{
    fastest_bf16, product, speeds, Affine, Direction, Floats, FrozenWeight, Kernels, Product, Speed, Stored,
};
pub use projections::Projections;
pub use spec::{Activation, LayerShape, LayerSpec, ProjectionShape, RotaryPairs};
pub use weights::{Adapter, AdapterGradient, LayerAdapters, LayerGradients, LayerWeights, Norms};
