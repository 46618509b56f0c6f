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
use crate::parallel;
use crate::quant::{self, block::BLOCK, Simd};
pub use crate::source::{read_gguf, read_safetensors};
use crate::source::{Source, View};
use crate::target::Target;

/// Bytes of source in a piece: with its output it stays within a core's own cache.
const PIECE: u64 = 1 << 20;

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

/// Writes a GGUF v3. `progress` is called on this thread many times a second; `Break` cancels.
pub fn write_gguf(
    out: &Path,
    metadata: &[(String, Value)],
    plans: &[TensorPlan],
    options: Options,
    progress: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<Summary> {
    let simd = Simd::active()?;
    let mut sources: HashMap<&Path, Source> = HashMap::new();
    for plan in plans {
        let further = plan.affine.iter().flat_map(|a| [&a.scales.0, &a.biases.0]);
        for path in std::iter::once(&plan.path).chain(further) {
            if !sources.contains_key(path.as_path()) {
                sources.insert(path, Source::open(path)?);
            }
        }
    }
    let shapes: Vec<_> = plans.iter().map(|p| (p.name.clone(), p.dtype, p.shape.clone())).collect();
    let layout = gguf::write::layout(metadata, &shapes)?;
    let jobs = plans
        .iter()
        .zip(&layout.tensors)
        .map(|(plan, placed)| match &plan.affine {
            None => Job::new(plan, sources[plan.path.as_path()].view(&plan.source)?, placed.offset),
            Some(affine) => {
                let view = |(path, name): &'_ (PathBuf, String)| sources[path.as_path()].view(name);
                let codes = sources[plan.path.as_path()].raw(&plan.source)?;
                let (scales, biases) = (view(&affine.scales)?, view(&affine.biases)?);
                let matrix = Matrix::new(&plan.source, &plan.shape, affine, codes, scales, biases)?;
                Job::of_matrix(plan, matrix, placed.offset)
            }
        })
        .collect::<Result<Vec<_>>>()?;
    let pieces = pieces(&jobs);
    let target = Target::create(out, layout.file_size, options.force)?;
    target.write_at(&layout.header, 0)?;

    let total: u64 = jobs.iter().map(|job| job.src.len() as u64).sum();
    let (done, current) = (AtomicU64::new(0), AtomicUsize::new(0));
    let mut poll = || {
        let tensor = jobs.get(current.load(Ordering::Relaxed)).map_or("", |job| &job.plan.name);
        progress(Progress { done: done.load(Ordering::Relaxed), total, tensor })
    };
    let work = |i: usize, scratch: &mut Scratch| {
        let (job, range) = &pieces[i];
        current.store(*job, Ordering::Relaxed);
        let job = &jobs[*job];
        let converted = job.convert(simd, range.clone(), scratch)?;
        target.write_at(converted, job.offset + range.start * job.unit_out as u64)?;
        done.fetch_add((range.end - range.start) * job.unit_in as u64, Ordering::Relaxed);
        Ok(())
    };
    parallel::run(pieces.len(), parallel::threads(options.threads), &mut poll, &work)?;
    if poll().is_break() {
        return Err(Error::Cancelled);
    }
    target.finish(&mut poll)?;
    let mut types = BTreeMap::new();
    plans.iter().for_each(|plan| *types.entry(plan.dtype.name()).or_insert(0) += 1);
    Ok(Summary { bytes: layout.file_size, tensors: plans.len(), types })
}

/// A tensor's conversion, counted in units: rows where they are permuted, blocks or elements where
/// the tensor is one flat sequence.
struct Job<'a> {
    plan: &'a TensorPlan,
    from: Dtype,
    src: &'a [u8],
    /// Where its first byte goes.
    offset: u64,
    units: u64,
    unit_len: u64,
    unit_in: usize,
    unit_out: usize,
    /// Where the source is one: its units are rows.
    matrix: Option<Matrix<'a>>,
}

/// A worker's buffers: as large as a piece, used again for the next.
#[derive(Default)]
struct Scratch {
    rows: Vec<u8>,
    added: Vec<u8>,
    out: Vec<u8>,
}

