//! Reads a GGUF header, v2 and v3, from a file nobody vouches for: every count, length, offset and
//! alignment is checked before it is used, and an error says at which byte.

use std::collections::HashSet;
use std::path::Path;

use super::value::ARRAY_ID;
use super::{Array, Gguf, Tensor, Value, ValueType};
use super::{ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC, MAX_DIMS};
use crate::dtype::{elements, Dtype};
use crate::error::{Error, Result};

/// The specification's limit on keys.
const MAX_KEY: u64 = 65_535;
/// Names longer than ggml's own are read when they keep to the specification.
const MAX_READ_NAME: u64 = 64;
/// More than any page size; larger ones only serve to confuse.
const MAX_ALIGNMENT: u32 = 1 << 20;

/// Parses the header of a whole file; `path` is for messages.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Gguf> {
    read(bytes, path, true)
}

/// The tensors alone: the metadata's values are passed over.
pub fn tensors(bytes: &[u8], path: &Path) -> Result<Vec<Tensor>> {
    Ok(read(bytes, path, false)?.tensors)
}

fn read(bytes: &[u8], path: &Path, values: bool) -> Result<Gguf> {
    let mut r = Reader { bytes, at: 0, path };
    if r.take(4, "magic")? != MAGIC {
        return Err(r.bad_at(0, "not a GGUF file (magic is not \"GGUF\")"));
    }
    let version = r.u32("version")?;
    if !(2..=3).contains(&version) {
        let what = if (2..=3).contains(&version.swap_bytes()) {
            "big-endian GGUF (version at byte 4)".to_string()
        } else {
            format!("GGUF version {version} at byte 4")
        };
        let supported = "little-endian GGUF version 2 or 3";
        return Err(Error::Unsupported { path: path.into(), what, supported });
    }
    let at = r.at;
    let n_tensors = r.u64("tensor count")?;
    // The least a tensor's entry takes: name length, dims, one extent, type, offset.
    r.check_count(at, n_tensors, 8 + 4 + 8 + 4 + 8, "tensor count")?;
    let at = r.at;
    let n_pairs = r.u64("metadata count")?;
    r.check_count(at, n_pairs, 8 + 4 + 1, "metadata count")?;

    let mut metadata = Vec::new();
    let mut keys = HashSet::new();
    let mut alignment = DEFAULT_ALIGNMENT;
    for _ in 0..n_pairs {
        let at = r.at;
        let key = r.string(MAX_KEY, "key")?;
        if !keys.insert(key) {
            return Err(r.bad_at(at, format!("key {key} is there twice")));
        }
        let at = r.at;
        if !values && key != ALIGNMENT_KEY {
            r.skip(key)?;
            continue;
        }
        let value = r.value(key)?;
        if key == ALIGNMENT_KEY {
            alignment = match value {
                Value::U32(a) if a.is_power_of_two() && a <= MAX_ALIGNMENT => a.into(),
                _ => return Err(r.bad_at(at, "alignment is not a u32 power of two up to 1 MiB")),
            };
        }
        metadata.push((key.into(), value));
    }
    let mut tensors = Vec::new();
    let mut names = HashSet::new();
    // Offset and size are checked once the data's start is known; keep where each was said.
    let mut entries = Vec::new();
    for _ in 0..n_tensors {
        let entry = r.at;
        let tensor = r.tensor()?;
        if !names.insert(tensor.name.clone()) {
            return Err(r.bad_at(entry, format!("tensor {} is there twice", tensor.name)));
        }
        entries.push(entry);
        tensors.push(tensor);
    }
    let data_offset = (r.at as u64).next_multiple_of(alignment);
    place(&r, &mut tensors, &entries, alignment, data_offset)?;
    let file_size = bytes.len() as u64;
    Ok(Gguf { version, alignment, data_offset, file_size, metadata, tensors })
}

