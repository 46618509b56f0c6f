//! Causal attention with grouped keys and values, on rows that hold all heads side by side.

use super::gemm::{plain, transposed, Gemm};
use super::ops;

/// The sizes of one attention: `length` rows for each of `batch` examples.
#[derive(Clone, Copy)]
pub struct Heads {
    pub batch: usize,
    pub length: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub width: usize,
    pub scale: f32,
}

/// Queries, keys and values, rotated: [batch * length, heads or kv_heads, width].
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    pub q: &'a [f32],
    pub k: &'a [f32],
    pub v: &'a [f32],
}

impl Heads {
    /// Floats of the probabilities [batch, heads, length, length].
    pub fn probabilities(self) -> usize {
        self.batch * self.heads * self.length * self.length
    }

    /// For each example and head: its number, where its queries begin, and where its keys do.
    fn each(self) -> impl Iterator<Item = (usize, usize, usize)> {
        let group = self.heads / self.kv_heads;
        (0..self.batch * self.heads).map(move |i| {
            let (example, head) = (i / self.heads, i % self.heads);
            let row = example * self.length;
            (i, (row * self.heads + head) * self.width, (row * self.kv_heads + head / group) * self.width)
        })
    }

    pub fn forward(self, gemm: Gemm, x: Inputs, p: &mut [f32], out: &mut [f32]) {
        let Heads { length, width, .. } = self;
        let (wide, narrow) = (self.heads * width, self.kv_heads * width);
        for ((_, q, kv), p) in self.each().zip(p.chunks_exact_mut(length * length)) {
            let (query, key) = (plain(&x.q[q..], wide), transposed(&x.k[kv..], narrow));
            gemm.run([length, length, width], 1.0, query, key, 0.0, p, length);
            ops::causal_softmax(p, length, self.scale);
            let value = plain(&x.v[kv..], narrow);
            gemm.run([length, width, length], 1.0, plain(p, length), value, 0.0, &mut out[q..], wide);
        }
    }

    /// Gradients of the inputs, from the output's; `scratch` is one head's [length, length].
    #[allow(clippy::too_many_arguments)]
    pub fn backward(
        self,
        gemm: Gemm,
        x: Inputs,
        p: &[f32],
        dout: &[f32],
        scratch: &mut [f32],
        [dq, dk, dv]: [&mut [f32]; 3],
    ) {
        let Heads { length, width, .. } = self;
        let (wide, narrow) = (self.heads * width, self.kv_heads * width);
        dk.fill(0.0);
        dv.fill(0.0);
        for ((_, q, kv), p) in self.each().zip(p.chunks_exact(length * length)) {
            let (dout, value) = (plain(&dout[q..], wide), transposed(&x.v[kv..], narrow));
            gemm.run([length, length, width], 1.0, dout, value, 0.0, scratch, length);
            let after = &mut dv[kv..];
            gemm.run([length, width, length], 1.0, transposed(p, length), dout, 1.0, after, narrow);
            ops::causal_softmax_backward(p, scratch, length, self.scale);
            let (key, query) = (plain(&x.k[kv..], narrow), plain(&x.q[q..], wide));
            gemm.run([length, width, length], 1.0, plain(scratch, length), key, 0.0, &mut dq[q..], wide);
            let after = &mut dk[kv..];
            gemm.run([length, width, length], 1.0, transposed(scratch, length), query, 1.0, after, narrow);
        }
    }
}
