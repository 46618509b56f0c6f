//! Causal attention with grouped keys and values, on rows that hold all heads side by side.

use rayon::prelude::*;

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

    /// Whether blocks follow each other from the first row to the last, and prefixes lie within the rows.
    pub fn tile(blocks: &[Block], rows: usize) -> bool {
        let within = |row: usize, length: usize| row.checked_add(length).is_some_and(|end| end <= rows);
        let mut next = 0;
        blocks.iter().all(|block| {
            let fits = block.row == next && block.length > 0 && within(block.row, block.length);
            next += if fits { block.length } else { 0 };
            fits && within(block.prefix_row, block.prefix_length)
        }) && next == rows
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

/// Where one head of a block begins, in that block's own rows and in its prefix's.
struct At {
    q: usize,
    kv: usize,
}

/// One block's part of everything that is laid out by rows.
struct Part<'a> {
    block: Block,
    q: &'a [f32],
    k: &'a [f32],
    v: &'a [f32],
    /// Empty without a prefix.
    prefix_k: &'a [f32],
    prefix_v: &'a [f32],
}

impl Heads {
    /// Floats of the probabilities: [heads, length, seen] for each block.
    pub fn probabilities(self, blocks: &[Block]) -> usize {
        blocks.iter().map(|b| self.share(b)).sum()
    }

    /// Floats of a block's probabilities.
    fn share(self, block: &Block) -> usize {
        self.heads * block.length * block.seen()
    }

    fn wide(self) -> usize {
        self.heads * self.width
    }

    fn narrow(self) -> usize {
        self.kv_heads * self.width
    }

    fn each(self) -> impl Iterator<Item = At> {
        let group = self.heads / self.kv_heads;
        (0..self.heads).map(move |head| At { q: head * self.width, kv: head / group * self.width })
    }

