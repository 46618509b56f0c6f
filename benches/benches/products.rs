//! Products with frozen weights of every storage, by every set of kernels that this processor has, at the shapes
//! of a training step. The elements per second that are printed are additions and multiplications.
//! `RAYON_NUM_THREADS` sets the threads.

#[cfg(target_os = "linux")]
mod linux {
    use std::hint::black_box;
    use std::time::Duration;

    use criterion::{Criterion, Throughput};
    use t2sql_train::{
        product, Affine, Direction, Floats, FrozenWeight, Kernels, Product, ProjectionShape, Stored,
    };

    /// Rows, inputs and outputs: projections of SmolLM2-135M and Qwen2.5-0.5B at 8 examples of 56 and 78 tokens,
    /// and the head over some rows.
    const SIZES: [[usize; 3]; 7] = [
        [448, 576, 1536],
        [448, 1536, 576],
        [448, 576, 576],
        [448, 576, 192],
        [624, 896, 4864],
        [624, 896, 128],
        [160, 576, 49152],
    ];

    /// Numbers without a pattern, between -1 and 1.
    fn numbers(len: usize) -> Vec<f32> {
        let mut state = 1u32;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state as i32 as f32 / i32::MAX as f32
        };
        (0..len).map(|_| next()).collect()
    }

    pub fn products(c: &mut Criterion) {
        for (index, [rows, inputs, outputs]) in SIZES.into_iter().enumerate() {
            let floats = numbers(inputs * outputs);
            let halves: Vec<u16> = floats.iter().map(|x| (x.to_bits() >> 16) as u16).collect();
            let codes: Vec<u32> = floats.iter().map(|x| x.to_bits().wrapping_mul(77)).collect();
            let scales = numbers(inputs * outputs / 64);
            let affine = |bits: u32| {
                let floats = Floats::F32(&scales);
                let codes = &codes[..inputs * outputs * bits as usize / 32];
                Stored::Affine(Affine { codes, scales: floats, biases: floats, bits, group_size: 64 })
            };
            let storages = [
                ("float32", Stored::F32(&floats)),
                ("bfloat16", Stored::Bf16(&halves)),
                ("8 bits", affine(8)),
                ("4 bits", affine(4)),
            ];
            for direction in [Direction::Forward, Direction::Backward] {
                for (storage, stored) in storages {
                    let name = format!("products {rows}x{inputs}x{outputs} {direction:?} {storage}");
                    let mut group = c.benchmark_group(name);
                    group.throughput(Throughput::Elements(2 * (rows * inputs * outputs) as u64));
                    for kernels in Kernels::ALL.into_iter().filter(|kernels| kernels.available()) {
                        // The scalar path at the first size only: at others it takes seconds.
                        let is_slow = kernels == Kernels::Scalar && index > 0;
                        if is_slow || kernels == Kernels::Gemm && storage != "float32" {
                            continue;
                        }
                        let shape = ProjectionShape { inputs, outputs };
                        let weight = FrozenWeight { stored, kernels };
                        let what = Product { rows, shape, weight, direction };
                        let [x, out] = match direction {
                            Direction::Forward => [inputs, outputs],
                            Direction::Backward => [outputs, inputs],
                        };
                        let (x, mut out) = (numbers(rows * x), vec![0.0; rows * out]);
                        group.bench_function(kernels.name(), |b| {
                            b.iter(|| product(black_box(&what), black_box(&x), false, &mut out));
                        });
                    }
                }
            }
        }
    }

    pub fn settings() -> Criterion {
        Criterion::default()
            .sample_size(10)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(600))
    }
}

#[cfg(target_os = "linux")]
criterion::criterion_group! {
    name = products;
    config = linux::settings();
    targets = linux::products
}
#[cfg(target_os = "linux")]
criterion::criterion_main!(products);

#[cfg(not(target_os = "linux"))]
fn main() {}
