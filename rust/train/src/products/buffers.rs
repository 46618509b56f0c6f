//! Buffers that the threads keep from product to product.

use super::panels::Element;

/// Memory that begins at a cache line.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// A buffer that begins at a cache line, of zeros at first.
#[derive(Default)]
pub(super) struct Aligned(Vec<Line>);

impl Aligned {
    /// Makes room for `len` elements. Old content may be gone.
    pub fn reserve<E>(&mut self, len: usize) {
        let lines = (len * size_of::<E>()).div_ceil(size_of::<Line>());
        if self.0.len() < lines {
            self.0 = vec![Line([0; 64]); lines];
        }
    }

    pub fn as_mut<E: Element>(&mut self) -> &mut [E] {
        let len = self.0.len() * size_of::<Line>() / size_of::<E>();
        // SAFETY: the lines are initialized bytes, aligned to 64; every bit pattern is an f32 or a u16, the only
        // element types.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), len) }
    }
}

/// Buffers of a thread, which only grow: for the left factor, the first matrix of a product of low rank, panels of a
/// weight, decoded rows, and a tile.
pub(super) struct Buffers {
    pub rows: Aligned,
    pub low_rank: Aligned,
    pub panels: Aligned,
    pub scratch: Aligned,
    pub tile: Aligned,
}

thread_local! {
    pub(super) static BUFFERS: std::cell::RefCell<Buffers> = const {
        std::cell::RefCell::new(Buffers {
            rows: Aligned(Vec::new()),
            low_rank: Aligned(Vec::new()),
            panels: Aligned(Vec::new()),
            scratch: Aligned(Vec::new()),
            tile: Aligned(Vec::new()),
        })
    };
}
