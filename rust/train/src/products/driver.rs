//! The loops around the kernels, and the threads.
//!
//! The left factor is rearranged once. A thread takes some columns of the result: past the panels of the weight
//! that it decodes for them, all rows of the left factor go. Each element of the result is summed by one thread, its
//! positions in order, so that the number of threads changes nothing.

use rayon::prelude::*;

use super::buffers::{Buffers, BUFFERS};
use super::kernels::Kernels;
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
    fn size(&self) -> [usize; 2] {
        let ProjectionShape { inputs, outputs } = self.shape;
        match self.direction {
            Direction::Forward => [outputs, inputs],
            Direction::Backward => [inputs, outputs],
        }
    }
}

/// Computes out = x W' or dy W, or with `add` adds it to `out`. `x` is `[rows, inputs]` forward and
/// `[rows, outputs]` backward.
///
/// # Panics
/// When a length contradicts the sizes, or the kernels are not available.
pub fn product(product: &Product, x: &[f32], add: bool, out: &mut [f32]) {
    let [columns, positions] = product.size();
    assert!(product.weight.fits(product.shape), "the weight is as long as its sizes say");
    assert_eq!(x.len(), product.rows * positions, "the left factor is [rows, positions]");
    assert_eq!(out.len(), product.rows * columns, "the result is [rows, columns]");
    let mut kernels = product.weight.kernels;
    if let (Stored::F32(weight), Kernels::Gemm) = (product.weight.stored, kernels) {
        let weight = match product.direction {
            Direction::Forward => transposed(weight, positions),
            Direction::Backward => plain(weight, columns),
        };
        let size = [product.rows, columns, positions];
        return matmul(size, 1.0, plain(x, positions), weight, f32::from(add), out, columns);
    }
    if kernels == Kernels::Gemm {
        kernels = Kernels::float32();
    }
    assert!(kernels.available(), "{kernels} cannot run here");
    match kernels {
        Kernels::Scalar => compute::<super::scalar::Scalar>(product, x, add, out),
        #[cfg(target_arch = "x86_64")]
        Kernels::Avx2 => compute::<super::avx2::Avx2>(product, x, add, out),
        #[cfg(target_arch = "x86_64")]
        Kernels::Avx512 => compute::<super::avx512::Avx512>(product, x, add, out),
        #[cfg(target_arch = "x86_64")]
        Kernels::Avx512Bf16 => compute::<super::avx512::Avx512Bf16>(product, x, add, out),
        #[cfg(target_arch = "x86_64")]
        Kernels::Amx => compute::<super::amx::Amx>(product, x, add, out),
        #[cfg(target_arch = "aarch64")]
        Kernels::Neon => compute::<super::neon::Neon>(product, x, add, out),
        #[cfg(target_arch = "aarch64")]
        Kernels::NeonBf16 => compute::<super::neon::NeonBf16>(product, x, add, out),
        #[allow(unreachable_patterns)] // those of other architectures
        _ => unreachable!("not available"),
    }
}

/// Where the positions are cut: into blocks of equal size, but for the last, of which none exceeds `most`.
fn block_len(positions: usize, most: usize) -> usize {
    positions.div_ceil(positions.div_ceil(most).max(1)).next_multiple_of(32)
}

/// Most panels of a weight that are decoded at once.
const GROUP: usize = 8;

/// Bytes of the left factor that stay in the second-level cache.
const ROWS_BYTES: usize = 128 << 10;

/// The result as one thread may write it: its own columns only.
#[derive(Clone, Copy)]
struct Out(*mut f32);

// SAFETY: threads write to disjoint tiles.
unsafe impl Send for Out {}
// SAFETY: as above.
unsafe impl Sync for Out {}

fn compute<K: Kernel>(product: &Product, x: &[f32], add: bool, out: &mut [f32]) {
    let [columns, positions] = product.size();
    let rows = product.rows;
    if rows == 0 || columns == 0 {
        return;
    }
    if positions == 0 {
        if !add {
            out.fill(0.0);
        }
        return;
    }
    // Taken out of the thread's storage while rayon may run other products on this thread.
    let mut packed = BUFFERS.with_borrow_mut(|buffers| std::mem::take(&mut buffers.rows));
    let (height, block) = (rows.div_ceil(K::MR), block_len(positions, K::KC));
    let panel_len = K::MR * STRIDE;
    packed.reserve::<K::Element>(positions.div_ceil(block) * height * panel_len);
    let panels = &mut packed.as_mut::<K::Element>()[..positions.div_ceil(block) * height * panel_len];
    panels.par_chunks_exact_mut(panel_len).enumerate().for_each(|(index, panel)| {
        let (start, row) = (index / height * block, index % height * K::MR);
        let len = block.min(positions - start);
        let size = [K::MR.min(rows - row), len];
        // SAFETY: `product` has checked that the kernel is available.
        unsafe {
            K::pack_rows(&x[row * positions + start..], positions, size, len.next_multiple_of(K::KR), panel)
        };
    });
    let panels = &*panels;
    let out = Out(out.as_mut_ptr());
    // As many parts for each thread, and two where that leaves them wide enough.
    let (width, threads) = (columns.div_ceil(K::NR), rayon::current_num_threads());
    let least = if width < 4 * threads { threads } else { 2 * threads };
    let group = width.div_ceil(width.div_ceil(GROUP).max(least).next_multiple_of(threads));
    (0..width.div_ceil(group)).into_par_iter().for_each(|index| {
        let first = index * group * K::NR;
        let job = Job { product, panels, block, columns: first..columns.min(first + group * K::NR), add };
        BUFFERS.with_borrow_mut(|buffers| job.run::<K>(buffers, out));
    });
    BUFFERS.with_borrow_mut(|buffers| buffers.rows = packed);
}

