//! Dequantization of a group of blocks at once, and casts, written over [`Vector`].

use super::block::{BLOCK, Q4_0, Q4_1, Q8_0};
use super::element::Element;
use super::rows::{self, Block};
use super::vector::{check_layout, lanes, load, Vector, MAX_LANES};

/// Defines a function that dequantizes groups with vectors and the rest with the scalar code. `$values` makes a
/// block's values from the address of its codes, its scale, and its minimum, which only Q4_1 has.
macro_rules! dequantize_by_groups {
    ($name:ident, $block:ty, |$codes:ident, $scale:ident, $min:ident| $values:expr) => {
        /// Dequantizes a whole number of blocks.
        ///
        /// # Safety
        /// The processor has V's features.
        #[inline(always)]
        pub(super) unsafe fn $name<V: Vector>(src: &[u8], out: &mut [f32]) {
            check_layout::<V>();
            const BYTES: usize = <$block>::BYTES;
            debug_assert_eq!(src.len() / BYTES, out.len() / BLOCK);
            for (src, out) in src.chunks(V::LANES * BYTES).zip(out.chunks_mut(V::LANES * BLOCK)) {
                if src.len() < V::LANES * BYTES || out.len() < V::LANES * BLOCK {
                    rows::dequantize::<$block>(src, out);
                    continue;
                }
                let (mut scales, mut minima) = ([[0; 2]; MAX_LANES], [[0; 2]; MAX_LANES]);
                for i in 0..V::LANES {
                    let block = &src[i * BYTES..(i + 1) * BYTES];
                    scales[i] = [block[0], block[1]];
                    minima[i] = [block[2], block[3]];
                }
                // SAFETY: the features, by the caller's promise. `scales` and `minima` have room for LANES
                // halves. Block i < LANES is within both slices: its codes are the end of its bytes, and its
                // register j < 32 / LANES lies within its 32 values.
                unsafe {
                    let scales = lanes(V::load_f16(scales.as_ptr().cast()));
                    let minima = lanes(V::load_f16(minima.as_ptr().cast()));
                    for i in 0..V::LANES {
                        let $codes = src.as_ptr().add(i * BYTES + std::mem::offset_of!($block, qs));
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

dequantize_by_groups!(q8_0, Q8_0, |codes, scale, _min| {
    let mut block = V::load_bytes(codes);
    for v in block.as_mut() {
        *v = v.mul(scale);
    }
    block
});
dequantize_by_groups!(q4_0, Q4_0, |codes, scale, _min| {
    let mut block = V::load_nibbles(codes);
    for v in block.as_mut() {
        *v = v.sub(V::splat(8.0)).mul(scale);
    }
    block
});
dequantize_by_groups!(q4_1, Q4_1, |codes, scale, min| {
    let mut block = V::load_nibbles(codes);
    for v in block.as_mut() {
        *v = v.mul(scale).add(min);
    }
    block
});

/// Casts as many full vectors as fit, to f16 or else to f32, and returns the number of values cast.
///
/// # Safety
/// The processor has V's features.
#[inline(always)]
pub(super) unsafe fn cast<V: Vector, E: Element>(to_f16: bool, src: &[u8], out: &mut [u8]) -> usize {
    let size = if to_f16 { 2 } else { 4 };
    let vectors = (src.len() / E::BYTES).min(out.len() / size) / V::LANES;
    for i in 0..vectors {
        // SAFETY: the features, by the caller's promise. Vector i is LANES values of both slices, which hold
        // `vectors` of them.
        unsafe {
            let v = load::<V, E>(src.as_ptr().add(i * V::LANES * E::BYTES));
            let out = out.as_mut_ptr().add(i * V::LANES * size);
            if to_f16 {
                v.store_f16(out);
            } else {
                v.store_f32(out);
            }
        }
    }
    vectors * V::LANES
}
