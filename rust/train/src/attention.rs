//! Causal attention with grouped keys and values, on rows that hold all heads side by side.

use rayon::prelude::*;

use crate::kernels;
use crate::matmul::{matmul, plain, transposed};

/// Consecutive rows that attend, causally, to themselves and to all rows of a prefix.
///
/// A block is one example, or the rest of an example after a prefix. Several blocks may name the same
/// prefix, so that a beginning that examples share is computed once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionBlock {
    /// Its first row.
    pub row: usize,
    /// How many rows it has.
    pub len: usize,
    /// The first row of the prefix.
    pub prefix_row: usize,
    /// How many rows the prefix has; zero without one.
    pub prefix_len: usize,
}

impl AttentionBlock {
    /// How many keys the block's last row attends to: the prefix and the block itself.
    pub fn kv_len(self) -> usize {
        self.prefix_len + self.len
    }

    /// Whether the blocks are not empty, follow each other from the first of `rows` rows to the last, and
    /// all prefixes lie within these rows.
    pub fn tile(blocks: &[AttentionBlock], rows: usize) -> bool {
        let within = |row: usize, len: usize| row.checked_add(len).is_some_and(|end| end <= rows);
        let mut next = 0;
        blocks.iter().all(|block| {
            let fits = block.row == next && block.len > 0 && within(block.row, block.len);
            next += if fits { block.len } else { 0 };
            fits && within(block.prefix_row, block.prefix_len)
        }) && next == rows
    }
}

/// The sizes of an attention.
#[derive(Clone, Copy)]
pub(crate) struct Attention {
    pub heads: usize,
    pub kv_heads: usize,
    pub head_dim: usize,
    /// What the products of queries and keys are multiplied by.
    pub scale: f32,
    /// Where scores are capped by tanh.
    pub cap: Option<f32>,
    /// How many positions a query attends to, its own included.
    pub window: usize,
}

/// Rotated queries `[rows, q_dim]` and keys, and values, `[rows, kv_dim]`.
#[derive(Clone, Copy)]
pub(crate) struct Inputs<'a> {
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
}

/// The first column of a head among the queries, and of its keys and values among those.
struct HeadColumns {
    q: usize,
    kv: usize,
}

/// One block's rows of the inputs.
struct BlockInputs<'a> {
    block: AttentionBlock,
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    /// Empty without a prefix.
    prefix_k: &'a [f32],
    prefix_v: &'a [f32],
}

impl Attention {
    /// Floats that the probabilities of all blocks take: `[heads, len, kv_len]` for each block.
    pub fn probabilities_len(self, blocks: &[AttentionBlock]) -> usize {
        blocks.iter().map(|block| self.block_probabilities_len(block)).sum()
    }

    fn block_probabilities_len(self, block: &AttentionBlock) -> usize {
        self.heads * block.len * block.kv_len()
    }

    fn q_dim(self) -> usize {
        self.heads * self.head_dim
    }

    fn kv_dim(self) -> usize {
        self.kv_heads * self.head_dim
    }

    fn head_columns(self) -> impl Iterator<Item = HeadColumns> {
        let group = self.heads / self.kv_heads;
        (0..self.heads)
            .map(move |head| HeadColumns { q: head * self.head_dim, kv: head / group * self.head_dim })
    }

