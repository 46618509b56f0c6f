//! Causal attention with grouped keys and values, on rows that hold all heads side by side.

use super::gemm::{plain, product, transposed};
use super::ops;

/// Consecutive rows that attend to themselves and, before that, to the rows of a prefix.
///
/// Several blocks may have one prefix: what follows the same beginning need not compute it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    pub row: usize,
    pub length: usize,
    pub prefix_row: usize,
    pub prefix_length: usize,
}

impl Block {
    /// Keys that its last row sees.
    fn seen(self) -> usize {
        self.prefix_length + self.length
    }

    /// Whether block and prefix lie within that many rows.
    pub fn fits(self, rows: usize) -> bool {
        let within = |row: usize, length: usize| row.checked_add(length).is_some_and(|end| end <= rows);
        self.length > 0
            && within(self.row, self.length)
            && within(self.prefix_row, self.prefix_length)
            && self.prefix_length.checked_add(self.length).is_some()
    }
}

/// The sizes of an attention.
#[derive(Clone, Copy)]
pub struct Heads {
    pub heads: usize,
    pub kv_heads: usize,
    pub width: usize,
    pub scale: f32,
}

/// Queries, keys and values, rotated: [rows, heads or kv_heads, width].
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
}

/// Where one head of one block begins: its queries, its own keys, its prefix's keys.
struct At {
    q: usize,
    own: usize,
    prefix: usize,
}

impl Heads {
    /// Floats of the probabilities: [heads, length, seen] for each block.
    pub fn probabilities(self, blocks: &[Block]) -> usize {
        blocks.iter().map(|b| self.heads * b.length * b.seen()).sum()
    }

    /// Each head of each block, and how many probabilities it has.
    fn each(self, blocks: &[Block]) -> impl Iterator<Item = (Block, At, usize)> + '_ {
        let group = self.heads / self.kv_heads;
        blocks.iter().flat_map(move |&block| {
            (0..self.heads).map(move |head| {
                let keys = |row: usize| (row * self.kv_heads + head / group) * self.width;
                let at = At {
                    q: (block.row * self.heads + head) * self.width,
                    own: keys(block.row),
                    prefix: keys(block.prefix_row),
                };
                (block, at, block.length * block.seen())
            })
        })
    }

    pub fn forward(self, blocks: &[Block], x: Inputs, mut p: &mut [f32], out: &mut [f32]) {
        let width = self.width;
        let (wide, narrow) = (self.heads * width, self.kv_heads * width);
        for (block, at, size) in self.each(blocks) {
            let (n, before, seen) = (block.length, block.prefix_length, block.seen());
            let (scores, rest) = p.split_at_mut(size);
            p = rest;
            let query = plain(&x.q[at.q..], wide);
            let own = transposed(&x.k[at.own..], narrow);
            product([n, n, width], 1.0, query, own, 0.0, &mut scores[before..], seen);
            if before > 0 {
                let key = transposed(&x.k[at.prefix..], narrow);
                product([n, before, width], 1.0, query, key, 0.0, scores, seen);
            }
            ops::causal_softmax(scores, before, seen, self.scale);
            let (own, out) = (plain(&x.v[at.own..], narrow), &mut out[at.q..]);
            product([n, width, n], 1.0, plain(&scores[before..], seen), own, 0.0, out, wide);
            if before > 0 {
                let value = plain(&x.v[at.prefix..], narrow);
                product([n, width, before], 1.0, plain(scores, seen), value, 1.0, out, wide);
            }
        }
    }

    /// Gradients of the inputs, from the output's.
    pub fn backward(
        self,
        blocks: &[Block],
        x: Inputs,
        mut p: &[f32],
        dout: &[f32],
        [dq, dk, dv]: [&mut [f32]; 3],
    ) {
        let width = self.width;
        let (wide, narrow) = (self.heads * width, self.kv_heads * width);
        dk.fill(0.0);
        dv.fill(0.0);
        let mut scratch = Vec::new();
        for (block, at, size) in self.each(blocks) {
            let (n, before, seen) = (block.length, block.prefix_length, block.seen());
            let (shares, rest) = p.split_at(size);
            p = rest;
            scratch.resize(scratch.len().max(size), 0.0);
            let ds = &mut scratch[..size];
            let dout = plain(&dout[at.q..], wide);
            let query = plain(&x.q[at.q..], wide);
            let parts = [(n, before, at.own), (before, 0, at.prefix)];
            for (count, column, keys) in parts.into_iter().filter(|part| part.0 > 0) {
                let value = transposed(&x.v[keys..], narrow);
                product([n, count, width], 1.0, dout, value, 0.0, &mut ds[column..], seen);
                let share = transposed(&shares[column..], seen);
                product([count, width, n], 1.0, share, dout, 1.0, &mut dv[keys..], narrow);
            }
            ops::causal_softmax_backward(shares, ds, seen, self.scale);
            for (i, (count, column, keys)) in parts.into_iter().filter(|part| part.0 > 0).enumerate() {
                let key = plain(&x.k[keys..], narrow);
                let beta = if i == 0 { 0.0 } else { 1.0 };
                product([n, width, count], 1.0, plain(&ds[column..], seen), key, beta, &mut dq[at.q..], wide);
                let own = transposed(&ds[column..], seen);
                product([count, width, n], 1.0, own, query, 1.0, &mut dk[keys..], narrow);
            }
        }
    }
}