/// Makes offsets absolute; checks alignment, bounds and that no two tensors overlap.
fn place(
    r: &Reader,
    tensors: &mut [Tensor],
    entries: &[usize],
    alignment: u64,
    data_offset: u64,
) -> Result<()> {
    for (tensor, &entry) in tensors.iter_mut().zip(entries) {
        let name = &tensor.name;
        if tensor.offset % alignment != 0 {
            let what = format!("offset of {name} is not a multiple of {alignment}");
            return Err(r.bad_at(entry, what));
        }
        tensor.offset = tensor.offset.saturating_add(data_offset);
        let end = tensor.offset.checked_add(tensor.nbytes);
        if end.is_none_or(|end| end > r.bytes.len() as u64) {
            let what = format!("data of {name} reaches beyond the end ({} bytes)", r.bytes.len());
            return Err(r.bad_at(entry, what));
        }
    }
    let mut order: Vec<usize> = (0..tensors.len()).collect();
    order.sort_by_key(|&i| tensors[i].offset);
    for pair in order.windows(2) {
        let (a, b) = (&tensors[pair[0]], &tensors[pair[1]]);
        if a.offset + a.nbytes > b.offset {
            let what = format!("tensors {} and {} overlap", a.name, b.name);
            return Err(r.bad_at(entries[pair[1]], what));
        }
    }
    Ok(())
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    path: &'a Path,
}

impl<'a> Reader<'a> {
    fn bad_at(&self, at: usize, what: impl Into<String>) -> Error {
        Error::malformed(self.path, at as u64, what)
    }

    fn left(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    fn take(&mut self, n: u64, what: &str) -> Result<&'a [u8]> {
        if n > self.left() {
            return Err(self.bad_at(self.at, format!("file ends inside {what}")));
        }
        let bytes = &self.bytes[self.at..self.at + n as usize];
        self.at += n as usize;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        Ok(self.take(N as u64, what)?.try_into().expect("took N bytes"))
    }

    fn u32(&mut self, what: &str) -> Result<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    fn u64(&mut self, what: &str) -> Result<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// Refuses a count of things that cannot fit into what is left of the file.
    fn check_count(&self, at: usize, count: u64, least: u64, what: &str) -> Result<()> {
        if count > self.left() / least {
            return Err(self.bad_at(at, format!("{what} {count} does not fit into the file")));
        }
        Ok(())
    }