/// Some columns of a product.
struct Job<'a, E> {
    product: &'a Product<'a>,
    /// The left factor: for each block of positions, a panel for each `MR` rows.
    panels: &'a [E],
    block: usize,
    columns: std::ops::Range<usize>,
    add: bool,
}

impl<E: Element> Job<'_, E> {
    fn run<K: Kernel<Element = E>>(&self, buffers: &mut Buffers, out: Out) {
        // Whole, so that the closure around this captures the wrapper and not its pointer.
        let Out(out) = out;
        let (product, [all, positions]) = (self.product, self.product.size());
        let (rows, height) = (product.rows, product.rows.div_ceil(K::MR));
        let (panel_len, rows_len) = (self.block * K::NR, K::MR * STRIDE);
        buffers.panels.reserve::<E>(GROUP * panel_len);
        buffers.scratch.reserve::<f32>(panel_len);
        buffers.tile.reserve::<f32>(K::MR * K::NR);
        let (weights, scratch) = (buffers.panels.as_mut::<E>(), buffers.scratch.as_mut::<f32>());
        let tile = buffers.tile.as_mut::<f32>();
        // SAFETY: the kernel is available.
        unsafe { K::begin() };
        for (block, start) in (0..positions).step_by(self.block).enumerate() {
            let positions = start..positions.min(start + self.block);
            let padded = positions.len().next_multiple_of(K::KR);
            let add = self.add || block > 0;
            let columns = || self.columns.clone().step_by(K::NR).map(|first| first..all.min(first + K::NR));
            for (columns, weight) in columns().zip(weights.chunks_exact_mut(panel_len)) {
                let (stored, inputs) = (product.weight.stored, product.shape.inputs);
                let (direction, positions) = (product.direction, positions.clone());
                let part = Part { stored, inputs, direction, positions, columns };
                // SAFETY: the kernel is available.
                unsafe { K::pack_weight(&part, padded, weight, scratch) };
            }
            let panels = &self.panels[block * height * rows_len..][..height * rows_len];
            // Rows that fit into the second-level cache meet one panel of the weight after the other, each of
            // which stays in the first.
            let most = (ROWS_BYTES / (K::MR * padded * size_of::<E>())).max(1);
            for (first, panels) in (0..).step_by(most * K::MR).zip(panels.chunks(most * rows_len)) {
                for (columns, weight) in columns().zip(weights.chunks_exact(panel_len)) {
                    for (row, panel) in (first..).step_by(K::MR).zip(panels.chunks_exact(rows_len)) {
                        let height = K::MR.min(rows - row);
                        // SAFETY: row < rows and the columns lie below `all`, so the tile's first element lies
                        // within the result.
                        let target = unsafe { out.add(row * all + columns.start) };
                        let (a, b, width) = (panel.as_ptr(), weight.as_ptr(), columns.len());
                        if height == K::MR && width == K::NR {
                            // SAFETY: the whole tile lies within the result, in columns that are this job's
                            // alone; the panels hold `padded` positions; the kernel is available.
                            unsafe { K::run(padded, a, b, target, all, add) };
                            continue;
                        }
                        // SAFETY: as above, with a tile of its own.
                        unsafe { K::run(padded, a, b, tile.as_mut_ptr(), K::NR, false) };
                        for (row, values) in tile.chunks_exact(K::NR).take(height).enumerate() {
                            // SAFETY: these columns of a row lie within the result and are this job's alone.
                            let target =
                                unsafe { std::slice::from_raw_parts_mut(target.add(row * all), width) };
                            for (out, &value) in target.iter_mut().zip(values) {
                                *out = if add { *out + value } else { value };
                            }
                        }
                    }
                }
            }
        }
        // SAFETY: `begin` was called.
        unsafe { K::end() };
    }
}
