//! What to write: the plan of a file, of each of its tensors, and where a tensor comes from.

use std::path::PathBuf;
use std::sync::Arc;

use crate::dtype::Dtype;
use crate::gguf::Value;
use crate::quant::Rounding;

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
    /// Added to every element in float32, after `grid` and `low_rank`.
    pub add: f32,
    /// Set when the source holds the codes of a matrix that MLX quantized.
    pub affine: Option<Affine>,
    /// What a squared error costs in each column of the matrix, as an importance matrix says it; a tensor of
    /// several matrices, such as experts, has the weights of one after the other. It only counts where values are
    /// quantized.
    pub weights: Option<Arc<[f32]>>,
    /// How values become blocks.
    pub rounding: Rounding,
    /// Rounds the matrix to codes as MLX quantizes it, and decodes them: the weights that QLoRA trained on.
    pub grid: Option<Grid>,
    /// An adapter of the matrix, added after `grid`.
    pub low_rank: Option<LowRank>,
}

impl TensorPlan {
    /// Plans a tensor whose values change in nothing but their type.
    pub fn new(name: impl Into<String>, source: TensorSource, shape: Vec<u64>, dtype: Dtype) -> TensorPlan {
        TensorPlan {
            name: name.into(),
            source,
            shape,
            dtype,
            permute_heads: 0,
            add: 0.0,
            affine: None,
            weights: None,
            rounding: Rounding::Reference,
            grid: None,
            low_rank: None,
        }
    }

    /// Every tensor that the planned one is computed from.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &TensorSource> {
        let affine = self.affine.iter().flat_map(|affine| [&affine.scales, &affine.biases]);
        let low_rank = self.low_rank.iter().flat_map(|low_rank| {
            [&low_rank.left.source, &low_rank.right.source].into_iter().chain(&low_rank.magnitudes)
        });
        std::iter::once(&self.source).chain(affine).chain(low_rank)
    }
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

/// MLX's affine grid, to which float values are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grid {
    /// Bits of a code, from 2 to 8.
    pub bits: u32,
    /// Consecutive elements of a row that share a scale and a bias.
    pub group_size: u64,
}

/// What a LoRA adapter adds to a matrix `[rows, columns]`: `scale * left * right`.
///
/// Sums are in float32. An element of the product is a chain of fused multiply-adds over the rank in ascending
/// order, which begins with 0 and whose factors are `scale * left`, rounded, and `right`; it is then added to
/// the matrix's element.
#[derive(Clone, Debug, PartialEq)]
pub struct LowRank {
    /// `[rows, rank]`: B of a linear layer, A of an embedding.
    pub left: Factor,
    /// `[rank, columns]`: A of a linear layer, B of an embedding.
    pub right: Factor,
    /// The inner width.
    pub rank: u64,
    /// The factor of the product.
    pub scale: f32,
    /// DoRA's magnitudes `[rows]`: each row of the sum is multiplied by its magnitude over its Euclidean norm.
    pub magnitudes: Option<TensorSource>,
}

/// A float matrix in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Factor {
    /// Where it is.
    pub source: TensorSource,
    /// Whether the file has its columns as rows.
    pub transposed: bool,
}

/// A file's format and what it says before its tensors.
#[derive(Clone, Debug)]
pub enum Header {
    /// GGUF v3 with these keys and values, in file order.
    Gguf(Vec<(String, Value)>),
    /// safetensors with these entries of `__metadata__`, in file order. Tensors are of float types.
    Safetensors(Vec<(String, String)>),
}

/// One file to write.
#[derive(Clone, Debug)]
pub struct FilePlan {
    /// Where it goes.
    pub path: PathBuf,
    /// Its format and metadata.
    pub header: Header,
    /// Tensors in file order.
    pub tensors: Vec<TensorPlan>,
}
