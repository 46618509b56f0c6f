//! The streaming pass, file to file with a warm cache, beside a plain copy of the source.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use criterion::{criterion_group, criterion_main, BatchSize, Bencher, Criterion, Throughput};
use t2sql_benches::safetensors;
use t2sql_core::convert::{write_files, Options};
use t2sql_core::plan::{FilePlan, Header, TensorPlan, TensorSource};
use t2sql_core::quant::Rounding;
use t2sql_core::{BlockFormat, Encoding, Float};

const TENSORS: usize = 16;
const SHAPE: [u64; 2] = [4096, 1024];

fn write(out: &Path, plans: &[TensorPlan], threads: usize) {
    let options = Options { threads: Some(threads), force: false };
    let file = FilePlan { path: out.into(), header: Header::Gguf(vec![]), tensors: plans.into() };
    write_files(&[file], options, &mut |_| ControlFlow::Continue(())).expect("written");
}

/// Times the making of a new file. Replacing one is other work, for a copy as well.
fn new_file(b: &mut Bencher, out: &Path, make: impl Fn()) {
    b.iter_batched(|| drop(std::fs::remove_file(out)), |()| make(), BatchSize::PerIteration);
}

fn plans(source: &Path, to: Encoding, rounding: Rounding) -> Vec<TensorPlan> {
    let plan = |i: usize| {
        let name = format!("w{i}");
        let source = TensorSource { path: source.into(), name: name.clone() };
        TensorPlan { rounding, ..TensorPlan::new(name, source, SHAPE.into(), to.into()) }
    };
    (0..TENSORS).map(plan).collect()
}

fn convert(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    for from in [Float::F32, Float::Bf16] {
        let source = dir.path().join(from.to_string());
        safetensors(&source, from, TENSORS, SHAPE[0] as usize, SHAPE[1] as usize)
            .expect("room for the source");
        let mut group = c.benchmark_group(format!("{from} safetensors to"));
        group.throughput(Throughput::Bytes(source.metadata().expect("written").len()));
        group.bench_function("copy", |b| {
            new_file(b, &out, || {
                std::fs::copy(&source, &out).expect("copied");
            })
        });
        for to in Encoding::ALL {
            let plans = plans(&source, to, Rounding::Reference);
            for threads in [1, 2] {
                group.bench_function(format!("{to}, {threads} threads"), |b| {
                    new_file(b, &out, || write(&out, &plans, threads));
                });
            }
        }
    }
}

fn quantize(c: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (weights, source, out) = (dir.path().join("weights"), dir.path().join("f32"), dir.path().join("out"));
    safetensors(&weights, Float::F32, TENSORS, SHAPE[0] as usize, SHAPE[1] as usize).expect("room");
    write(&source, &plans(&weights, Float::F32.into(), Rounding::Reference), 2);
    let mut group = c.benchmark_group("f32 GGUF to");
    group.throughput(Throughput::Bytes(source.metadata().expect("written").len()));
    for to in BlockFormat::ALL {
        for rounding in [Rounding::Reference, Rounding::Fitted] {
            if rounding == Rounding::Fitted && to.block_len() != 32 {
                continue; // the reference's bytes
            }
            let plans = plans(&source, to.into(), rounding);
            let name = if rounding == Rounding::Fitted { " fitted" } else { "" };
            for threads in [1, 2] {
                group.bench_function(format!("{to}{name}, {threads} threads"), |b| {
                    new_file(b, &out, || write(&out, &plans, threads));
                });
            }
        }
    }
}

criterion_group! {
    name = files;
    config = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(4));
    targets = convert, quantize
}
criterion_main!(files);
