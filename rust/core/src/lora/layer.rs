//! One llama layer: attention and SwiGLU with their norms, seven projections that may carry LoRA.

use super::attention::{Block, Heads, Inputs};
use super::gemm::{plain, product, transposed};
use super::rows as by_row;

/// The order in which projections are given everywhere here.
pub const PROJECTIONS: [&str; 7] = ["q", "k", "v", "o", "gate", "up", "down"];

/// What does not change between calls.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub hidden: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_width: usize,
    pub ffn: usize,
    pub eps: f32,
}

impl Shape {
    /// (inputs, outputs) of each projection.
    pub fn sizes(&self) -> [(usize, usize); 7] {
        let (d, q, kv, f) =
            (self.hidden, self.heads * self.head_width, self.kv_heads * self.head_width, self.ffn);
        [(d, q), (d, kv), (d, kv), (q, d), (d, f), (d, f), (f, d)]
    }
}

/// The frozen weights: norms [hidden], projections [outputs, inputs].
#[derive(Clone, Copy)]
pub struct Weights<'a> {
    pub input_norm: &'a [f32],
    pub post_norm: &'a [f32],
    pub projections: [&'a [f32]; 7],
}

/// LoRA of one projection: scale * (x a) b, with a [inputs, rank] and b [rank, outputs].
#[derive(Clone, Copy)]
pub struct Adapter<'a> {
    pub a: &'a [f32],
    pub b: &'a [f32],
    pub scale: f32,
}

/// The adapters' gradients, where there are adapters: (of a, of b).
pub type Gradients = [Option<(Vec<f32>, Vec<f32>)>; 7];

type Adapters<'a> = [Option<Adapter<'a>>; 7];

/// A layer's activations from `forward`, for the `backward` that follows.
pub struct Layer {
    shape: Shape,
    rows: usize,
    blocks: Vec<Block>,
    x: Vec<f32>,
    x2: Vec<f32>,
    h: Vec<f32>,
    h2: Vec<f32>,
    inverse: Vec<f32>,
    inverse2: Vec<f32>,
    q: Vec<f32>,
    k: Vec<f32>,
    v: Vec<f32>,
    p: Vec<f32>,
    attended: Vec<f32>,
    gate: Vec<f32>,
    up: Vec<f32>,
    activated: Vec<f32>,
    low: [Vec<f32>; 7],
}

/// Makes a buffer this long; what it held does not matter.
fn sized(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        *buffer = vec![0.0; len];
    }
    &mut buffer[..len]
}

/// One projection with its sizes, weight and adapter.
#[derive(Clone, Copy)]
struct Linear<'a> {
    rows: usize,
    inputs: usize,
    outputs: usize,
    weight: &'a [f32],
    adapter: Option<Adapter<'a>>,
}

impl Linear<'_> {
    fn rank(&self, adapter: &Adapter) -> usize {
        adapter.a.len() / self.inputs
    }

    /// out = beta out + x W' + scale (x A) B; `low` keeps x A.
    fn forward(&self, x: &[f32], low: &mut Vec<f32>, beta: f32, out: &mut [f32]) {
        let (n, i, o) = (self.rows, self.inputs, self.outputs);
        product([n, o, i], 1.0, plain(x, i), transposed(self.weight, i), beta, out, o);
        if let Some(adapter) = &self.adapter {
            let rank = self.rank(adapter);
            let low = sized(low, n * rank);
            product([n, rank, i], 1.0, plain(x, i), plain(adapter.a, rank), 0.0, low, rank);
            product([n, o, rank], adapter.scale, plain(low, rank), plain(adapter.b, o), 1.0, out, o);
        }
    }

    /// dx = beta dx + the gradient of x; the gradients of A and B.
    fn backward(
        &self,
        x: &[f32],
        low: &[f32],
        dy: &[f32],
        beta: f32,
        dx: &mut [f32],
    ) -> Option<(Vec<f32>, Vec<f32>)> {
        let (n, i, o) = (self.rows, self.inputs, self.outputs);
        product([n, i, o], 1.0, plain(dy, o), plain(self.weight, i), beta, dx, i);
        let adapter = self.adapter.as_ref()?;
        let rank = self.rank(adapter);
        let (mut da, mut db) = (vec![0.0; adapter.a.len()], vec![0.0; adapter.b.len()]);
        let mut dlow = vec![0.0; n * rank];
        product([n, rank, o], adapter.scale, plain(dy, o), transposed(adapter.b, o), 0.0, &mut dlow, rank);
        product([rank, o, n], adapter.scale, transposed(low, rank), plain(dy, o), 0.0, &mut db, o);
        product([i, rank, n], 1.0, transposed(x, i), plain(&dlow, rank), 0.0, &mut da, rank);
        product([n, i, rank], 1.0, plain(&dlow, rank), transposed(adapter.a, rank), 1.0, dx, i);
        Some((da, db))
    }
}

