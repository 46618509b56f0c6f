//! Products of every kind against sums in float64, with the bounds that their roundings allow.

use half::f16;

use super::weight::{round, widen, widen_f16};
use super::{product, Affine, Direction, Floats, FrozenWeight, Kernels, Product, Stored};
use crate::spec::ProjectionShape;

/// Numbers between -1 and 1 without a pattern.
fn numbers(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as f32 / u32::MAX as f32 * 2.0 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// A matrix's value at an index.
type ValueAt<'a> = Box<dyn Fn(usize) -> f32 + 'a>;

/// A matrix in one of the ways to store it.
struct Matrix {
    floats: Vec<f32>,
    /// In float16, and in bfloat16.
    halves: [Vec<u16>; 2],
    codes: Vec<u32>,
    scales: [Vec<u16>; 2],
    /// Bits and group size; None for floats.
    affine: Option<(u32, usize)>,
}

impl Matrix {
    const KINDS: [Option<(u32, usize)>; 6] =
        [None, Some((4, 32)), Some((4, 64)), Some((8, 32)), Some((8, 64)), Some((8, 128))];

    fn new(len: usize, affine: Option<(u32, usize)>) -> Matrix {
        let floats = numbers(len, 1);
        let in_f16 = floats.iter().map(|&x| f16::from_f32(x).to_bits()).collect();
        let halves = [in_f16, floats.iter().map(|&x| round(x)).collect()];
        let (mut codes, mut scales) = (Vec::new(), [Vec::new(), Vec::new()]);
        if let Some((bits, group)) = affine {
            codes =
                numbers(len * bits as usize / 32, 2).iter().map(|x| x.to_bits().wrapping_mul(77)).collect();
            let largest = if bits == 4 { 16.0 } else { 256.0 };
            for (scales, factor) in scales.iter_mut().zip([1.0 / largest, 1.0]) {
                *scales =
                    numbers(len / group, bits).iter().map(|x| f16::from_f32(x * factor).to_bits()).collect();
            }
        }
        Matrix { floats, halves, codes, scales, affine }
    }

    /// All ways in which this one is stored, and each's value at an index by the definition.
    fn stored(&self) -> Vec<(Stored<'_>, ValueAt<'_>)> {
        let Some((bits, group_size)) = self.affine else {
            return vec![
                (Stored::F32(&self.floats), Box::new(|i| self.floats[i])),
                (Stored::F16(&self.halves[0]), Box::new(|i| f16::from_bits(self.halves[0][i]).to_f32())),
                (Stored::Bf16(&self.halves[1]), Box::new(|i| widen(self.halves[1][i]))),
            ];
        };
        let affine = Affine {
            codes: &self.codes,
            scales: Floats::F16(&self.scales[0]),
            biases: Floats::F16(&self.scales[1]),
            bits,
            group_size,
        };
        let value = move |i: usize| {
            let bit = i * bits as usize;
            let code = self.codes[bit / 32] >> (bit % 32) & ((1 << bits) - 1);
            let [scale, bias] = [0, 1].map(|part| f16::from_bits(self.scales[part][i / group_size]).to_f32());
            scale * code as f32 + bias
        };
        vec![(Stored::Affine(affine), Box::new(value))]
    }
}

fn available() -> impl Iterator<Item = Kernels> {
    Kernels::ALL.into_iter().filter(|kernels| kernels.available())
}

/// Rows, inputs, outputs: whole tiles, their edges, several blocks of positions, single rows.
const SIZES: [[usize; 3]; 5] = [[96, 128, 128], [1, 384, 32], [75, 128, 200], [33, 512, 161], [7, 1536, 40]];

fn check(kernels: Kernels, threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    for [rows, inputs, outputs] in SIZES {
        for affine in Matrix::KINDS {
            let matrix = Matrix::new(inputs * outputs, affine);
            for (stored, value) in matrix.stored() {
                let round = |x| if kernels.is_bf16() { widen(round(x)) } else { x };
                let values: Vec<f32> = (0..inputs * outputs).map(|i| round(value(i))).collect();
                for direction in [Direction::Forward, Direction::Backward] {
                    let shape = ProjectionShape { inputs, outputs };
                    let weight = FrozenWeight { stored, kernels };
                    let what = Product { rows, shape, weight, direction };
                    let (columns, positions) =
                        if direction == Direction::Forward { (outputs, inputs) } else { (inputs, outputs) };
                    let x = numbers(rows * positions, 3);
                    // Both factors are numbers that the kernel has too: what is left are its sums.
                    let factors: Vec<f32> = x.iter().map(|&x| round(x)).collect();
                    for add in [false, true] {
                        let before = numbers(rows * columns, 4);
                        let mut out = before.clone();
                        pool.install(|| product(&what, &x, add, &mut out));
                        for i in 0..out.len() {
                            let (row, column) = (i / columns, i % columns);
                            let (mut sum, mut size) = (0.0f64, 0.0f64);
                            for position in 0..positions {
                                let at = match direction {
                                    Direction::Forward => column * inputs + position,
                                    Direction::Backward => position * inputs + column,
                                };
                                let (x, w) = (factors[row * positions + position], values[at]);
                                sum += f64::from(x) * f64::from(w);
                                size += (f64::from(x) * f64::from(w)).abs();
                            }
                            if add {
                                sum += f64::from(before[i]);
                                size += f64::from(before[i]).abs();
                            }
                            // A sum of n terms in float32, in any order, errs by less than n 2^-24 of the
                            // terms' sizes (Higham 2002, section 4.2); BFMMLA rounds to odd, twice as far.
                            let bound = (positions + 2) as f64 * 2f64.powi(-23) * size + 1e-30;
                            let error = (f64::from(out[i]) - sum).abs();
                            assert!(
                                error <= bound,
                                "{kernels} {affine:?} {direction:?} {rows} {inputs} {outputs} add {add}: \
                                 {} and {sum} at {row}, {column}",
                                out[i]
                            );
                        }
                    }
                }
            }
        }
    }
}

/// A test for each set of kernels. What this processor lacks is said, and passes.
macro_rules! check {
    ($($name:ident $kernels:ident)+) => {
        $(#[test]
        fn $name() {
            if Kernels::$kernels.available() {
                check(Kernels::$kernels, 2);
            } else {
                println!("not available here: {}", Kernels::$kernels);
            }
        })+
    };
}

check! {
    products_of_gemm Gemm
    products_without_vectors Scalar
    products_of_avx2 Avx2
    products_of_avx512 Avx512
    products_of_avx512_bf16 Avx512Bf16
    products_of_amx Amx
    products_of_neon Neon
    products_of_bfmmla NeonBf16
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    for kernels in available() {
        for affine in [None, Some((4, 64))] {
            let (rows, shape) = (75, ProjectionShape { inputs: 576, outputs: 192 });
            let matrix = Matrix::new(shape.inputs * shape.outputs, affine);
            for (stored, _) in matrix.stored() {
                for direction in [Direction::Forward, Direction::Backward] {
                    let what = Product { rows, shape, weight: FrozenWeight { stored, kernels }, direction };
                    let [x, out] = match direction {
                        Direction::Forward => [shape.inputs, shape.outputs],
                        Direction::Backward => [shape.outputs, shape.inputs],
                    };
                    let x = numbers(rows * x, 5);
                    let with = |threads| {
                        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                        let mut out = vec![0.0; rows * out];
                        pool.install(|| product(&what, &x, false, &mut out));
                        out
                    };
                    assert_eq!(with(1), with(2), "{kernels}");
                    assert_eq!(with(1), with(7), "{kernels}");
                }
            }
        }
    }
}

#[test]
fn float32_vectors_sum_in_one_order() {
    let shape = ProjectionShape { inputs: 512, outputs: 200 };
    let matrix = Matrix::new(shape.inputs * shape.outputs, Some((4, 64)));
    let x = numbers(33 * shape.inputs, 6);
    for (stored, value) in matrix.stored() {
        let fused = |row: usize, column: usize| {
            let block = |start: usize| {
                (start..start + 256).fold(0.0f32, |sum, i| {
                    x[row * shape.inputs + i].mul_add(value(column * shape.inputs + i), sum)
                })
            };
            block(0) + block(256)
        };
        let vectors = [Kernels::Avx2, Kernels::Avx512, Kernels::Neon];
        for kernels in vectors.into_iter().filter(|kernels| kernels.available()) {
            let weight = FrozenWeight { stored, kernels };
            let mut out = vec![0.0; 33 * shape.outputs];
            product(&Product { rows: 33, shape, weight, direction: Direction::Forward }, &x, false, &mut out);
            for (row, column) in [(0, 0), (5, 17), (32, 199), (11, 96)] {
                assert_eq!(out[row * shape.outputs + column], fused(row, column), "{kernels}");
            }
        }
    }
}

#[test]
fn what_is_not_finite_stays_so() {
    let shape = ProjectionShape { inputs: 32, outputs: 32 };
    let weight = vec![1.0; 32 * 32];
    for kernels in available() {
        let weight = FrozenWeight { stored: Stored::F32(&weight), kernels };
        for bad in [f32::NAN, f32::from_bits(0x7fff_ffff), f32::INFINITY] {
            let mut x = vec![1.0; 32];
            x[5] = bad;
            let mut out = vec![0.0; 32];
            product(&Product { rows: 1, shape, weight, direction: Direction::Forward }, &x, false, &mut out);
            assert!(out.iter().all(|x| !x.is_finite()), "{kernels}");
        }
    }
}

#[test]
fn rounding_is_to_the_nearest_bfloat16_and_ties_go_to_even() {
    assert_eq!(
        [1.0, 1.0 + 1.0 / 256.0, 1.0 + 3.0 / 256.0, -2.5].map(round),
        [0x3f80, 0x3f80, 0x3f82, 0xc020]
    );
    assert!(widen(round(f32::from_bits(0xffff_ffff))).is_nan());
    assert_eq!(round(f32::MAX), 0x7f80);
}

#[test]
#[should_panic(expected = "as long as its sizes say")]
fn groups_that_do_not_divide_a_row_are_refused() {
    let floats = Floats::F32(&[1.0; 2]);
    let affine = Affine { codes: &[0; 12], scales: floats, biases: floats, bits: 4, group_size: 64 };
    let weight = FrozenWeight { stored: Stored::Affine(affine), kernels: Kernels::Scalar };
    let shape = ProjectionShape { inputs: 96, outputs: 1 };
    product(
        &Product { rows: 1, shape, weight, direction: Direction::Forward },
        &[0.0; 96],
        false,
        &mut [0.0],
    );
}

#[test]
fn every_float16_is_widened_as_the_crate_half_does() {
    for bits in 0..=u16::MAX {
        let (ours, theirs) = (widen_f16(bits), f16::from_bits(bits).to_f32());
        assert!(ours.to_bits() == theirs.to_bits() || ours.is_nan() && theirs.is_nan(), "{bits:#x}");
    }
}
