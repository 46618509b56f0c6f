//! Each kernel, format, instruction set and source type, within the cache and beyond it. Bytes per second count
//! the floats: those read when quantizing, those written when dequantizing.

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use t2sql_benches::{as_type, weights};
use t2sql_core::quant::Simd;
use t2sql_core::{BlockFormat, Encoding, Float};

const SIZES: [(&str, usize); 2] = [("in cache", 64 << 10), ("beyond cache", 16 << 20)];

fn sets() -> impl Iterator<Item = Simd> {
    Simd::ALL.into_iter().filter(|simd| simd.available())
}

fn quantize(c: &mut Criterion) {
    for (place, len) in SIZES {
        let values = weights(len);
        for from in Float::ALL {
            let src = as_type(&values, from);
            for to in BlockFormat::ALL {
                let mut out = vec![0; Encoding::Block(to).bytes(len).unwrap()];
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
        for from in BlockFormat::ALL {
            let mut src = vec![0; Encoding::Block(from).bytes(len).unwrap()];
            Simd::Scalar.convert(Float::F32, from, &values, &mut src);
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
    for (from, to) in [(Float::F32, Float::F16), (Float::F16, Float::F32), (Float::F32, Float::Bf16)] {
        let src = as_type(&values, from);
        let mut out = vec![0; (64 << 10) * to.size()];
        let mut group = c.benchmark_group(format!("cast {from} to {to}, in cache"));
        group.throughput(Throughput::Bytes(src.len() as u64));
        for simd in sets() {
            group.bench_function(simd.name(), |b| {
                b.iter(|| simd.convert(from, to, black_box(&src), black_box(&mut out)));
            });
        }
    }
}

/// The limit that memory sets: a copy between arrays beyond the cache.
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