    fn part<'a>(self, block: Block, x: Inputs<'a>) -> Part<'a> {
        let rows = |data: &'a [f32], row, length, width| &data[row * width..(row + length) * width];
        let own = |data, width| rows(data, block.row, block.length, width);
        let prefix = |data| rows(data, block.prefix_row, block.prefix_length, self.narrow());
        Part {
            block,
            q: own(x.q, self.wide()),
            k: own(x.k, self.narrow()),
            v: own(x.v, self.narrow()),
            prefix_k: prefix(x.k),
            prefix_v: prefix(x.v),
        }
    }

    /// out = softmax(q k' scale) v for each block; `p` gets the probabilities. Blocks lie one after the
    /// other and cover all rows; threads take whole blocks.
    pub fn forward(self, blocks: &[Block], x: Inputs, p: &mut [f32], out: &mut [f32]) {
        let p = cut(p, blocks.iter().map(|block| self.share(block)));
        let out = cut(out, blocks.iter().map(|block| block.length * self.wide()));
        let blocks = blocks.par_iter().zip(p).zip(out);
        blocks.for_each(|((&block, p), out)| self.part_forward(&self.part(block, x), p, out));
    }

    fn part_forward(self, x: &Part, p: &mut [f32], out: &mut [f32]) {
        let (wide, narrow, width) = (self.wide(), self.narrow(), self.width);
        let (n, before, seen) = (x.block.length, x.block.prefix_length, x.block.seen());
        for (at, scores) in self.each().zip(p.chunks_exact_mut(n * seen)) {
            let query = plain(&x.q[at.q..], wide);
            let own = transposed(&x.k[at.kv..], narrow);
            product([n, n, width], 1.0, query, own, 0.0, &mut scores[before..], seen);
            if before > 0 {
                let key = transposed(&x.prefix_k[at.kv..], narrow);
                product([n, before, width], 1.0, query, key, 0.0, scores, seen);
            }
            ops::causal_softmax(scores, before, seen, self.scale);
            let (own, out) = (plain(&x.v[at.kv..], narrow), &mut out[at.q..]);
            product([n, width, n], 1.0, plain(&scores[before..], seen), own, 0.0, out, wide);
            if before > 0 {
                let value = plain(&x.prefix_v[at.kv..], narrow);
                product([n, width, before], 1.0, plain(scores, seen), value, 1.0, out, wide);
            }
        }
    }

    /// Gradients of the inputs, from the output's.
    pub fn backward(
        self,
        blocks: &[Block],
        x: Inputs,
        p: &[f32],
        dout: &[f32],
        [dq, dk, dv]: [&mut [f32]; 3],
    ) {
        let narrow = self.narrow();
        let rows = |width: usize| blocks.iter().map(move |block| block.length * width);
        let mut shares = p;
        let p: Vec<&[f32]> =
            blocks.iter().map(|block| shares.split_off(..self.share(block)).expect("sized")).collect();
        let parts = (cut(dq, rows(self.wide())), cut(dk, rows(narrow)), cut(dv, rows(narrow)));
        // What a block adds to its prefix waits: several blocks may share one.
        let shared: Vec<[Vec<f32>; 2]> = (blocks, p, parts.0, parts.1, parts.2)
            .into_par_iter()
            .map(|(&block, p, dq, dk, dv)| {
                let own = block.row * self.wide()..(block.row + block.length) * self.wide();
                self.part_backward(&self.part(block, x), p, &dout[own], [dq, dk, dv])
            })
            .collect();
        for (block, [prefix_k, prefix_v]) in blocks.iter().zip(shared) {
            let at = block.prefix_row * narrow;
            for (d, more) in [(&mut *dk, prefix_k), (&mut *dv, prefix_v)] {
                d[at..].iter_mut().zip(more).for_each(|(d, more)| *d += more);
            }
        }
    }

    /// Fills a block's gradients; gives those of its prefix's keys and values.
    fn part_backward(
        self,
        x: &Part,
        p: &[f32],
        dout: &[f32],
        [dq, dk, dv]: [&mut [f32]; 3],
    ) -> [Vec<f32>; 2] {
        let (wide, narrow, width) = (self.wide(), self.narrow(), self.width);
        let (n, before, seen) = (x.block.length, x.block.prefix_length, x.block.seen());
        let [mut prefix_dk, mut prefix_dv] = [(); 2].map(|()| vec![0.0; before * narrow]);
        dk.fill(0.0);
        dv.fill(0.0);
        let mut ds = vec![0.0; n * seen];
        for (at, shares) in self.each().zip(p.chunks_exact(n * seen)) {
            let dout = plain(&dout[at.q..], wide);
            let query = plain(&x.q[at.q..], wide);
            let mut values = |value: &[f32], dv: &mut [f32], count: usize, column: usize| {
                let value = transposed(&value[at.kv..], narrow);
                product([n, count, width], 1.0, dout, value, 0.0, &mut ds[column..], seen);
                let share = transposed(&shares[column..], seen);
                product([count, width, n], 1.0, share, dout, 1.0, &mut dv[at.kv..], narrow);
            };
            values(x.v, dv, n, before);
            if before > 0 {
                values(x.prefix_v, &mut prefix_dv, before, 0);
            }
            ops::causal_softmax_backward(shares, &mut ds, seen, self.scale);
            let mut keys = |key: &[f32], dk: &mut [f32], count: usize, column: usize, beta: f32| {
                let key = plain(&key[at.kv..], narrow);
                product([n, width, count], 1.0, plain(&ds[column..], seen), key, beta, &mut dq[at.q..], wide);
                let own = transposed(&ds[column..], seen);
                product([count, width, n], 1.0, own, query, 1.0, &mut dk[at.kv..], narrow);
            };
            keys(x.k, dk, n, before, 0.0);
            if before > 0 {
                keys(x.prefix_k, &mut prefix_dk, before, 0, 1.0);
            }
        }
        [prefix_dk, prefix_dv]
    }
}

/// Cuts a slice into pieces of these lengths.
fn cut(mut data: &mut [f32], lengths: impl Iterator<Item = usize>) -> Vec<&mut [f32]> {
    lengths.map(|length| data.split_off_mut(..length).expect("pieces lie within the slice")).collect()
}
