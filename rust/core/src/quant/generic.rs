//! The kernels, written once over a small vector: each format in two passes over a group of blocks.
//!
//! The first pass finds each block's extremes; they are folded so that one lane holds one block's,
//! and scales, their inverses and their half-precision form are computed for the whole group at once.
//! The second pass, on values still in the nearest cache, makes the codes. A group with a value that
//! is not finite goes to the scalar code, so such blocks cannot differ from the specification.

use super::block::{BLOCK, Q4_0, Q4_1, Q8_0};
use super::scalar::{self, Element, Kind};

/// One register of float32 lanes, as many as blocks in a group.
///
/// # Safety
/// Every function needs the processor features of the module that implements it; those that take a
/// pointer need it valid for the bytes said. Pointers need no alignment.
pub(crate) unsafe trait Vector: Copy {
    const LANES: usize;
    /// `[Self; 32 / LANES]`, a block's values.
    type Block: Copy + AsRef<[Self]> + AsMut<[Self]>;
    /// `[Self; LANES]`, one register for each block of a group.
    type Group: Copy + AsRef<[Self]> + AsMut<[Self]>;

    unsafe fn splat(x: f32) -> Self;
    unsafe fn splat_block(x: f32) -> Self::Block;
    unsafe fn splat_group(x: f32) -> Self::Group;
    /// Reads LANES values.
    unsafe fn load_f32(src: *const u8) -> Self;
    unsafe fn load_f16(src: *const u8) -> Self;
    unsafe fn load_bf16(src: *const u8) -> Self;
    /// Writes LANES values.
    unsafe fn store_f32(self, out: *mut u8);
    /// Writes LANES values, rounded to nearest even.
    unsafe fn store_f16(self, out: *mut u8);

