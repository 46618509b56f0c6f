//! Each kernel, format, instruction set and source type, within the cache and beyond it. Bytes per second count
//! the floats: those read when quantizing, those written when dequantizing.

use std::hint::black_box;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, Criterion, Throughput};
use t2sql_benches::{as_type, weights};
use t2sql_core::quant::{Rounding, Simd};
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

/// Fitted rounding of the formats that it changes, and the reference's with a weight for each column.
fn fit(c: &mut Criterion) {
    let len = 64 << 10;
    let values = weights(len);
    let x: Vec<f32> = values.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect();
    let column_weights: Vec<f32> = x[..4096].iter().map(|v| v * v).collect();
    for to in BlockFormat::ALL {
        let mut out = vec![0; Encoding::Block(to).bytes(len).unwrap()];
        let mut group = c.benchmark_group(format!("fit f32 to {to}, in cache"));
        group.throughput(Throughput::Bytes(values.len() as u64));
        for simd in sets() {
            if to.block_len() == 32 {
                group.bench_function(simd.name(), |b| {
                    let (from, rounding) = (Float::F32, Rounding::Fitted);
                    b.iter(|| rounding.quantize(simd, from, to, black_box(&values), black_box(&mut out)));
                });
            }
            for rounding in [Rounding::Reference, Rounding::Fitted] {
                group.bench_function(format!("{}, weighted, {rounding:?}", simd.name()), |b| {
                    b.iter(|| {
                        let out = black_box(&mut out);
                        rounding.quantize_weighted(simd, to, black_box(&x), &column_weights, out)
                    });
                });
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
    targets = copy, quantize, fit, dequantize, cast
}
criterion_main!(kernels);
