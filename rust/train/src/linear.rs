//! One linear projection with its LoRA adapter, forward and backward.

use std::borrow::Cow;

use crate::matmul::{matmul, plain, transposed};
use crate::parallel;
use crate::products::{product, product_with, Direction, FrozenWeight, LowRank, Product};
use crate::spec::ProjectionShape;
use crate::weights::{Adapter, AdapterGradient};

/// A buffer of this length, which grows when it has to. Its old content is meaningless to the caller.
pub(crate) fn resized(buffer: &mut Vec<f32>, len: usize) -> &mut [f32] {
    if buffer.len() < len {
        *buffer = vec![0.0; len];
    }
    &mut buffer[..len]
}

/// A projection applied to `rows` rows.
#[derive(Clone, Copy)]
pub(crate) struct Linear<'a> {
    pub rows: usize,
    pub shape: ProjectionShape,
    /// `[outputs, inputs]`.
    pub weight: FrozenWeight<'a>,
    /// `[outputs]`.
    pub bias: Option<&'a [f32]>,
    pub adapter: Option<Adapter<'a>>,
}

impl Linear<'_> {
    fn rank(&self, adapter: &Adapter) -> usize {
        adapter.a.len() / self.shape.inputs
    }

    fn product(&self, direction: Direction) -> Product<'_> {
        Product { rows: self.rows, shape: self.shape, weight: self.weight, direction }
    }

    /// out = beta * out + bias + x W' + scale * (dropout(x) A) B, where x is `[rows, inputs]` and out
    /// `[rows, outputs]`; beta is 0 or 1. `xa` receives scale * dropout(x) A, `[rows, rank]`, for `backward`.
    pub fn forward(&self, x: &[f32], xa: &mut Vec<f32>, mut beta: f32, out: &mut [f32]) {
        if let Some(bias) = self.bias {
            parallel::add_rows(bias, beta, out);
            beta = 1.0;
        }
        let (what, add) = (self.product(Direction::Forward), beta != 0.0);
        let Some(adapter) = &self.adapter else { return product(&what, x, add, out) };
        let (rank, scale) = (self.rank(adapter), adapter.scale);
        let inner = resized(xa, self.rows * rank);
        let mut lora = LowRank { down: adapter.a, up: adapter.b, rank, scale, inner };
        if adapter.dropout.is_none() {
            return product_with(&what, x, lora, add, out);
        }
        product(&what, x, add, out);
        lora.add_to(Direction::Forward, &dropped(adapter, x), out);
    }

    /// dx = beta * dx + the gradient of x, from the output's gradient dy; returns the adapter's gradients.
    /// `xa` is what `forward` stored.
    pub fn backward(
        &self,
        x: &[f32],
        xa: &[f32],
        dy: &[f32],
        beta: f32,
        dx: &mut [f32],
    ) -> Option<AdapterGradient> {
        let (rows, ProjectionShape { inputs, outputs }) = (self.rows, self.shape);
        let (what, add) = (self.product(Direction::Backward), beta != 0.0);
        let Some(adapter) = &self.adapter else {
            product(&what, dy, add, dx);
            return None;
        };
        let (rank, scale) = (self.rank(adapter), adapter.scale);
        let mut dxa = vec![0.0; rows * rank];
        let mut lora = LowRank { down: adapter.b, up: adapter.a, rank, scale, inner: &mut dxa };
        match &adapter.dropout {
            None => product_with(&what, dy, lora, add, dx),
            Some(dropout) => {
                product(&what, dy, add, dx);
                let mut of_dropped = vec![0.0; dx.len()];
                lora.add_to(Direction::Backward, dy, &mut of_dropped);
                dropout.apply(&of_dropped, 1.0, dx);
            }
        }
        let (mut da, mut db) = (vec![0.0; adapter.a.len()], vec![0.0; adapter.b.len()]);
        let (dxa, dy) = (plain(&dxa, rank), plain(dy, outputs));
        matmul([rank, outputs, rows], 1.0, transposed(xa, rank), dy, 0.0, &mut db, outputs);
        let x = &*dropped(adapter, x);
        matmul([inputs, rank, rows], 1.0, transposed(x, inputs), dxa, 0.0, &mut da, rank);
        Some(AdapterGradient { a: da, b: db })
    }
}

/// What an adapter multiplies: x, or what dropout leaves of it.
fn dropped<'a>(adapter: &Adapter, x: &'a [f32]) -> Cow<'a, [f32]> {
    let Some(dropout) = &adapter.dropout else { return Cow::Borrowed(x) };
    let mut out = vec![0.0; x.len()];
    dropout.apply(x, 0.0, &mut out);
    Cow::Owned(out)
}