    fn block_inputs<'a>(self, block: AttentionBlock, x: Inputs<'a>) -> BlockInputs<'a> {
        let rows = |data: &'a [f32], row, len, width| &data[row * width..(row + len) * width];
        let own = |data, width| rows(data, block.row, block.len, width);
        let prefix = |data| rows(data, block.prefix_row, block.prefix_len, self.kv_dim());
        BlockInputs {
            block,
            q: own(x.q, self.q_dim()),
            k: own(x.k, self.kv_dim()),
            v: own(x.v, self.kv_dim()),
            prefix_k: prefix(x.k),
            prefix_v: prefix(x.v),
        }
    }

    /// out = softmax(scale * q k') v for each block, `[rows, q_dim]`; `probabilities` receives the softmax.
    ///
    /// The blocks tile the rows. Each is computed by one thread.
    pub fn forward(self, blocks: &[AttentionBlock], x: Inputs, probabilities: &mut [f32], out: &mut [f32]) {
        let probabilities =
            split(probabilities, blocks.iter().map(|block| self.block_probabilities_len(block)));
        let out = split(out, blocks.iter().map(|block| block.len * self.q_dim()));
        let blocks = blocks.par_iter().zip(probabilities).zip(out);
        blocks.for_each(|((&block, probabilities), out)| {
            self.block_forward(&self.block_inputs(block, x), probabilities, out);
        });
    }

    /// Fills the scores `[len, kv_len]` of one head's queries and keys and caps them. Returns what they still
    /// have to be multiplied by.
    fn scores(self, x: &BlockInputs, columns: &HeadColumns, scores: &mut [f32]) -> f32 {
        let (q_dim, kv_dim, head_dim) = (self.q_dim(), self.kv_dim(), self.head_dim);
        let (len, prefix_len, kv_len) = (x.block.len, x.block.prefix_len, x.block.kv_len());
        let q = plain(&x.q[columns.q..], q_dim);
        let k = transposed(&x.k[columns.kv..], kv_dim);
        matmul([len, len, head_dim], 1.0, q, k, 0.0, &mut scores[prefix_len..], kv_len);
        if prefix_len > 0 {
            let k = transposed(&x.prefix_k[columns.kv..], kv_dim);
            matmul([len, prefix_len, head_dim], 1.0, q, k, 0.0, scores, kv_len);
        }
        let Some(cap) = self.cap else { return self.scale };
        kernels::soft_cap(scores, self.scale, cap);
        1.0
    }

    fn block_forward(self, x: &BlockInputs, probabilities: &mut [f32], out: &mut [f32]) {
        let (q_dim, kv_dim, head_dim) = (self.q_dim(), self.kv_dim(), self.head_dim);
        let (len, prefix_len, kv_len) = (x.block.len, x.block.prefix_len, x.block.kv_len());
        for (columns, scores) in self.head_columns().zip(probabilities.chunks_exact_mut(len * kv_len)) {
            let scale = self.scores(x, &columns, scores);
            kernels::causal_softmax(scores, prefix_len, kv_len, self.window, scale);
            let (v, out) = (plain(&x.v[columns.kv..], kv_dim), &mut out[columns.q..]);
            matmul([len, head_dim, len], 1.0, plain(&scores[prefix_len..], kv_len), v, 0.0, out, q_dim);
            if prefix_len > 0 {
                let v = plain(&x.prefix_v[columns.kv..], kv_dim);
                matmul([len, head_dim, prefix_len], 1.0, plain(scores, kv_len), v, 1.0, out, q_dim);
            }
        }
    }

    /// Computes the gradients `[dq, dk, dv]` of the inputs from the output's gradient `dout`, with the
    /// probabilities of `forward`.
    pub fn backward(
        self,
        blocks: &[AttentionBlock],
        x: Inputs,
        probabilities: &[f32],
        dout: &[f32],
        [dq, dk, dv]: [&mut [f32]; 3],
    ) {
        let (q_dim, kv_dim) = (self.q_dim(), self.kv_dim());
        let row_lens = |width: usize| blocks.iter().map(move |block| block.len * width);
        let mut rest = probabilities;
        let mut next = |block| rest.split_off(..self.block_probabilities_len(block)).expect("long enough");
        let probabilities: Vec<&[f32]> = blocks.iter().map(&mut next).collect();
        let parts = (split(dq, row_lens(q_dim)), split(dk, row_lens(kv_dim)), split(dv, row_lens(kv_dim)));
        // The gradients of the prefixes are added at the end, since several blocks may share one.
        let of_prefixes: Vec<[Vec<f32>; 2]> = (blocks, probabilities, parts.0, parts.1, parts.2)
            .into_par_iter()
            .map(|(&block, probabilities, dq, dk, dv)| {
                let dout = &dout[block.row * q_dim..(block.row + block.len) * q_dim];
                self.block_backward(&self.block_inputs(block, x), probabilities, dout, [dq, dk, dv])
            })
            .collect();
        for (block, [prefix_dk, prefix_dv]) in blocks.iter().zip(of_prefixes) {
            let start = block.prefix_row * kv_dim;
            for (gradient, more) in [(&mut *dk, prefix_dk), (&mut *dv, prefix_dv)] {
                gradient[start..].iter_mut().zip(more).for_each(|(gradient, more)| *gradient += more);
            }
        }
    }

    /// Fills the gradients of a block's own rows and returns those of its prefix's keys and values.
    fn block_backward(
        self,
        x: &BlockInputs,
        probabilities: &[f32],
        dout: &[f32],
        [dq, dk, dv]: [&mut [f32]; 3],
    ) -> [Vec<f32>; 2] {
        let (q_dim, kv_dim, head_dim) = (self.q_dim(), self.kv_dim(), self.head_dim);
        let (len, prefix_len, kv_len) = (x.block.len, x.block.prefix_len, x.block.kv_len());
        let [mut prefix_dk, mut prefix_dv] = [(); 2].map(|()| vec![0.0; prefix_len * kv_dim]);
        dk.fill(0.0);
        dv.fill(0.0);
        // The gradient of the probabilities, then of the scores, of one head: [len, kv_len].
        let mut dscores = vec![0.0; len * kv_len];
        let mut capped = vec![0.0; if self.cap.is_some() { len * kv_len } else { 0 }];
        for (columns, probabilities) in self.head_columns().zip(probabilities.chunks_exact(len * kv_len)) {
            let dout = plain(&dout[columns.q..], q_dim);
            let q = plain(&x.q[columns.q..], q_dim);
            // `keys` of them, which begin at `column` of the scores.
            let mut through_values = |v: &[f32], dv: &mut [f32], keys: usize, column: usize| {
                let v = transposed(&v[columns.kv..], kv_dim);
                matmul([len, keys, head_dim], 1.0, dout, v, 0.0, &mut dscores[column..], kv_len);
                let p = transposed(&probabilities[column..], kv_len);
                matmul([keys, head_dim, len], 1.0, p, dout, 1.0, &mut dv[columns.kv..], kv_dim);
            };
            through_values(x.v, dv, len, prefix_len);
            if prefix_len > 0 {
                through_values(x.prefix_v, &mut prefix_dv, prefix_len, 0);
            }
            match self.cap {
                None => kernels::causal_softmax_backward(probabilities, &mut dscores, kv_len, self.scale),
                Some(cap) => {
                    kernels::causal_softmax_backward(probabilities, &mut dscores, kv_len, 1.0);
                    // Computed again: cheaper than keeping a second array as large as the probabilities.
                    self.scores(x, &columns, &mut capped);
                    kernels::soft_cap_backward(&capped, &mut dscores, self.scale, cap);
                }
            }
            let mut through_keys = |k: &[f32], dk: &mut [f32], keys: usize, column: usize, beta: f32| {
                let k = plain(&k[columns.kv..], kv_dim);
                let ds = plain(&dscores[column..], kv_len);
                matmul([len, head_dim, keys], 1.0, ds, k, beta, &mut dq[columns.q..], q_dim);
                let ds = transposed(&dscores[column..], kv_len);
                matmul([keys, head_dim, len], 1.0, ds, q, 1.0, &mut dk[columns.kv..], kv_dim);
            };
            through_keys(x.k, dk, len, prefix_len, 0.0);
            if prefix_len > 0 {
                through_keys(x.prefix_k, &mut prefix_dk, prefix_len, 0, 1.0);
            }
        }
        [prefix_dk, prefix_dv]
    }
}

/// Splits a slice into consecutive parts of these lengths.
fn split(mut data: &mut [f32], lens: impl Iterator<Item = usize>) -> Vec<&mut [f32]> {
    lens.map(|len| data.split_off_mut(..len).expect("the parts lie within the slice")).collect()
}
