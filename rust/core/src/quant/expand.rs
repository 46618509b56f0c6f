//! Back from blocks to values, and casts of values, over the same small vector.

use super::block::{BLOCK, Q4_0, Q4_1, Q8_0};
use super::scalar::{self, Element};
use super::vector::{lanes, load, Vector};

/// Expands whole groups with vectors, and what is left over with the scalar code.
macro_rules! expand_by_groups {
    ($name:ident, $block:ty, |$src:ident, $scale:ident, $min:ident| $values:expr) => {
        /// Expands a whole number of blocks.
        ///
        /// # Safety
        /// The features of V.
        #[inline(always)]
        pub(crate) unsafe fn $name<V: Vector>(src: &[u8], out: &mut [f32]) {
            const BYTES: usize = size_of::<$block>();
            for (src, out) in src.chunks(V::LANES * BYTES).zip(out.chunks_mut(V::LANES * BLOCK)) {
                if src.len() < V::LANES * BYTES || out.len() < V::LANES * BLOCK {
                    scalar::expand::<$block>(src, out);
                    continue;
                }
                let (mut scales, mut minima) = ([[0; 2]; 16], [[0; 2]; 16]);
                for i in 0..V::LANES {
                    let block = &src[i * BYTES..(i + 1) * BYTES];
                    scales[i] = [block[0], block[1]];
                    minima[i] = [block[2], block[3]];
                }
                // SAFETY: 16 halves are room for LANES; block i is BYTES in and 32 values out.
                unsafe {
                    let scales = lanes(V::load_f16(scales.as_ptr().cast()));
                    let minima = lanes(V::load_f16(minima.as_ptr().cast()));
                    for i in 0..V::LANES {
                        let $src = src.as_ptr().add(i * BYTES);
                        let ($scale, $min) = (V::splat(scales[i]), V::splat(minima[i]));
                        let block: V::Block = $values;
                        for (j, v) in block.as_ref().iter().enumerate() {
                            v.store_f32(out.as_mut_ptr().add(i * BLOCK + j * V::LANES).cast());
                        }
                    }
                }
            }
        }
    };
}

expand_by_groups!(q8_0, Q8_0, |src, scale, _min| {
    let mut block = V::load_bytes(src.add(2));
    for v in block.as_mut() {
        *v = v.mul(scale);
    }
    block
});
expand_by_groups!(q4_0, Q4_0, |src, scale, _min| {
    let mut block = V::load_nibbles(src.add(2));
    for v in block.as_mut() {
        *v = v.sub(V::splat(8.0)).mul(scale);
    }
    block
});
expand_by_groups!(q4_1, Q4_1, |src, scale, min| {
    let mut block = V::load_nibbles(src.add(4));
    for v in block.as_mut() {
        *v = v.mul(scale).add(min);
    }
    block
});

/// Rows of a source type to f32 or f16; what does not fill a vector is left: how many values were done.
///
/// # Safety
/// The features of V.
#[inline(always)]
pub(crate) unsafe fn cast<V: Vector, E: Element>(to_half: bool, src: &[u8], out: &mut [u8]) -> usize {
    let size = if to_half { 2 } else { 4 };
    let vectors = (src.len() / E::BYTES).min(out.len() / size) / V::LANES;
    for i in 0..vectors {
        // SAFETY: vector i is LANES values in and out, within both slices.
        unsafe {
            let v = load::<V, E>(src.as_ptr().add(i * V::LANES * E::BYTES));
            let out = out.as_mut_ptr().add(i * V::LANES * size);
            if to_half {
                v.store_f16(out);
            } else {
                v.store_f32(out);
            }
        }
    }
    vectors * V::LANES
}
