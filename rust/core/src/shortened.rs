//! Tests: a source that another process shortens after it was opened is an error on every path, no signal.

use std::fs::{self, OpenOptions};
use std::path::Path;

use tempfile::TempDir;

use crate::affine::Matrix;
use crate::change::Change;
use crate::job::{Input, Job, Scratch};
use crate::plan::{Affine, TensorPlan, TensorSource};
use crate::quant::Simd;
use crate::source::Source;
use crate::{gguf, Dtype, Error};

const ROWS: u64 = 512;
const COLUMNS: u64 = 512;

/// Zeros in a safetensors file: a float tensor `w`, and `codes`, `scales` and `biases` of 4 bits.
fn safetensors(dir: &TempDir) -> TensorSource {
    let mut offset = 0;
    let mut entry = |name: &str, dtype: &str, columns: u64, size: u64| {
        let start = offset;
        offset += ROWS * columns * size;
        format!(
            r#""{name}":{{"dtype":"{dtype}","shape":[{ROWS},{columns}],"data_offsets":[{start},{offset}]}}"#
        )
    };
    let entries = [
        entry("w", "F32", COLUMNS, 4),
        entry("codes", "U32", COLUMNS / 8, 4),
        entry("scales", "F16", COLUMNS / 64, 2),
        entry("biases", "F16", COLUMNS / 64, 2),
    ];
    let header = format!("{{{}}}", entries.join(","));
    let path = dir.path().join("x.safetensors");
    let bytes = [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &vec![0; offset as usize]].concat();
    fs::write(&path, bytes).unwrap();
    TensorSource { path, name: "w".into() }
}

/// Zeros in a GGUF: a Q8_0 tensor `w`.
fn gguf(dir: &TempDir) -> TensorSource {
    let layout = gguf::write::layout(&[], &[("w".into(), Dtype::Q8_0, vec![ROWS, COLUMNS])]).unwrap();
    let path = dir.path().join("x.gguf");
    let mut bytes = layout.header;
    bytes.resize(layout.file_size as usize, 0);
    fs::write(&path, bytes).unwrap();
    TensorSource { path, name: "w".into() }
}

fn plan(source: TensorSource) -> TensorPlan {
    TensorPlan::new("w", source, vec![ROWS, COLUMNS], Dtype::Q4_0)
}

fn input<'a>(plan: &'a TensorPlan, source: &'a Source) -> Input<'a> {
    let view = |name| source.view(name).unwrap();
    match &plan.affine {
        None => Input::Stored(view(&plan.source.name)),
        Some(affine) => {
            let floats = [view(&affine.scales.name), view(&affine.biases.name)];
            Input::Affine(Matrix::new("w", &plan.shape, affine, view("codes"), floats).unwrap())
        }
    }
}

fn shorten(path: &Path, len: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(len).unwrap();
}

/// Converts once, then shortens the file to `len` bytes and converts again.
#[track_caller]
fn check(plan: &TensorPlan, len: u64) {
    let source = Source::open(&plan.source.path).unwrap();
    let change = Change::new(plan, |from| source.view(&from.name)).unwrap();
    let job = Job::new(plan, input(plan, &source), change, 0).unwrap();
    let convert = || {
        let mut scratch = Scratch::default();
        job.pieces().try_for_each(|piece| job.convert(Simd::Scalar, piece, &mut scratch).map(drop))
    };
    convert().unwrap();
    shorten(&plan.source.path, len);
    let result = convert();
    // The emulator that runs the tests for aarch64 ignores MADV_POPULATE_READ: zeros are read there.
    if cfg!(target_arch = "x86_64") {
        assert!(matches!(result, Err(Error::Changed { .. })), "{result:?}");
    }
    assert!(matches!(source.check_unchanged(), Err(Error::Changed { .. })));
}

#[test]
fn plain_and_permuted_rows() {
    for permute_heads in [0, 1, 4] {
        let dir = tempfile::tempdir().unwrap();
        let plan = TensorPlan { permute_heads, ..plan(safetensors(&dir)) };
        check(&plan, 300_000);
    }
}

#[test]
fn blocks_of_a_gguf() {
    let dir = tempfile::tempdir().unwrap();
    check(&plan(gguf(&dir)), 100_000);
}

#[test]
fn codes_scales_and_biases_of_an_mlx_matrix() {
    // The file ends within the codes; at the scales; within the biases.
    let floats = ROWS * COLUMNS / 64 * 2;
    for (lost, permute_heads) in [(3 * floats, 0), (2 * floats, 4), (floats - 4096, 0)] {
        let dir = tempfile::tempdir().unwrap();
        let source = safetensors(&dir);
        let named = |name: &str| TensorSource { path: source.path.clone(), name: name.into() };
        let affine = Affine { bits: 4, group_size: 64, scales: named("scales"), biases: named("biases") };
        let plan = TensorPlan { affine: Some(affine), permute_heads, ..plan(named("codes")) };
        let len = fs::metadata(&source.path).unwrap().len();
        check(&plan, len - lost);
    }
}
