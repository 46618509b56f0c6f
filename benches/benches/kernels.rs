//! Each kernel, format, instruction set and source type, within the cache and beyond it. Bytes per
//! second are of the float side: what is read when quantizing, what is written when expanding.

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use t2sql_benches::{as_type, weights};
use t2sql_core::quant::Simd;
use t2sql_core::Dtype;

const SIZES: [(&str, usize); 2] = [("in cache", 64 << 10), ("beyond cache", 16 << 20)];
const BLOCKS: [Dtype; 3] = [Dtype::Q8_0, Dtype::Q4_1, Dtype::Q4_0];

fn sets() -> impl Iterator<Item = Simd> {
    Simd::ALL.into_iter().filter(|simd| simd.available())
}

fn quantize(c: &mut Criterion) {
    for (place, len) in SIZES {
        let values = weights(len);
        for from in [Dtype::F32, Dtype::F16, Dtype::BF16] {
            let src = as_type(&values, from);
            for to in BLOCKS {
                let mut out = vec![0; to.bytes(len as u64).unwrap() as usize];
                let mut group = c.benchmark_group(format!("quantize {from} to {to}, {place}"));
                group.throughput(Throughput::Bytes(src.len() as u64));
                for simd in sets() {
                    group.bench_function(simd.name(), |b| {
                        b.iter(|| simd.convert(from, to, black_box(&src), black_box(&mut out)));
                    });
                }
            }
        }
    }
}

fn dequantize(c: &mut Criterion) {
    for (place, len) in SIZES {
        let values = weights(len);
        for from in BLOCKS {
            let mut src = vec![0; from.bytes(len as u64).unwrap() as usize];
            Simd::Scalar.convert(Dtype::F32, from, &values, &mut src);
            let mut out = vec![0.0f32; len];
            let mut group = c.benchmark_group(format!("dequantize {from}, {place}"));
            group.throughput(Throughput::Bytes(4 * len as u64));
            for simd in sets() {
                group.bench_function(simd.name(), |b| {
                    b.iter(|| simd.dequantize(from, black_box(&src), black_box(&mut out)));
                });
            }
        }
    }
}

fn cast(c: &mut Criterion) {
    let values = weights(64 << 10);
    for (from, to) in [(Dtype::F32, Dtype::F16), (Dtype::F16, Dtype::F32), (Dtype::F32, Dtype::BF16)] {
        let src = as_type(&values, from);
        let mut out = vec![0; (64 << 10) * to.block_bytes() as usize];
        let mut group = c.benchmark_group(format!("cast {from} to {to}, in cache"));
        group.throughput(Throughput::Bytes(src.len() as u64));
        for simd in sets() {
            group.bench_function(simd.name(), |b| {
                b.iter(|| simd.convert(from, to, black_box(&src), black_box(&mut out)));
            });
        }
    }
}

/// What memory allows: a copy between arrays beyond the cache.
fn copy(c: &mut Criterion) {
    let src = weights(16 << 20);
    let mut out = vec![0; src.len()];
    let mut group = c.benchmark_group("copy, beyond cache");
    group.throughput(Throughput::Bytes(src.len() as u64));
    group.bench_function("memcpy", |b| b.iter(|| black_box(&mut out).copy_from_slice(black_box(&src))));
}

criterion_group! {
    name = kernels;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800));
    targets = copy, quantize, dequantize, cast
}
criterion_main!(kernels);