    fn string(&mut self, max: u64, what: &str) -> Result<&'a str> {
        let at = self.at;
        let len = self.u64(what)?;
        if len > max {
            return Err(self.bad_at(at, format!("{what} of {len} bytes, at most {max} are allowed")));
        }
        let bytes = self.take(len, what)?;
        let text = std::str::from_utf8(bytes);
        text.map_err(|_| self.bad_at(at + 8, format!("{what} is not UTF-8")))
    }

    fn bool(&mut self, what: &str) -> Result<bool> {
        match self.array::<1>(what)? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(self.bad_at(self.at - 1, format!("bool of value {other} in {what}"))),
        }
    }

    fn value(&mut self, key: &str) -> Result<Value> {
        let at = self.at;
        let id = self.u32("value type")?;
        if id == ARRAY_ID {
            return self.array_value(key).map(Value::Array);
        }
        let kind = ValueType::from_id(id);
        let kind = kind.ok_or_else(|| self.bad_at(at, format!("unknown value type {id} of {key}")))?;
        Ok(match kind {
            ValueType::U8 => Value::U8(self.array::<1>(key)?[0]),
            ValueType::I8 => Value::I8(i8::from_le_bytes(self.array(key)?)),
            ValueType::U16 => Value::U16(u16::from_le_bytes(self.array(key)?)),
            ValueType::I16 => Value::I16(i16::from_le_bytes(self.array(key)?)),
            ValueType::U32 => Value::U32(self.u32(key)?),
            ValueType::I32 => Value::I32(i32::from_le_bytes(self.array(key)?)),
            ValueType::F32 => Value::F32(f32::from_le_bytes(self.array(key)?)),
            ValueType::Bool => Value::Bool(self.bool(key)?),
            ValueType::Str => Value::Str(self.string(u64::MAX, key)?.into()),
            ValueType::U64 => Value::U64(self.u64(key)?),
            ValueType::I64 => Value::I64(i64::from_le_bytes(self.array(key)?)),
            ValueType::F64 => Value::F64(f64::from_le_bytes(self.array(key)?)),
        })
    }

    /// Passes over a value: only that it ends within the file is checked.
    fn skip(&mut self, key: &str) -> Result<()> {
        let at = self.at;
        let id = self.u32("value type")?;
        let (kind, len) = match ValueType::from_id(id) {
            None if id == ARRAY_ID => self.array_start(key)?,
            None => return Err(self.bad_at(at, format!("unknown value type {id} of {key}"))),
            Some(kind) => (kind, 1),
        };
        if kind != ValueType::Str {
            self.take(len * kind.min_bytes(), key)?;
            return Ok(());
        }
        for _ in 0..len {
            let bytes = self.u64(key)?;
            self.take(bytes, key)?;
        }
        Ok(())
    }

    /// Type and number of an array's elements, which fit into what is left of the file.
    fn array_start(&mut self, key: &str) -> Result<(ValueType, u64)> {
        let at = self.at;
        let id = self.u32("array type")?;
        if id == ARRAY_ID {
            return Err(self.bad_at(at, format!("array of arrays in {key}")));
        }
        let kind = ValueType::from_id(id);
        let kind = kind.ok_or_else(|| self.bad_at(at, format!("unknown array type {id} of {key}")))?;
        let at = self.at;
        let len = self.u64("array length")?;
        self.check_count(at, len, kind.min_bytes(), "array length")?;
        Ok((kind, len))
    }

    fn array_value(&mut self, key: &str) -> Result<Array> {
        let (kind, len) = self.array_start(key)?;
        macro_rules! numbers {
            ($variant:ident, $rust:ty) => {{
                const N: usize = size_of::<$rust>();
                let bytes = self.take(len * N as u64, key)?;
                let number = |b: &[u8]| <$rust>::from_le_bytes(b.try_into().expect("N bytes"));
                Array::$variant(bytes.chunks_exact(N).map(number).collect())
            }};
        }
        Ok(match kind {
            ValueType::U8 => numbers!(U8, u8),
            ValueType::I8 => numbers!(I8, i8),
            ValueType::U16 => numbers!(U16, u16),
            ValueType::I16 => numbers!(I16, i16),
            ValueType::U32 => numbers!(U32, u32),
            ValueType::I32 => numbers!(I32, i32),
            ValueType::F32 => numbers!(F32, f32),
            ValueType::U64 => numbers!(U64, u64),
            ValueType::I64 => numbers!(I64, i64),
            ValueType::F64 => numbers!(F64, f64),
            ValueType::Bool => Array::Bool((0..len).map(|_| self.bool(key)).collect::<Result<_>>()?),
            ValueType::Str => {
                Array::Str((0..len).map(|_| self.string(u64::MAX, key)).collect::<Result<_>>()?)
            }
        })
    }

    /// A tensor's entry; its offset is still relative to the data.
    fn tensor(&mut self) -> Result<Tensor> {
        let name = self.string(MAX_READ_NAME, "tensor name")?.to_string();
        let at = self.at;
        let dims = self.u32("number of dimensions")?;
        if dims as usize > MAX_DIMS {
            return Err(self.bad_at(at, format!("{dims} dimensions of {name}, at most {MAX_DIMS}")));
        }
        let at = self.at;
        let mut shape = (0..dims).map(|_| self.u64("dimensions")).collect::<Result<Vec<_>>>()?;
        shape.reverse();
        if shape.contains(&0) {
            return Err(self.bad_at(at, format!("tensor {name} has no elements: {shape:?}")));
        }
        let count = elements(&shape).filter(|&n| n <= i64::MAX as u64);
        let count = count.ok_or_else(|| self.bad_at(at, format!("shape of {name} overflows: {shape:?}")))?;
        let at = self.at;
        let id = self.u32("tensor type")?;
        let dtype = Dtype::from_id(id);
        let dtype = dtype.ok_or_else(|| self.bad_at(at, format!("unknown type {id} of tensor {name}")))?;
        let row = shape.last().copied().unwrap_or(1);
        if row % dtype.block_len() != 0 {
            let what = format!("rows of {name} ({row}) are no multiple of {dtype}'s {}", dtype.block_len());
            return Err(self.bad_at(at, what));
        }
        let nbytes = dtype.bytes(count);
        let nbytes = nbytes.ok_or_else(|| self.bad_at(at, format!("size of {name} overflows")))?;
        let offset = self.u64("tensor offset")?;
        Ok(Tensor { name, dtype, shape, offset, nbytes })
    }
}