impl Layer {
    pub fn new(shape: Shape) -> Layer {
        let empty = Vec::new;
        Layer {
            shape,
            rows: 0,
            blocks: Vec::new(),
            x: empty(),
            x2: empty(),
            h: empty(),
            h2: empty(),
            inverse: empty(),
            inverse2: empty(),
            q: empty(),
            k: empty(),
            v: empty(),
            p: empty(),
            attended: empty(),
            gate: empty(),
            up: empty(),
            activated: empty(),
            low: std::array::from_fn(|_| empty()),
        }
    }

    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Rows of the last `forward`; zero before the first.
    pub fn rows(&self) -> usize {
        self.rows
    }

    fn linear<'a>(&self, at: usize, weights: &Weights<'a>, adapters: &Adapters<'a>) -> Linear<'a> {
        let (inputs, outputs) = self.shape.sizes()[at];
        Linear { rows: self.rows, inputs, outputs, weight: weights.projections[at], adapter: adapters[at] }
    }

    fn heads(&self) -> Heads {
        Heads {
            heads: self.shape.heads,
            kv_heads: self.shape.kv_heads,
            width: self.shape.head_width,
            scale: 1.0 / (self.shape.head_width as f32).sqrt(),
        }
    }

    /// out = the layer's output for x, both [rows, hidden]. `cos` and `sin` are [rows, half a head].
    ///
    /// # Panics
    /// When a slice does not have the size that the shape says, or the blocks do not tile the rows.
    #[allow(clippy::too_many_arguments)]
    pub fn forward(
        &mut self,
        blocks: &[Block],
        x: &[f32],
        weights: &Weights,
        adapters: &Adapters,
        [cos, sin]: [&[f32]; 2],
        out: &mut [f32],
    ) {
        let Shape { hidden, heads, kv_heads, head_width, ffn, eps, .. } = self.shape;
        let rows = x.len() / hidden;
        self.rows = rows;
        self.blocks.clear();
        self.blocks.extend_from_slice(blocks);
        assert_eq!(x.len(), rows * hidden, "x is [rows, hidden]");
        assert!(Block::tile(blocks, rows), "blocks cover the rows in order, prefixes lie within them");
        assert_eq!(out.len(), x.len(), "the output is as large as x");
        let half = head_width / 2;
        assert!(cos.len() == rows * half && sin.len() == cos.len(), "a turn for every row");
        let attention = self.heads();
        let linear: [Linear; 7] = std::array::from_fn(|i| self.linear(i, weights, adapters));

        sized(&mut self.x, x.len()).copy_from_slice(x);
        let h = sized(&mut self.h, x.len());
        by_row::rms_norm(x, weights.input_norm, eps, h, sized(&mut self.inverse, rows));
        let q = sized(&mut self.q, rows * heads * head_width);
        let k = sized(&mut self.k, rows * kv_heads * head_width);
        let v = sized(&mut self.v, rows * kv_heads * head_width);
        let [low_q, low_k, low_v, low_o, low_gate, low_up, low_down] = &mut self.low;
        linear[0].forward(h, low_q, 0.0, q);
        linear[1].forward(h, low_k, 0.0, k);
        linear[2].forward(h, low_v, 0.0, v);
        by_row::rotate(q, heads, cos, sin, half, 1.0);
        by_row::rotate(k, kv_heads, cos, sin, half, 1.0);
        let attended = sized(&mut self.attended, rows * heads * head_width);
        let p = sized(&mut self.p, attention.probabilities(&self.blocks));
        attention.forward(blocks, Inputs { q, k, v }, p, attended);
        let x2 = sized(&mut self.x2, x.len());
        x2.copy_from_slice(x);
        linear[3].forward(attended, low_o, 1.0, x2);

        let h2 = sized(&mut self.h2, x.len());
        by_row::rms_norm(x2, weights.post_norm, eps, h2, sized(&mut self.inverse2, rows));
        let (gate, up) = (sized(&mut self.gate, rows * ffn), sized(&mut self.up, rows * ffn));
        linear[4].forward(h2, low_gate, 0.0, gate);
        linear[5].forward(h2, low_up, 0.0, up);
        let activated = sized(&mut self.activated, rows * ffn);
        by_row::swiglu(gate, up, activated);
        out.copy_from_slice(x2);
        linear[6].forward(activated, low_down, 1.0, out);
    }

