//! The loops around the kernels, and the threads.
//!
//! The left factor is rearranged once. A thread takes some columns of the result: past the panels of the weight
//! that it decodes for them, all rows of the left factor go. Each element of the result is summed by one thread, its
//! positions in order, so that the number of threads changes nothing.
//!
//! A product of low rank costs no pass of its own: its first half is computed from the rows while they are
//! rearranged, its second is one more block of positions.

use std::ops::Range;

use rayon::prelude::*;

use super::buffers::{Aligned, Buffers, BUFFERS};
use super::driver::{Kernel, Product};
use super::low_rank::LowRank;
use super::panels::{Element, Part};

/// Fewest positions that a panel of any kernel holds at most.
pub(super) const LEAST_KC: usize = 256;

/// Most panels of a weight that are decoded at once.
const GROUP: usize = 8;

/// Bytes of the left factor that stay in the second-level cache.
const ROWS_BYTES: usize = 128 << 10;

/// Memory of which each thread writes to a part of its own.
#[derive(Clone, Copy)]
struct Shared<T>(*mut T);

// SAFETY: threads write to disjoint parts.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// The memory from an element on. A method, so that closures capture the wrapper and not its pointer.
    ///
    /// # Safety
    /// The element lies within the memory.
    unsafe fn at(self, index: usize) -> *mut T {
        // SAFETY: by the caller's promise.
        unsafe { self.0.add(index) }
    }
}

/// Where the positions are cut: into blocks of equal size, but for the last, of which none exceeds `most`.
fn block_len(positions: usize, most: usize) -> usize {
    positions.div_ceil(positions.div_ceil(most).max(1)).next_multiple_of(32)
}

pub(super) fn compute<K: Kernel>(
    product: &Product,
    x: &[f32],
    low_rank: Option<&mut LowRank>,
    add: bool,
    out: &mut [f32],
) {
    let [columns, positions] = product.size();
    if product.rows == 0 || columns == 0 {
        return;
    }
    if positions == 0 {
        if !add {
            out.fill(0.0);
        }
        return;
    }
    let rank = low_rank.as_ref().map_or(0, |low_rank| low_rank.rank);
    let block = block_len(positions, K::KC).max(rank.next_multiple_of(32));
    let blocks = positions.div_ceil(block) + usize::from(rank > 0);
    let panels_len = blocks * product.rows.div_ceil(K::MR) * K::rows_len(block);
    // Taken out of the thread's storage while rayon may run other products on this thread.
    let mut packed = BUFFERS.with_borrow_mut(|buffers| std::mem::take(&mut buffers.rows));
    packed.reserve::<K::Element>(panels_len);
    let panels = &mut packed.as_mut::<K::Element>()[..panels_len];
    let low_rank = match low_rank {
        None => {
            pack_rows::<K>(product, x, block, panels);
            None
        }
        Some(low_rank) => {
            pack_rows_with::<K>(product, x, block, low_rank, panels);
            Some(&*low_rank)
        }
    };
    let (panels, out) = (&*panels, Shared(out.as_mut_ptr()));
    // As many parts for each thread, and two where that leaves them wide enough.
    let (width, threads) = (columns.div_ceil(K::NR), rayon::current_num_threads());
    let least = if width < 4 * threads { threads } else { 2 * threads };
    let group = width.div_ceil(width.div_ceil(GROUP).max(least).next_multiple_of(threads));
    (0..width.div_ceil(group)).into_par_iter().for_each(|index| {
        let first = index * group * K::NR;
        let columns = first..columns.min(first + group * K::NR);
        let job = Job { product, low_rank, panels, block, columns, add };
        BUFFERS.with_borrow_mut(|buffers| job.run::<K>(buffers, out));
    });
    BUFFERS.with_borrow_mut(|buffers| buffers.rows = packed);
}

/// Fills the panels of the left factor: for each block of positions, one for each `MR` rows.
fn pack_rows<K: Kernel>(product: &Product, x: &[f32], block: usize, panels: &mut [K::Element]) {
    let ([_, positions], rows) = (product.size(), product.rows);
    let height = rows.div_ceil(K::MR);
    panels.par_chunks_exact_mut(K::rows_len(block)).enumerate().for_each(|(index, panel)| {
        let (start, row) = (index / height * block, index % height * K::MR);
        let len = block.min(positions - start);
        let (size, padded) = ([K::MR.min(rows - row), len], len.next_multiple_of(K::KR));
        // SAFETY: `product` has checked that the kernel is available.
        unsafe { K::pack_rows(&x[row * positions + start..], positions, size, padded, panel) };
    });
}

