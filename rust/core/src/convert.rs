//! The one streaming pass: mapped inputs, pieces of tensors converted on worker threads, and each piece
//! written at its place in a preallocated file. It takes a few pieces of memory for each thread, whatever the
//! model's size.

use std::collections::{BTreeMap, HashMap};
use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::affine::Matrix;
use crate::change::Change;
use crate::error::{Error, Result};
use crate::gguf;
use crate::job::{Input, Job, Scratch};
use crate::parallel;
use crate::plan::{FilePlan, Header, TensorPlan, TensorSource};
use crate::quant::Simd;
use crate::safetensors_write;
use crate::source::{Source, View};
use crate::target::{self, Target};

/// How files are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How many threads convert; None for one on each core.
    pub threads: Option<usize>,
    /// Replace a file that exists, once the new one is complete.
    pub force: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// Bytes of all files.
    pub bytes: u64,
    /// Tensors in all files.
    pub tensors: usize,
    /// How many tensors have each type, by the type's name.
    pub types: BTreeMap<&'static str, usize>,
    /// The largest change of a weight by an adapter, in float32; 0 without one.
    pub max_change: f32,
}

/// How far the pass has come.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Source bytes that are converted.
    pub done: u64,
    /// Source bytes in all.
    pub total: u64,
    /// The tensor that was begun last.
    pub tensor: &'a str,
}

/// Writes a set of files in one pass. They appear together once all are complete; on an error none appears.
///
/// `progress` is called on this thread many times a second; `Break` cancels. The bytes do not depend on the
/// number of threads.
///
/// # Errors
/// [`Error::Argument`] and [`Error::Tensor`] for a plan that cannot be carried out, the errors of reading and
/// writing files, and [`Error::Cancelled`].
///
/// ```
/// use std::ops::ControlFlow;
/// use t2sql_core::convert::{write_files, Options};
/// use t2sql_core::plan::{FilePlan, Header, TensorPlan, TensorSource};
/// use t2sql_core::Dtype;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let dir = tempfile::tempdir()?;
/// let input = dir.path().join("model.safetensors");
/// let header = br#"{"w":{"dtype":"F32","shape":[32],"data_offsets":[0,128]}}"#;
/// std::fs::write(&input, [&(header.len() as u64).to_le_bytes(), &header[..], &[0; 128]].concat())?;
///
/// let source = TensorSource { path: input, name: "w".into() };
/// let tensor = TensorPlan::new("w", source, vec![32], Dtype::Q8_0);
/// let out = dir.path().join("model.gguf");
/// let file = FilePlan { path: out.clone(), header: Header::Gguf(vec![]), tensors: vec![tensor] };
/// let summary = write_files(&[file], Options::default(), &mut |_| ControlFlow::Continue(()))?;
/// assert_eq!(summary.types["q8_0"], 1);
/// assert_eq!(t2sql_core::gguf::read_file(&out)?.tensors[0].nbytes, 34);
/// # Ok(())
/// # }
/// ```
pub fn write_files(
    files: &[FilePlan],
    options: Options,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Summary> {
    let simd = Simd::active()?;
    let sources = open_sources(files)?;
    // Each job with the index of the file that it writes to.
    let mut jobs: Vec<(usize, Job)> = Vec::new();
    let mut layouts = Vec::new();
    for (file_index, file) in files.iter().enumerate() {
        let tensors: Vec<_> =
            file.tensors.iter().map(|plan| (plan.name.clone(), plan.dtype, plan.shape.clone())).collect();
        let layout = match &file.header {
            Header::Gguf(metadata) => gguf::write::layout(metadata, &tensors)?,
            Header::Safetensors(metadata) => safetensors_write::layout(metadata, &tensors)?,
        };
        for (plan, tensor) in file.tensors.iter().zip(&layout.tensors) {
            let change = Change::new(plan, |source| view_of(source, &sources))?;
            jobs.push((file_index, Job::new(plan, input_of(plan, &sources)?, change, tensor.offset)?));
        }
        layouts.push(layout);
    }
    let mut targets = Vec::new();
    for (file, layout) in files.iter().zip(&layouts) {
        let target = Target::create(&file.path, layout.file_size, options.force)?;
        target.write_at(&layout.header, 0)?;
        targets.push(target);
    }
    // Each piece with the index of its job.
    let pieces: Vec<(usize, Range<u64>)> = jobs
        .iter()
        .enumerate()
        .flat_map(|(job_index, (_, job))| job.pieces().map(move |piece| (job_index, piece)))
        .collect();

    let total = jobs.iter().map(|(_, job)| job.source_bytes()).sum();
    let (done, begun_job) = (AtomicU64::new(0), AtomicUsize::new(0));
    let mut poll = || {
        let tensor = jobs.get(begun_job.load(Ordering::Relaxed)).map_or("", |(_, job)| &job.plan.name);
        progress(Progress { done: done.load(Ordering::Relaxed), total, tensor })
    };
    let work = |piece_index: usize, scratch: &mut Scratch| {
        let (job_index, piece) = &pieces[piece_index];
        begun_job.store(*job_index, Ordering::Relaxed);
        let (file_index, job) = &jobs[*job_index];
        let converted = job.convert(simd, piece.clone(), scratch)?;
        targets[*file_index].write_at(converted, job.piece_offset(piece))?;
        done.fetch_add(job.piece_bytes(piece), Ordering::Relaxed);
        Ok(())
    };
    parallel::run(pieces.len(), parallel::thread_count(options.threads), &mut poll, &work)?;
    if poll().is_break() {
        return Err(Error::Cancelled);
    }
    sources.values().try_for_each(Source::check_unchanged)?;
    target::publish_all(targets, &mut poll)?;
    let mut types = BTreeMap::new();
    jobs.iter().for_each(|(_, job)| *types.entry(job.plan.dtype.name()).or_insert(0) += 1);
    let bytes = layouts.iter().map(|layout| layout.file_size).sum();
    let max_change = jobs.iter().map(|(_, job)| job.max_change()).fold(0.0, f32::max);
    Ok(Summary { bytes, tensors: jobs.len(), types, max_change })
}

/// Opens every input file once.
fn open_sources(files: &[FilePlan]) -> Result<HashMap<&Path, Source>> {
    let mut sources = HashMap::new();
    for source in files.iter().flat_map(|file| &file.tensors).flat_map(TensorPlan::sources) {
        if !sources.contains_key(source.path.as_path()) {
            sources.insert(source.path.as_path(), Source::open(&source.path)?);
        }
    }
    Ok(sources)
}

fn view_of<'a>(source: &'a TensorSource, sources: &'a HashMap<&Path, Source>) -> Result<View<'a>> {
    sources[source.path.as_path()].view(&source.name)
}

fn input_of<'a>(plan: &'a TensorPlan, sources: &'a HashMap<&Path, Source>) -> Result<Input<'a>> {
    let stored = view_of(&plan.source, sources)?;
    let Some(affine) = &plan.affine else { return Ok(Input::Stored(stored)) };
    let floats = [view_of(&affine.scales, sources)?, view_of(&affine.biases, sources)?];
    Ok(Input::Affine(Matrix::new(&plan.source.name, &plan.shape, affine, stored, floats)?))
}