impl<'a> Job<'a> {
    fn new(plan: &'a TensorPlan, view: View<'a>, offset: u64) -> Result<Job<'a>> {
        let misfit = |expected: String, found: String| {
            Err(Error::Tensor { tensor: plan.name.clone(), expected, found })
        };
        if view.shape != plan.shape {
            return misfit(format!("shape {:?}", plan.shape), format!("{:?}", view.shape));
        }
        let (from, to) = (view.dtype, plan.dtype);
        if from != to && !quant::is_float(from) {
            return misfit("an f32, f16 or bf16 source, or the same type".into(), format!("{from} to {to}"));
        }
        if from != to && !quant::is_float(to) && !quant::is_block(to) {
            return misfit(quant::TARGETS.into(), to.to_string());
        }
        if plan.add != 0.0 && !(quant::is_float(from) && plan.add.is_finite()) {
            return misfit(
                "a float source and a finite number to add".into(),
                format!("{from} + {}", plan.add),
            );
        }
        let elements: u64 = plan.shape.iter().product();
        let mut unit_len = from.block_len().max(to.block_len());
        if plan.permute_heads != 0 {
            let rows = *plan.shape.first().unwrap_or(&1);
            if plan.shape.is_empty()
                || plan.shape.len() > 2
                || !rows.is_multiple_of(plan.permute_heads.saturating_mul(2))
            {
                let expected =
                    format!("1 or 2 dimensions, rows a multiple of 2 * {} heads", plan.permute_heads);
                return misfit(expected, format!("shape {:?}", plan.shape));
            }
            unit_len = elements / rows;
        }
        let bytes = |dtype: Dtype| dtype.bytes(unit_len).map(|n| n as usize);
        let (Some(unit_in), Some(unit_out)) = (bytes(from), bytes(to)) else {
            return misfit(format!("rows a multiple of {BLOCK}"), format!("rows of {unit_len}"));
        };
        Ok(Job {
            plan,
            from,
            src: view.bytes,
            offset,
            units: elements / unit_len,
            unit_len,
            unit_in,
            unit_out,
            matrix: None,
        })
    }

    /// Of a quantized MLX matrix, whose rows become float32 first.
    fn of_matrix(plan: &'a TensorPlan, matrix: Matrix<'a>, offset: u64) -> Result<Job<'a>> {
        let shape = &plan.shape[..];
        let decoded = View { dtype: Matrix::OUT, shape, bytes: matrix.bytes() };
        let (unit_len, units) = (shape[1], shape[0]);
        let job = Job::new(plan, decoded, offset)?;
        let unit_out = plan.dtype.bytes(unit_len).ok_or_else(|| Error::Tensor {
            tensor: plan.name.clone(),
            expected: format!("rows a multiple of {BLOCK}"),
            found: format!("rows of {unit_len}"),
        })? as usize;
        let unit_in = matrix.row_bytes();
        Ok(Job { units, unit_len, unit_in, unit_out, matrix: Some(matrix), ..job })
    }

    /// The unit of the source that goes to this place.
    fn source_unit(&self, unit: u64) -> u64 {
        let heads = self.plan.permute_heads;
        if heads == 0 {
            return unit;
        }
        let per_head = self.units / heads;
        let (head, within) = (unit / per_head, unit % per_head);
        head * per_head + within % 2 * (per_head / 2) + within / 2
    }

    fn convert<'s>(&'s self, simd: Simd, range: Range<u64>, scratch: &'s mut Scratch) -> Result<&'s [u8]> {
        let Scratch { rows, added, out } = scratch;
        let mut src = if let Some(matrix) = &self.matrix {
            let row_bytes = self.unit_len as usize * 4;
            rows.resize((range.end - range.start) as usize * row_bytes, 0);
            for (unit, row) in range.clone().zip(rows.chunks_exact_mut(row_bytes)) {
                matrix.read_row(self.source_unit(unit) as usize, row);
            }
            rows
        } else if self.plan.permute_heads == 0 {
            &self.src[range.start as usize * self.unit_in..range.end as usize * self.unit_in]
        } else {
            rows.clear();
            for unit in range.clone() {
                let at = self.source_unit(unit) as usize * self.unit_in;
                rows.extend_from_slice(&self.src[at..at + self.unit_in]);
            }
            rows
        };
        let (mut from, to) = (self.from, self.plan.dtype);
        if self.plan.add != 0.0 {
            let len = (range.end - range.start) * self.unit_len;
            added.resize(len as usize * 4, 0);
            simd.convert(from, Dtype::F32, src, added);
            for value in added.chunks_exact_mut(4) {
                let sum = quant::value_at(Dtype::F32, value, 0) + self.plan.add;
                value.copy_from_slice(&sum.to_le_bytes());
            }
            (src, from) = (added, Dtype::F32);
        }
        let converted = if from == to {
            src
        } else {
            out.resize((range.end - range.start) as usize * self.unit_out, 0);
            simd.convert(from, to, src, out);
            out
        };
        match quant::find_not_finite(to, converted) {
            Some(at) if quant::is_float(from) => Err(self.refuse(range.start, from, src, at)),
            _ => Ok(converted),
        }
    }

    /// Says which value made element or block `at` of the output not finite.
    fn refuse(&self, first_unit: u64, from: Dtype, src: &[u8], at: usize) -> Error {
        let block = self.plan.dtype.block_len() as usize;
        let values = (at * block..(at + 1) * block).map(|i| (i, quant::value_at(from, src, i)));
        let worst = values.max_by(|a, b| {
            let size = |v: f32| v.to_bits() & 0x7FFF_FFFF; // a NaN is above infinity
            size(a.1).cmp(&size(b.1)).then(b.0.cmp(&a.0)) // of equals the first
        });
        let (i, value) = worst.expect("a block has elements");
        let (unit, within) = (first_unit + i as u64 / self.unit_len, i as u64 % self.unit_len);
        let index = self.source_unit(unit) * self.unit_len + within;
        let tensor = self.plan.source.clone();
        if value.is_finite() {
            Error::Overflow { tensor, index, value, dtype: self.plan.dtype }
        } else {
            Error::NotFinite { tensor, index, value }
        }
    }
}

/// Cuts every tensor into pieces, in the order of the file.
fn pieces(jobs: &[Job]) -> Vec<(usize, Range<u64>)> {
    let mut pieces = Vec::new();
    for (i, job) in jobs.iter().enumerate() {
        let step = (PIECE / job.unit_in as u64).max(1);
        let mut start = 0;
        while start < job.units {
            let end = job.units.min(start + step);
            pieces.push((i, start..end));
            start = end;
        }
    }
    pieces
}