/// As [`pack_rows`]; also computes the inner product of `low_rank`, whose panels follow the others.
fn pack_rows_with<K: Kernel>(
    product: &Product,
    x: &[f32],
    block: usize,
    low_rank: &mut LowRank,
    panels: &mut [K::Element],
) {
    let ([_, positions], rows, rank) = (product.size(), product.rows, low_rank.rank);
    let (height, panel_len, blocks) = (rows.div_ceil(K::MR), K::rows_len(block), positions.div_ceil(block));
    let width = rank.div_ceil(K::NR);
    let lens = |index: usize| index * block..positions.min((index + 1) * block);
    let mut downs = BUFFERS.with_borrow_mut(|buffers| std::mem::take(&mut buffers.low_rank));
    downs.reserve::<K::Element>(blocks * width * block * K::NR);
    let mut scratch = Aligned::default();
    scratch.reserve::<f32>(block * K::NR);
    for (index, panel) in downs.as_mut::<K::Element>().chunks_exact_mut(block * K::NR).enumerate() {
        if index >= blocks * width {
            break;
        }
        let (range, first) = (lens(index / width), index % width * K::NR);
        let padded = range.len().next_multiple_of(K::KR);
        let part = low_rank.down(product.direction, range, first..rank.min(first + K::NR));
        // SAFETY: `product` has checked that the kernel is available.
        unsafe { K::pack_weight(&part, padded, panel, scratch.as_mut()) };
    }
    let (down, scale) = (&*downs.as_mut::<K::Element>(), low_rank.scale);
    let all = Shared(panels.as_mut_ptr());
    low_rank.inner.par_chunks_mut(K::MR * rank).enumerate().for_each(|(index, inner)| {
        let (row, count) = (index * K::MR, inner.len() / rank);
        let panel = |block: usize| {
            // SAFETY: the panels of these rows lie within the memory and are this task's alone.
            unsafe { std::slice::from_raw_parts_mut(all.at((block * height + index) * panel_len), panel_len) }
        };
        BUFFERS.with_borrow_mut(|buffers| {
            buffers.tile.reserve::<f32>(K::MR * width * K::NR);
            let tile = buffers.tile.as_mut::<f32>();
            for block_index in 0..blocks {
                let (range, panel) = (lens(block_index), panel(block_index));
                let (size, padded) = ([count, range.len()], range.len().next_multiple_of(K::KR));
                let x = &x[row * positions + range.start..];
                // SAFETY: the kernel is available.
                unsafe { K::pack_rows(x, positions, size, padded, panel) };
                for column in 0..width {
                    let down = &down[(block_index * width + column) * block * K::NR..];
                    let (tile, add) = (tile[column * K::NR..].as_mut_ptr(), block_index > 0);
                    // SAFETY: the panels hold `padded` positions, and the tile MR rows of `width * NR` numbers.
                    unsafe { K::run(padded, panel.as_ptr(), down.as_ptr(), tile, width * K::NR, add) };
                }
            }
            for (inner, tile) in inner.chunks_exact_mut(rank).zip(tile.chunks_exact(width * K::NR)) {
                inner.iter_mut().zip(tile).for_each(|(inner, sum)| *inner = scale * sum);
            }
        });
        let padded = rank.next_multiple_of(K::KR);
        // SAFETY: the kernel is available.
        unsafe { K::pack_rows(inner, rank, [count, rank], padded, panel(blocks)) };
    });
    BUFFERS.with_borrow_mut(|buffers| buffers.low_rank = downs);
}

/// Some columns of a product.
struct Job<'a, E> {
    product: &'a Product<'a>,
    low_rank: Option<&'a LowRank<'a>>,
    /// The left factor: for each block of positions, a panel for each `MR` rows.
    panels: &'a [E],
    block: usize,
    columns: Range<usize>,
    add: bool,
}

impl<E: Element> Job<'_, E> {
    /// The part of the weight, or of the low rank's second matrix, that a block of positions needs.
    fn part(&self, block: usize, columns: Range<usize>) -> Part<'_> {
        let (product, [_, positions]) = (self.product, self.product.size());
        let start = block * self.block;
        match self.low_rank {
            Some(low_rank) if start >= positions => low_rank.up(product.direction, columns),
            _ => {
                let (stored, inputs) = (product.weight.stored, product.shape.inputs);
                let (direction, positions) = (product.direction, start..positions.min(start + self.block));
                Part { stored, inputs, direction, positions, columns }
            }
        }
    }

    fn run<K: Kernel<Element = E>>(&self, buffers: &mut Buffers, out: Shared<f32>) {
        let ([all, positions], rows) = (self.product.size(), self.product.rows);
        let (height, rows_len) = (rows.div_ceil(K::MR), K::rows_len(self.block));
        let panel_len = self.block * K::NR;
        buffers.panels.reserve::<E>(GROUP * panel_len);
        buffers.scratch.reserve::<f32>(panel_len);
        buffers.tile.reserve::<f32>(K::MR * K::NR);
        let (weights, scratch) = (buffers.panels.as_mut::<E>(), buffers.scratch.as_mut::<f32>());
        let tile = buffers.tile.as_mut::<f32>();
        let columns = || self.columns.clone().step_by(K::NR).map(|first| first..all.min(first + K::NR));
        // SAFETY: the kernel is available.
        unsafe { K::begin() };
        for block in 0..positions.div_ceil(self.block) + usize::from(self.low_rank.is_some()) {
            let add = self.add || block > 0;
            let mut padded = 0;
            for (columns, weight) in columns().zip(weights.chunks_exact_mut(panel_len)) {
                let part = self.part(block, columns);
                padded = part.positions.len().next_multiple_of(K::KR);
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
                        let target = unsafe { out.at(row * all + columns.start) };
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
