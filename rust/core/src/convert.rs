//! The one streaming pass: mapped input, pieces of tensors converted on worker threads, each written
//! at its place in a preallocated file. Memory is a few pieces per thread, whatever the model's size.

use std::collections::{BTreeMap, HashMap};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::affine::{Affine, Matrix};
use crate::dtype::Dtype;
use crate::error::{Error, Result};
use crate::gguf::{self, Value};
use crate::job::{Job, Scratch};
use crate::parallel;
use crate::quant::Simd;
use crate::source::Source;
pub use crate::source::{read_gguf, read_safetensors};
use crate::target::{self, Target};

/// One tensor of the file to write.
#[derive(Clone, Debug)]
pub struct TensorPlan {
    /// Its name in the GGUF.
    pub name: String,
    /// The safetensors or GGUF file it comes from, and its name there.
    pub path: PathBuf,
    pub source: String,
    /// The shape it must have there, row-major.
    pub shape: Vec<u64>,
    pub dtype: Dtype,
    /// Llama's q and k: with n heads, rows go from (n, 2, half) to (n, half, 2). 0 leaves them.
    pub permute_heads: u64,
    /// Added to every element, in float32, before anything else.
    pub add: f32,
    /// Set when the source holds an MLX matrix's codes; `shape` is then the matrix's own.
    pub affine: Option<Affine>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// None: one per core.
    pub threads: Option<usize>,
    /// Replace a file that is there, once the new one is whole.
    pub force: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    pub bytes: u64,
    pub tensors: usize,
    /// Tensors of each type.
    pub types: BTreeMap<&'static str, usize>,
}

/// How far the pass is, in source bytes.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    pub done: u64,
    pub total: u64,
    pub tensor: &'a str,
}

/// One file to write: a GGUF v3 with this metadata and these tensors, in this order.
#[derive(Clone, Debug)]
pub struct FilePlan {
    pub path: PathBuf,
    pub metadata: Vec<(String, Value)>,
    pub tensors: Vec<TensorPlan>,
}

/// Writes one file; see `write_files`.
pub fn write_gguf(
    out: &Path,
    metadata: &[(String, Value)],
    plans: &[TensorPlan],
    options: Options,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Summary> {
    let file = FilePlan { path: out.into(), metadata: metadata.into(), tensors: plans.into() };
    write_files(&[file], options, progress)
}

/// Writes a set of files in one pass; they appear together, when all are whole. `progress` is called on
/// this thread many times a second; `Break` cancels.
pub fn write_files(
    files: &[FilePlan],
    options: Options,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Summary> {
    let simd = Simd::active()?;
    let sources = open_sources(files)?;
    let mut jobs = Vec::new();
    let mut layouts = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let shapes: Vec<_> =
            file.tensors.iter().map(|p| (p.name.clone(), p.dtype, p.shape.clone())).collect();
        let layout = gguf::write::layout(&file.metadata, &shapes)?;
        for (plan, placed) in file.tensors.iter().zip(&layout.tensors) {
            jobs.push((number, job_of(plan, &sources, placed.offset)?));
        }
        layouts.push(layout);
    }
    let mut targets = Vec::new();
    for (file, layout) in files.iter().zip(&layouts) {
        let target = Target::create(&file.path, layout.file_size, options.force)?;
        target.write_at(&layout.header, 0)?;
        targets.push(target);
    }
    let pieces: Vec<(usize, Range<u64>)> =
        jobs.iter().enumerate().flat_map(|(i, (_, job))| job.pieces().map(move |range| (i, range))).collect();

    let total: u64 = jobs.iter().map(|(_, job)| job.src.len() as u64).sum();
    let (done, current) = (AtomicU64::new(0), AtomicUsize::new(0));
    let mut poll = || {
        let tensor = jobs.get(current.load(Ordering::Relaxed)).map_or("", |(_, job)| &job.plan.name);
        progress(Progress { done: done.load(Ordering::Relaxed), total, tensor })
    };
    let work = |i: usize, scratch: &mut Scratch| {
        let (number, range) = &pieces[i];
        current.store(*number, Ordering::Relaxed);
        let (file, job) = &jobs[*number];
        let converted = job.convert(simd, range.clone(), scratch)?;
        targets[*file].write_at(converted, job.offset + range.start * job.unit_out as u64)?;
        done.fetch_add((range.end - range.start) * job.unit_in as u64, Ordering::Relaxed);
        Ok(())
    };
    parallel::run(pieces.len(), parallel::threads(options.threads), &mut poll, &work)?;
    if poll().is_break() {
        return Err(Error::Cancelled);
    }
    sources.values().try_for_each(Source::check_unchanged)?;
    target::finish(targets, &mut poll)?;
    let mut types = BTreeMap::new();
    jobs.iter().for_each(|(_, job)| *types.entry(job.plan.dtype.name()).or_insert(0) += 1);
    let bytes = layouts.iter().map(|layout| layout.file_size).sum();
    Ok(Summary { bytes, tensors: jobs.len(), types })
}

/// Every input file, once.
fn open_sources(files: &[FilePlan]) -> Result<HashMap<&Path, Source>> {
    let mut sources = HashMap::new();
    for plan in files.iter().flat_map(|file| &file.tensors) {
        let further = plan.affine.iter().flat_map(|a| [&a.scales.0, &a.biases.0]);
        for path in std::iter::once(&plan.path).chain(further) {
            if !sources.contains_key(path.as_path()) {
                sources.insert(path.as_path(), Source::open(path)?);
            }
        }
    }
    Ok(sources)
}

fn job_of<'a>(plan: &'a TensorPlan, sources: &'a HashMap<&Path, Source>, offset: u64) -> Result<Job<'a>> {
    let Some(affine) = &plan.affine else {
        return Job::new(plan, sources[plan.path.as_path()].view(&plan.source)?, offset);
    };
    let view = |(path, name): &'a (PathBuf, String)| sources[path.as_path()].view(name);
    let codes = sources[plan.path.as_path()].raw(&plan.source)?;
    let (scales, biases) = (view(&affine.scales)?, view(&affine.biases)?);
    Job::of_matrix(plan, Matrix::new(&plan.source, &plan.shape, affine, codes, scales, biases)?, offset)
}
