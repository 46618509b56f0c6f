//! LoRA training of a llama model on the CPU: one transformer layer forward and backward, the
//! loss over the vocabulary, and the optimizer's step.
//!
//! The products with frozen weights are computed by kernels of our own where the weights are in 16, 8 or 4 bits;
//! those in float32 are the crate `gemm`'s. Everything between them is computed here in as few passes over memory
//! as possible, into buffers that are reused from step to step.
//!
//! All matrices are row-major slices of `f32`. A shape such as `[rows, hidden]` names the outermost
//! dimension first. Results do not depend on the number of threads.
//!
//! ```
//! use t2sql_train::{AttentionBlock, FrozenWeight, Layer, LayerAdapters, LayerShape, LayerWeights, Projections, Rotary};
//!
//! let shape = LayerShape { hidden: 4, heads: 2, kv_heads: 1, head_dim: 2, intermediate_size: 8, eps: 1e-5 };
//! let projections = shape.projections().map(|size| vec![0.1; size.inputs * size.outputs]);
//! let norm = [1.0; 4];
//! let weights = LayerWeights {
//!     input_norm: &norm,
//!     post_attention_norm: &norm,
//!     projections: projections.as_ref().map(|weight| FrozenWeight::from(weight.as_slice())),
//! };
//! let adapters = LayerAdapters::default(); // none
//! // One example of three tokens. Cosines of 1 and sines of 0: no rotation.
//! let blocks = [AttentionBlock { row: 0, len: 3, prefix_row: 0, prefix_len: 0 }];
//! let rotary = Rotary { cos: &[1.0; 3], sin: &[0.0; 3] };
//!
//! let (x, mut out) = ([0.5; 12], [0.0; 12]);
//! let mut layer = Layer::new(shape);
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
mod kernels;
mod layer;
mod linear;
mod matmul;
mod parallel;
mod products;
mod weights;

pub use adamw::AdamW;
pub use attention::AttentionBlock;
pub use cross_entropy::cross_entropy;
pub use layer::{Layer, Rotary};
pub use products::{product, Affine, Direction, Floats, FrozenWeight, Kernels, Product, Stored};
pub use weights::{
    Adapter, AdapterGradient, LayerAdapters, LayerGradients, LayerShape, LayerWeights, ProjectionShape,
    Projections,
};
