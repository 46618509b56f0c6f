//! What to write: the plan of a file, of each of its tensors, and where a tensor comes from.

use std::path::PathBuf;
use std::sync::Arc;

use crate::dtype::Dtype;
use crate::gguf::Value;

/// A tensor in a safetensors or GGUF file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TensorSource {
    /// The file.
    pub path: PathBuf,
    /// The tensor's name in that file.
    pub name: String,
}

/// One tensor of the file to write.
#[derive(Clone, Debug)]
pub struct TensorPlan {
    /// Its name in the GGUF.
    pub name: String,
    /// Where its values come from.
    pub source: TensorSource,
    /// The shape that the source must have, row-major. With `affine` it is the shape of the decoded matrix.
    pub shape: Vec<u64>,
    /// The type to write: any [`crate::Encoding`], or the source's own type.
    pub dtype: Dtype,
    /// Reorders the rows of llama's q and k from Hugging Face's rotary layout to GGUF's: for this number of
    /// heads, rows go from (heads, 2, half) to (heads, half, 2). 0 keeps the order.
    pub permute_heads: u64,
    /// Added to every element in float32, before anything else.
    pub add: f32,
    /// Set when the source holds the codes of a matrix that MLX quantized.
    pub affine: Option<Affine>,
    /// What a squared error costs in each column of the matrix, as an importance matrix says it; a tensor of
    /// several matrices, such as experts, has the weights of one after the other. It only counts where values are
    /// quantized.
    pub weights: Option<Arc<[f32]>>,
}

/// How MLX packed a quantized matrix, and where its scales and biases are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Affine {
    /// Bits of a code: 2, 3, 4, 5, 6 or 8.
    pub bits: u32,
    /// Consecutive elements of a row that share a scale and a bias.
    pub group_size: u64,
    /// The scales, a float tensor `[rows, columns / group_size]`.
    pub scales: TensorSource,
    /// The biases, of the same shape.
    pub biases: TensorSource,
}

/// One file to write: a GGUF v3.
#[derive(Clone, Debug)]
pub struct FilePlan {
    /// Where it goes.
    pub path: PathBuf,
    /// Metadata as keys and values, in file order.
    pub metadata: Vec<(String, Value)>,
    /// Tensors in file order.
    pub tensors: Vec<TensorPlan>,
}
