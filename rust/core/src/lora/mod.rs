//! A llama layer with LoRA, forward and backward in float32, for training on the CPU.
//!
//! The matrix products are the crate `gemm`'s; everything between them is done here in as few passes
//! over memory as it takes, into buffers that are kept from step to step.

mod attention;
mod gemm;
mod layer;
mod ops;

pub use attention::Block;
pub use layer::{Adapter, Gradients, Layer, Shape, Weights, PROJECTIONS};