    /// Says that an address will be read, or written, soon. It may lie beyond the memory in hand.
    #[inline(always)]
    fn prefetch(_src: *const u8) {}
    #[inline(always)]
    fn prefetch_write(_out: *const u8) {}

    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    unsafe fn abs(self) -> Self;
    /// Of finite values; which of two zeros is left open.
    unsafe fn min(self, other: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    /// The larger bit pattern: of absolute values, a NaN wins over infinity over the rest.
    unsafe fn max_bits(self, other: Self) -> Self;
    /// `low` where `-low > self`, else `self`.
    unsafe fn or_larger_negative(self, low: Self) -> Self;
    /// A bit for each lane where the two are equal.
    unsafe fn equal(self, other: Self) -> u32;
    unsafe fn all_finite(self) -> bool;
    /// Zero in the lanes that are not finite.
    unsafe fn finite_or_zero(self) -> Self;

    /// Lane i becomes the minimum (maximum) of the i-th register's lanes.
    unsafe fn fold_min(group: &Self::Group) -> Self;
    unsafe fn fold_max(group: &Self::Group) -> Self;
    unsafe fn fold_max_bits(group: &Self::Group) -> Self;

    /// Writes 32 signed bytes, rounded half away from zero; values are within ±127.5.
    unsafe fn store_bytes(block: Self::Block, out: *mut u8);
    /// Writes 16 bytes of nibbles, cut off below the point and at 15; values are within 0 and 17.
    unsafe fn store_nibbles(block: Self::Block, out: *mut u8);
    /// Reads 32 signed bytes.
    unsafe fn load_bytes(src: *const u8) -> Self::Block;
    /// Reads 16 bytes of nibbles, 0 to 15.
    unsafe fn load_nibbles(src: *const u8) -> Self::Block;
}

/// LANES values of a source type.
///
/// # Safety
/// As for `Vector`: `src` is valid for LANES * E::BYTES bytes.
#[inline(always)]
unsafe fn load<V: Vector, E: Element>(src: *const u8) -> V {
    // SAFETY: passed on.
    unsafe {
        match E::KIND {
            Kind::F32 => V::load_f32(src),
            Kind::F16 => V::load_f16(src),
            Kind::BF16 => V::load_bf16(src),
        }
    }
}

/// A block's values.
///
/// # Safety
/// `src` is valid for 32 * E::BYTES bytes.
#[inline(always)]
unsafe fn load_block<V: Vector, E: Element>(src: *const u8) -> V::Block {
    // SAFETY: register i covers values i * LANES up to (i + 1) * LANES, below 32 in all.
    unsafe {
        let mut block = V::splat_block(0.0);
        for (i, v) in block.as_mut().iter_mut().enumerate() {
            *v = load::<V, E>(src.add(i * V::LANES * E::BYTES));
        }
        block
    }
}

/// The largest magnitude, minimum and maximum of each block of a group, by lane. Only the first is
/// right where a value is not finite.
///
/// # Safety
/// `src` is valid for LANES blocks.
#[inline(always)]
unsafe fn extremes<V: Vector, E: Element>(src: *const u8) -> (V, V, V) {
    // SAFETY: block i of the group starts at i * 32 values.
    unsafe {
        let (mut bits, mut low, mut high) = (V::splat_group(0.0), V::splat_group(0.0), V::splat_group(0.0));
        for i in 0..V::LANES {
            let block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            let values = block.as_ref();
            let (mut b, mut l, mut h) = (values[0].abs(), values[0], values[0]);
            for &v in &values[1..] {
                b = b.max_bits(v.abs());
                l = l.min(v);
                h = h.max(v);
            }
            bits.as_mut()[i] = b;
            low.as_mut()[i] = l;
            high.as_mut()[i] = h;
        }
        (V::fold_max_bits(&bits), V::fold_min(&low), V::fold_max(&high))
    }
}

/// Largest magnitude only.
///
/// # Safety
/// `src` is valid for LANES blocks.
#[inline(always)]
unsafe fn magnitudes<V: Vector, E: Element>(src: *const u8) -> V {
    // SAFETY: block i of the group starts at i * 32 values.
    unsafe {
        let mut bits = V::splat_group(0.0);
        for i in 0..V::LANES {
            let block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            let values = block.as_ref();
            let mut b = values[0].abs();
            for &v in &values[1..] {
                b = b.max_bits(v.abs());
            }
            bits.as_mut()[i] = b;
        }
        V::fold_max_bits(&bits)
    }
}

/// As many lanes as the widest vector has.
type Lanes<T> = [T; 16];

/// # Safety
/// The features of V.
#[inline(always)]
unsafe fn lanes<V: Vector>(v: V) -> Lanes<f32> {
    let mut out = [0.0; 16];
    // SAFETY: 16 values are room for LANES.
    unsafe { v.store_f32(out.as_mut_ptr().cast()) };
    out
}

/// Half-precision bytes in file order.
///
/// # Safety
/// The features of V.
#[inline(always)]
unsafe fn halves<V: Vector>(v: V) -> Lanes<[u8; 2]> {
    let mut out = [[0; 2]; 16];
    // SAFETY: 16 values are room for LANES.
    unsafe { v.store_f16(out.as_mut_ptr().cast()) };
    out
}

/// How far ahead of the block in hand memory is asked for. The processor's own prefetching stops at a
/// page's end, and fetches what is to be written too late.
const READ_AHEAD: usize = 4096;
const WRITE_AHEAD: usize = 2048;

/// Asks for the memory of a block to come, a line at a time between the blocks' arithmetic: a whole
/// group's at once waits for room in the queue.
#[inline(always)]
fn look_ahead<V: Vector, E: Element>(src: *const u8, out: *const u8) {
    const LINE: usize = 64;
    for line in (0..BLOCK * E::BYTES).step_by(LINE) {
        V::prefetch(src.wrapping_add(READ_AHEAD + line));
    }
    // A block's bytes out are fewer than a line's.
    V::prefetch_write(out.wrapping_add(WRITE_AHEAD));
}

/// Whole groups with `group`, and what is left over, or a group it declines, with the scalar code.
macro_rules! by_groups {
    ($name:ident, $block:ty, $group:ident) => {
        /// Quantizes a whole number of blocks.
        ///
        /// # Safety
        /// The features of V.
        #[inline(always)]
        pub(crate) unsafe fn $name<V: Vector, E: Element>(src: &[u8], out: &mut [u8]) {
            let (src_step, out_step) = (V::LANES * BLOCK * E::BYTES, V::LANES * size_of::<$block>());
            for (src, out) in src.chunks(src_step).zip(out.chunks_mut(out_step)) {
                // SAFETY: a whole group of blocks in and out.
                let done = src.len() == src_step
                    && out.len() == out_step
                    && unsafe { $group::<V, E>(src.as_ptr(), out.as_mut_ptr()) };
                if !done {
                    scalar::rows::<E, $block>(src, out);
                }
            }
        }
    };
}

by_groups!(q8_0, Q8_0, group_q8_0);
by_groups!(q4_0, Q4_0, group_q4_0);
by_groups!(q4_1, Q4_1, group_q4_1);

/// # Safety
/// The features of V; `src` and `out` are valid for LANES blocks.
#[inline(always)]
unsafe fn group_q8_0<V: Vector, E: Element>(src: *const u8, out: *mut u8) -> bool {
    // SAFETY: block i of the group is 32 values in and 34 bytes out.
    unsafe {
        let max = magnitudes::<V, E>(src);
        if !max.all_finite() {
            return false;
        }
        let d = max.div(V::splat(127.0));
        let inverse = lanes(V::splat(1.0).div(d).finite_or_zero());
        let scales = halves(d);
        for i in 0..V::LANES {
            let id = V::splat(inverse[i]);
            let mut block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            for v in block.as_mut() {
                *v = v.mul(id);
            }
            let out = out.add(i * size_of::<Q8_0>());
            look_ahead::<V, E>(src.add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            V::store_bytes(block, out.add(2));
        }
        true
    }
}

/// # Safety
/// The features of V; `src` and `out` are valid for LANES blocks.
#[inline(always)]
unsafe fn group_q4_0<V: Vector, E: Element>(src: *const u8, out: *mut u8) -> bool {
    // SAFETY: block i of the group is 32 values in and 18 bytes out.
    unsafe {
        let (bits, low, high) = extremes::<V, E>(src);
        if !bits.all_finite() {
            return false;
        }
        let zero = V::splat(0.0);
        // Adding zero makes a negative zero positive.
        let mut max = high.or_larger_negative(low).add(zero);
        // Where both signs reach the magnitude, the first of them decides.
        let mut ties = zero.sub(low).equal(high) & !high.equal(zero);
        if ties != 0 {
            let mut maxima = lanes(max);
            while ties != 0 {
                let i = ties.trailing_zeros() as usize;
                let block = std::slice::from_raw_parts(src.add(i * BLOCK * E::BYTES), BLOCK * E::BYTES);
                maxima[i] = first(&scalar::load::<E>(block), maxima[i].abs());
                ties &= ties - 1;
            }
            max = V::load_f32(maxima.as_ptr().cast());
        }
        // The same as dividing by -8: a power of two.
        let d = max.mul(V::splat(-0.125));
        let inverse = lanes(V::splat(1.0).div(d).finite_or_zero());
        let scales = halves(d);
        let middle = V::splat(8.5);
        for i in 0..V::LANES {
            let id = V::splat(inverse[i]);
            let mut block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            for v in block.as_mut() {
                *v = v.mul(id).add(middle);
            }
            let out = out.add(i * size_of::<Q4_0>());
            look_ahead::<V, E>(src.add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            V::store_nibbles(block, out.add(2));
        }
        true
    }
}

/// The first value of this magnitude.
#[cold]
fn first(x: &scalar::Values, magnitude: f32) -> f32 {
    x.iter().copied().find(|v| v.abs() == magnitude).unwrap_or(magnitude)
}

/// # Safety
/// The features of V; `src` and `out` are valid for LANES blocks.
#[inline(always)]
unsafe fn group_q4_1<V: Vector, E: Element>(src: *const u8, out: *mut u8) -> bool {
    // SAFETY: block i of the group is 32 values in and 20 bytes out.
    unsafe {
        let (bits, low, high) = extremes::<V, E>(src);
        let zero = V::splat(0.0);
        // Adding zero makes a negative zero positive, as x - x is.
        let d = high.sub(low).add(zero).div(V::splat(15.0));
        if !(bits.all_finite() && d.all_finite()) {
            return false;
        }
        let mut minima = lanes(low);
        // Of zeros of both signs the first is the minimum.
        let mut zeros = low.equal(zero);
        while zeros != 0 {
            let i = zeros.trailing_zeros() as usize;
            let block = std::slice::from_raw_parts(src.add(i * BLOCK * E::BYTES), BLOCK * E::BYTES);
            minima[i] = first(&scalar::load::<E>(block), 0.0);
            zeros &= zeros - 1;
        }
        let low = V::load_f32(minima.as_ptr().cast());
        let inverse = lanes(V::splat(1.0).div(d).finite_or_zero());
        let (scales, offsets) = (halves(d), halves(low));
        let half = V::splat(0.5);
        for i in 0..V::LANES {
            let (id, min) = (V::splat(inverse[i]), V::splat(minima[i]));
            let mut block = load_block::<V, E>(src.add(i * BLOCK * E::BYTES));
            for v in block.as_mut() {
                *v = v.sub(min).mul(id).add(half);
            }
            let out = out.add(i * size_of::<Q4_1>());
            look_ahead::<V, E>(src.add(i * BLOCK * E::BYTES), out);
            out.cast::<[u8; 2]>().write_unaligned(scales[i]);
            out.add(2).cast::<[u8; 2]>().write_unaligned(offsets[i]);
            V::store_nibbles(block, out.add(4));
        }
        true
    }
}

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

expand_by_groups!(expand_q8_0, Q8_0, |src, scale, _min| {
    let mut block = V::load_bytes(src.add(2));
    for v in block.as_mut() {
        *v = v.mul(scale);
    }
    block
});
expand_by_groups!(expand_q4_0, Q4_0, |src, scale, _min| {
    let mut block = V::load_nibbles(src.add(2));
    for v in block.as_mut() {
        *v = v.sub(V::splat(8.0)).mul(scale);
    }
    block
});
expand_by_groups!(expand_q4_1, Q4_1, |src, scale, min| {
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

/// The functions of one instruction set: the features named, and the kernels compiled for them.
macro_rules! kernels {
    ($features:literal, $vector:ty) => {
        use $crate::quant::generic;
        use $crate::quant::scalar::{Element, BF16, F16, F32};
        use $crate::Dtype;

        /// Quantizes a whole number of blocks.
        ///
        /// # Safety
        /// The processor has this module's features.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn quantize(from: Dtype, to: Dtype, src: &[u8], out: &mut [u8]) {
            match from {
                Dtype::F32 => from_float::<F32>(to, src, out),
                Dtype::F16 => from_float::<F16>(to, src, out),
                Dtype::BF16 => from_float::<BF16>(to, src, out),
                _ => panic!("{from} is not a float type"),
            }
        }

        #[target_feature(enable = $features)]
        unsafe fn from_float<E: Element>(to: Dtype, src: &[u8], out: &mut [u8]) {
            match to {
                Dtype::Q8_0 => generic::q8_0::<$vector, E>(src, out),
                Dtype::Q4_0 => generic::q4_0::<$vector, E>(src, out),
                Dtype::Q4_1 => generic::q4_1::<$vector, E>(src, out),
                _ => panic!("{to} is not a block format"),
            }
        }

        /// Expands a whole number of blocks.
        ///
        /// # Safety
        /// The processor has this module's features.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn dequantize(from: Dtype, src: &[u8], out: &mut [f32]) {
            match from {
                Dtype::Q8_0 => generic::expand_q8_0::<$vector>(src, out),
                Dtype::Q4_0 => generic::expand_q4_0::<$vector>(src, out),
                Dtype::Q4_1 => generic::expand_q4_1::<$vector>(src, out),
                _ => panic!("{from} is not a block format"),
            }
        }

        /// Casts to f32 or f16 as many values as fill vectors, and says how many.
        ///
        /// # Safety
        /// The processor has this module's features.
        #[target_feature(enable = $features)]
        pub(crate) unsafe fn cast(from: Dtype, to: Dtype, src: &[u8], out: &mut [u8]) -> usize {
            let half = to == Dtype::F16;
            match from {
                Dtype::F32 => generic::cast::<$vector, F32>(half, src, out),
                Dtype::F16 => generic::cast::<$vector, F16>(half, src, out),
                Dtype::BF16 => generic::cast::<$vector, BF16>(half, src, out),
                _ => panic!("{from} is not a float type"),
            }
        }
    };
}
pub(crate) use kernels;
