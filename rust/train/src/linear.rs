//! One linear projection with its LoRA adapter, forward and backward.

use std::borrow::Cow;

use crate::matmul::{matmul, plain, transposed};
use crate::parallel;
use crate::products::{product, Direction, FrozenWeight, Product};
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
    /// `[rows, outputs]`; beta is 0 or 1. `xa` receives the product with A, `[rows, rank]`, for `backward`.
    pub fn forward(&self, x: &[f32], xa: &mut Vec<f32>, mut beta: f32, out: &mut [f32]) {
        let (rows, ProjectionShape { inputs, outputs }) = (self.rows, self.shape);
        if let Some(bias) = self.bias {
            parallel::add_rows(bias, beta, out);
            beta = 1.0;
        }
        product(&self.product(Direction::Forward), x, beta != 0.0, out);
        if let Some(adapter) = &self.adapter {
            let rank = self.rank(adapter);
            let x = &*dropped(adapter, x);
            let (a, b) = (plain(adapter.a, rank), plain(adapter.b, outputs));
            let xa = resized(xa, rows * rank);
            matmul([rows, rank, inputs], 1.0, plain(x, inputs), a, 0.0, xa, rank);
            matmul([rows, outputs, rank], adapter.scale, plain(xa, rank), b, 1.0, out, outputs);
        }
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
        product(&self.product(Direction::Backward), dy, beta != 0.0, dx);
        let dy = plain(dy, outputs);
        let adapter = self.adapter.as_ref()?;
        let rank = self.rank(adapter);
        let (mut da, mut db) = (vec![0.0; adapter.a.len()], vec![0.0; adapter.b.len()]);
        let mut dxa = vec![0.0; rows * rank];
        matmul([rows, rank, outputs], adapter.scale, dy, transposed(adapter.b, outputs), 0.0, &mut dxa, rank);
        let dxa = plain(&dxa, rank);
        matmul([rank, outputs, rows], adapter.scale, transposed(xa, rank), dy, 0.0, &mut db, outputs);
        let x = &*dropped(adapter, x);
        matmul([inputs, rank, rows], 1.0, transposed(x, inputs), dxa, 0.0, &mut da, rank);
        let a = transposed(adapter.a, rank);
        match &adapter.dropout {
            None => matmul([rows, inputs, rank], 1.0, dxa, a, 1.0, dx, inputs),
            Some(dropout) => {
                let mut of_dropped = vec![0.0; dx.len()];
                matmul([rows, inputs, rank], 1.0, dxa, a, 0.0, &mut of_dropped, inputs);
                dropout.apply(&of_dropped, 1.0, dx);
            }
        }
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
