//! Reads the fields of a GGUF header. Every count and length is checked against the rest of the file before
//! anything is allocated.

use std::path::Path;

use super::value::ARRAY_ID;
use super::{Array, Tensor, Value, ValueType, MAX_DIMS};
use crate::dtype::{elements, Dtype};
use crate::error::{Error, Result};

/// Bytes of a tensor's name: the specification allows 64, one more than ggml's own reader.
const MAX_READ_NAME: u64 = 64;

/// The bytes of a file and a position in them.
pub(super) struct Reader<'a> {
    pub bytes: &'a [u8],
    /// The next byte to read.
    pub position: usize,
    /// For messages.
    pub path: &'a Path,
}

impl<'a> Reader<'a> {
    /// The error for a field that begins at byte `at`.
    pub fn bad_at(&self, at: usize, what: impl Into<String>) -> Error {
        Error::malformed(self.path, at as u64, what)
    }

    fn remaining(&self) -> u64 {
        (self.bytes.len() - self.position) as u64
    }

    /// The next `n` bytes, of the field `what`.
    pub fn take(&mut self, n: u64, what: &str) -> Result<&'a [u8]> {
        if n > self.remaining() {
            return Err(self.bad_at(self.position, format!("file ends inside {what}")));
        }
        let bytes = &self.bytes[self.position..self.position + n as usize];
        self.position += n as usize;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self, what: &str) -> Result<[u8; N]> {
        Ok(self.take(N as u64, what)?.try_into().expect("took N bytes"))
    }

    pub fn u32(&mut self, what: &str) -> Result<u32> {
        self.array(what).map(u32::from_le_bytes)
    }

    pub fn u64(&mut self, what: &str) -> Result<u64> {
        self.array(what).map(u64::from_le_bytes)
    }

    /// Refuses a count of things of at least `min_bytes` each that cannot fit into the rest of the file.
    pub fn check_count(&self, at: usize, count: u64, min_bytes: u64, what: &str) -> Result<()> {
        if count > self.remaining() / min_bytes {
            return Err(self.bad_at(at, format!("{what} {count} does not fit into the file")));
        }
        Ok(())
    }

    /// A string of at most `max` bytes.
    pub fn string(&mut self, max: u64, what: &str) -> Result<&'a str> {
        let at = self.position;
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
            [other] => Err(self.bad_at(self.position - 1, format!("bool of value {other} in {what}"))),
        }
    }

    /// A metadata value, from its type on.
    pub fn value(&mut self, key: &str) -> Result<Value> {
        let at = self.position;
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

    /// Skips a metadata value; checks only that it ends within the file.
    pub fn skip(&mut self, key: &str) -> Result<()> {
        let at = self.position;
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

    /// The type and the number of an array's elements, which fit into the rest of the file.
    fn array_start(&mut self, key: &str) -> Result<(ValueType, u64)> {
        let at = self.position;
        let id = self.u32("array type")?;
        if id == ARRAY_ID {
            return Err(self.bad_at(at, format!("array of arrays in {key}")));
        }
        let kind = ValueType::from_id(id);
        let kind = kind.ok_or_else(|| self.bad_at(at, format!("unknown array type {id} of {key}")))?;
        let at = self.position;
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

    /// A tensor's entry. Its offset is still relative to the start of the data.
    pub fn tensor(&mut self) -> Result<Tensor> {
        let name = self.string(MAX_READ_NAME, "tensor name")?.to_string();
        let at = self.position;
        let dims = self.u32("number of dimensions")?;
        if dims as usize > MAX_DIMS {
            return Err(self.bad_at(at, format!("{dims} dimensions of {name}, at most {MAX_DIMS}")));
        }
        let at = self.position;
        let mut shape = (0..dims).map(|_| self.u64("dimensions")).collect::<Result<Vec<_>>>()?;
        shape.reverse();
        if shape.contains(&0) {
            return Err(self.bad_at(at, format!("tensor {name} has no elements: {shape:?}")));
        }
        let count = elements(&shape).filter(|&n| n <= i64::MAX as u64);
        let count = count.ok_or_else(|| self.bad_at(at, format!("shape of {name} overflows: {shape:?}")))?;
        let at = self.position;
        let id = self.u32("tensor type")?;
        let dtype = Dtype::from_id(id);
        let dtype = dtype.ok_or_else(|| self.bad_at(at, format!("unknown type {id} of tensor {name}")))?;
        let row = shape.last().copied().unwrap_or(1);
        if row % dtype.block_len() != 0 {
            let what =
                format!("rows of {name} ({row}) are not a multiple of {dtype}'s {}", dtype.block_len());
            return Err(self.bad_at(at, what));
        }
        let nbytes = dtype.bytes(count);
        let nbytes = nbytes.ok_or_else(|| self.bad_at(at, format!("size of {name} overflows")))?;
        let offset = self.u64("tensor offset")?;
        Ok(Tensor { name, dtype, shape, offset, nbytes })
    }
}
