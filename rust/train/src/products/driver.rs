//! What a product is, and which kernels compute it.

use super::blocks::compute;
use super::kernels::Kernels;
use super::low_rank::LowRank;
use super::panels::{Element, Part, STRIDE};
use super::weight::{FrozenWeight, Stored};
use crate::matmul::{matmul, plain, transposed};
use crate::spec::ProjectionShape;

/// Which way a product goes through a weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// out = x W', from inputs to outputs.
    Forward,
    /// dx = dy W, from outputs to inputs.
    Backward,
}

impl Direction {
    /// The other one.
    pub(super) fn opposite(self) -> Direction {
        match self {
            Direction::Forward => Direction::Backward,
            Direction::Backward => Direction::Forward,
        }
    }
}

/// One tile of the result and the panels that it takes.
pub(super) trait Kernel {
    /// Rows and columns of a tile.
    const MR: usize;
    const NR: usize;
    /// A panel's positions are padded to a multiple of it.
    const KR: usize;
    /// Most positions of a panel, a multiple of 32 up to [`super::panels::KC`]: one of rows and one of a weight
    /// fit into the first-level cache.
    const KC: usize;
    type Element: Element;

    /// Elements from one panel of rows to the next, for blocks of this many positions.
    fn rows_len(_block: usize) -> usize {
        Self::MR * STRIDE
    }

    /// Fills a panel of rows; see [`super::panels::pack_rows`].
    ///
    /// # Safety
    /// The kernel is available.
    #[inline(always)]
    unsafe fn pack_rows(
        x: &[f32],
        stride: usize,
        size: [usize; 2],
        padded: usize,
        panel: &mut [Self::Element],
    ) {
        super::panels::pack_rows(x, stride, size, padded, panel);
    }

    /// Fills a panel of a weight, `[padded, NR]` elements in the kernel's order; `scratch` holds as many.
    ///
    /// # Safety
    /// The kernel is available.
    unsafe fn pack_weight(part: &Part, padded: usize, panel: &mut [Self::Element], scratch: &mut [f32]);

    /// Adds the product of two panels to the tile at `tile`, whose rows are `stride` numbers apart, or stores it
    /// there.
    ///
    /// # Safety
    /// The kernel is available and `begin` was called; the panels hold `padded` positions; the tile is valid for
    /// reading and writing and no one else uses it.
    unsafe fn run(
        padded: usize,
        rows: *const Self::Element,
        weight: *const Self::Element,
        tile: *mut f32,
        stride: usize,
        add: bool,
    );

    /// Prepares the thread for `run`.
    ///
    /// # Safety
    /// The kernel is available.
    unsafe fn begin() {}

    /// Undoes `begin`.
    ///
    /// # Safety
    /// `begin` was called.
    unsafe fn end() {}
}

/// A product with a frozen weight.
#[derive(Clone, Copy)]
pub struct Product<'a> {
    /// Rows of the other factor.
    pub rows: usize,
    /// The weight's sizes.
    pub shape: ProjectionShape,
    /// The weight.
    pub weight: FrozenWeight<'a>,
    /// Which way.
    pub direction: Direction,
}

impl Product<'_> {
    /// The result's columns and the positions that are summed over.
    pub(super) fn size(&self) -> [usize; 2] {
        let ProjectionShape { inputs, outputs } = self.shape;
        match self.direction {
            Direction::Forward => [outputs, inputs],
            Direction::Backward => [inputs, outputs],
        }
    }

    /// The kernels that compute it: [`Kernels::Gemm`] only where the crate multiplies.
    fn kernels(&self) -> Kernels {
        let Kernels::Gemm = self.weight.kernels else { return self.weight.kernels };
        let in_float32 = matches!(self.weight.stored, Stored::F32(_));
        if in_float32 && !Kernels::beats_gemm() {
            Kernels::Gemm
        } else {
            Kernels::float32()
        }
    }
}

/// Computes out = x W' or dy W, or with `add` adds it to `out`. `x` is `[rows, inputs]` forward and
/// `[rows, outputs]` backward.
///
/// # Panics
/// When a length contradicts the sizes, or the kernels are not available.
pub fn product(product: &Product, x: &[f32], add: bool, out: &mut [f32]) {
    compute_by(product.kernels(), product, x, None, add, out);
}

/// As [`product`], with a product of low rank added. In float32 our own kernels compute both at once.
///
/// # Panics
/// As [`product`], and when the lengths of `low_rank` contradict the sizes.
pub(crate) fn product_with(product: &Product, x: &[f32], mut low_rank: LowRank, add: bool, out: &mut [f32]) {
    let [columns, positions] = product.size();
    low_rank.check([product.rows, columns, positions]);
    let kernels = product.kernels();
    if kernels != Kernels::Gemm && !kernels.is_bf16() && low_rank.rank <= super::blocks::LEAST_KC {
        return compute_by(kernels, product, x, Some(&mut low_rank), add, out);
    }
    compute_by(kernels, product, x, None, add, out);
    low_rank.add_to(product.direction, x, out);
}

fn compute_by(
    kernels: Kernels,
    product: &Product,
    x: &[f32],
    low_rank: Option<&mut LowRank>,
    add: bool,
    out: &mut [f32],
) {
    let [columns, positions] = product.size();
    assert!(product.weight.fits(product.shape), "the weight is as long as its sizes say");
    assert_eq!(x.len(), product.rows * positions, "the left factor is [rows, positions]");
    assert_eq!(out.len(), product.rows * columns, "the result is [rows, columns]");
    if let (Stored::F32(weight), Kernels::Gemm) = (product.weight.stored, kernels) {
        let weight = match product.direction {
            Direction::Forward => transposed(weight, positions),
            Direction::Backward => plain(weight, columns),
        };
        let size = [product.rows, columns, positions];
        return matmul(size, 1.0, plain(x, positions), weight, f32::from(add), out, columns);
    }
    assert!(kernels.available(), "{kernels} cannot run here");
    match kernels {
        Kernels::Scalar => compute::<super::scalar::Scalar>(product, x, low_rank, add, out),
        #[cfg(target_arch = "x86_64")]
        Kernels::Avx2 => compute::<super::avx2::Avx2>(product, x, low_rank, add, out),
        #[cfg(target_arch = "x86_64")]
        Kernels::Avx512 => compute::<super::avx512::Avx512>(product, x, low_rank, add, out),
        #[cfg(target_arch = "x86_64")]
        Kernels::Avx512Bf16 => compute::<super::avx512::Avx512Bf16>(product, x, low_rank, add, out),
        #[cfg(target_arch = "x86_64")]
        Kernels::Amx => compute::<super::amx::Amx>(product, x, low_rank, add, out),
        #[cfg(target_arch = "aarch64")]
        Kernels::Neon => compute::<super::neon::Neon>(product, x, low_rank, add, out),
        #[cfg(target_arch = "aarch64")]
        Kernels::NeonBf16 => compute::<super::neon::NeonBf16>(product, x, low_rank, add, out),
        #[allow(unreachable_patterns)] // those of other architectures
        _ => unreachable!("not available"),
    }
}
