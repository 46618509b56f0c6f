//! What LoRA training of a llama model computes on the CPU, in float32: a layer forward and backward,
//! the loss over the vocabulary, the optimizer's step.
//!
//! The matrix products are the crate `gemm`'s; everything between them is done here in as few passes
//! over memory as it takes, into buffers that are kept from step to step.

mod adamw;
mod attention;
mod gemm;
mod head;
mod layer;
mod ops;
mod rows;

pub use adamw::AdamW;
pub use attention::Block;
pub use head::cross_entropy;
pub use layer::{Adapter, Gradients, Layer, Shape, Weights, PROJECTIONS};