    /// dx and the adapters' gradients from the output's gradient, after the `forward` of the same
    /// weights and adapters, whose activations it uses up.
    ///
    /// # Panics
    /// When there was no such `forward`, or a slice has another size.
    pub fn backward(
        &mut self,
        weights: &Weights,
        adapters: &Adapters,
        [cos, sin]: [&[f32]; 2],
        dy: &[f32],
        dx: &mut [f32],
    ) -> Gradients {
        let Shape { hidden, heads, kv_heads, head_width, ffn, .. } = self.shape;
        let rows = self.rows;
        assert_eq!(dy.len(), rows * hidden, "the gradient is as large as the output");
        assert_eq!(dx.len(), dy.len(), "dx is as large as x");
        let half = head_width / 2;
        assert!(cos.len() == rows * half && sin.len() == cos.len(), "a turn for every row");
        let attention = self.heads();
        let linear: [Linear; 7] = std::array::from_fn(|i| self.linear(i, weights, adapters));
        let mut gradients: Gradients = Default::default();
        let narrow = rows * kv_heads * head_width;
        let wide = rows * heads * head_width;

        let (gate, up) = (&mut self.gate[..rows * ffn], &mut self.up[..rows * ffn]);
        let mut dwide = vec![0.0; rows * ffn.max(heads * head_width)];
        let dactivated = &mut dwide[..rows * ffn];
        let activated = &self.activated[..rows * ffn];
        gradients[6] = linear[6].backward(activated, &self.low[6], dy, 0.0, dactivated);
        by_row::swiglu_backward(gate, up, dactivated);
        let mut dh = vec![0.0; dy.len()];
        let h2 = &self.h2[..dy.len()];
        gradients[4] = linear[4].backward(h2, &self.low[4], gate, 0.0, &mut dh);
        gradients[5] = linear[5].backward(h2, &self.low[5], up, 1.0, &mut dh);
        dx.copy_from_slice(dy);
        by_row::rms_norm_backward(&self.x2, weights.post_norm, &self.inverse2[..rows], &mut dh, dx);

        let dattended = &mut dwide[..wide];
        let attended = &self.attended[..wide];
        gradients[3] = linear[3].backward(attended, &self.low[3], dx, 0.0, dattended);
        let (mut dq, mut dk, mut dv) = (vec![0.0; wide], vec![0.0; narrow], vec![0.0; narrow]);
        let inputs = Inputs { q: &self.q[..wide], k: &self.k[..narrow], v: &self.v[..narrow] };
        let p = &self.p[..attention.probabilities(&self.blocks)];
        attention.backward(&self.blocks, inputs, p, dattended, [&mut dq, &mut dk, &mut dv]);
        by_row::rotate(&mut dq, heads, cos, sin, half, -1.0);
        by_row::rotate(&mut dk, kv_heads, cos, sin, half, -1.0);
        let h = &self.h[..dy.len()];
        for (i, (d, beta)) in [(&dq, 0.0), (&dk, 1.0), (&dv, 1.0)].into_iter().enumerate() {
            gradients[i] = linear[i].backward(h, &self.low[i], d, beta, &mut dh);
        }
        by_row::rms_norm_backward(&self.x, weights.input_norm, &self.inverse[..rows], &mut dh, dx);
        gradients
    }
}
