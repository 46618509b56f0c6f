//! Lays out a GGUF v3 file: the bytes of its header and the offset of each tensor.

use std::collections::HashSet;

use super::value::ARRAY_ID;
use super::{Array, Tensor, Value, ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC, MAX_DIMS, MAX_NAME};
use crate::dtype::{elements, Dtype};
use crate::error::{Error, Result};

const VERSION: u32 = 3;

/// A header and what follows it.
#[derive(Debug)]
pub struct Layout {
    /// The header's bytes, padded up to the first tensor.
    pub header: Vec<u8>,
    /// The tensors in the order they were given in; offsets count from the start of the file.
    pub tensors: Vec<Tensor>,
    /// Bytes of the whole file.
    pub file_size: u64,
}

/// Lays out tensors of these names, types and shapes (row-major), in this order.
///
/// # Errors
/// [`Error::Argument`] for a key or a tensor that is given twice, a key that is too long, another alignment
/// than 32, and a file beyond 2^64 bytes; [`Error::Tensor`] for a name, type or shape that ggml would refuse.
///
/// ```
/// use t2sql_core::gguf::{write::layout, Value};
/// use t2sql_core::Dtype;
///
/// let metadata = [("general.architecture".to_string(), Value::Str("llama".into()))];
/// let file = layout(&metadata, &[("w".into(), Dtype::Q8_0, vec![2, 64])]).unwrap();
/// assert_eq!(file.tensors[0].offset, file.header.len() as u64);
/// assert_eq!(file.tensors[0].nbytes, 2 * 2 * 34);
/// ```
pub fn layout(metadata: &[(String, Value)], tensors: &[(String, Dtype, Vec<u64>)]) -> Result<Layout> {
    let mut out = MAGIC.to_vec();
    out.extend(VERSION.to_le_bytes());
    out.extend((tensors.len() as u64).to_le_bytes());
    out.extend((metadata.len() as u64).to_le_bytes());
    let mut keys = HashSet::new();
    for (key, value) in metadata {
        check_key(key, value)?;
        if !keys.insert(key) {
            return Err(argument("metadata key is given twice", "each key once", key));
        }
        put_str(&mut out, key);
        put_value(&mut out, value);
    }
    let mut names = HashSet::new();
    let mut placed = Vec::with_capacity(tensors.len());
    let mut offset = 0u64;
    for (name, dtype, shape) in tensors {
        if !names.insert(name) {
            return Err(argument("tensor is given twice", "each name once", name));
        }
        let nbytes = check_tensor(name, *dtype, shape)?;
        put_str(&mut out, name);
        out.extend((shape.len() as u32).to_le_bytes());
        shape.iter().rev().for_each(|d| out.extend(d.to_le_bytes()));
        out.extend(dtype.id().to_le_bytes());
        out.extend(offset.to_le_bytes());
        placed.push(Tensor { name: name.clone(), dtype: *dtype, shape: shape.clone(), offset, nbytes });
        let end = offset.checked_add(nbytes).and_then(|end| end.checked_next_multiple_of(DEFAULT_ALIGNMENT));
        offset = end.ok_or_else(|| argument("model is too large", "a total below 2^64 bytes", name))?;
    }
    out.resize(out.len().next_multiple_of(DEFAULT_ALIGNMENT as usize), 0);
    let start = out.len() as u64;
    placed.iter_mut().for_each(|tensor| tensor.offset += start);
    Ok(Layout { header: out, tensors: placed, file_size: start + offset })
}

fn argument(what: &'static str, expected: &str, found: &str) -> Error {
    Error::Argument { what, expected: expected.into(), found: found.into() }
}

fn check_key(key: &str, value: &Value) -> Result<()> {
    if key.is_empty() || key.len() > 65_535 {
        return Err(argument("bad metadata key", "1 to 65535 bytes", &format!("{} bytes", key.len())));
    }
    if key == ALIGNMENT_KEY && *value != Value::U32(DEFAULT_ALIGNMENT as u32) {
        return Err(argument("bad alignment", "32 as u32", &format!("{value:?}")));
    }
    Ok(())
}

/// Bytes of the tensor, once its name and shape are found to be such that ggml loads it.
fn check_tensor(name: &str, dtype: Dtype, shape: &[u64]) -> Result<u64> {
    let tensor = |expected: String, found: String| Error::Tensor { tensor: name.into(), expected, found };
    if name.is_empty() || name.len() > MAX_NAME {
        return Err(tensor(format!("a name of 1 to {MAX_NAME} bytes"), format!("{} bytes", name.len())));
    }
    if shape.len() > MAX_DIMS {
        return Err(tensor(format!("at most {MAX_DIMS} dimensions"), format!("{shape:?}")));
    }
    let row = shape.last().copied().unwrap_or(1);
    if row % dtype.block_len() != 0 {
        let expected = format!("rows a multiple of {} for {dtype}", dtype.block_len());
        return Err(tensor(expected, format!("rows of {row}")));
    }
    let count = elements(shape).filter(|&n| n > 0 && n <= i64::MAX as u64);
    let bytes = count.and_then(|n| dtype.bytes(n));
    bytes.ok_or_else(|| tensor("a shape of 1 to 2^63 elements".into(), format!("{shape:?}")))
}

fn put_str(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    macro_rules! scalar {
        ($v:expr, $kind:ident) => {{
            out.extend(super::ValueType::$kind.id().to_le_bytes());
            out.extend($v.to_le_bytes());
        }};
    }
    match value {
        Value::U8(v) => scalar!(v, U8),
        Value::I8(v) => scalar!(v, I8),
        Value::U16(v) => scalar!(v, U16),
        Value::I16(v) => scalar!(v, I16),
        Value::U32(v) => scalar!(v, U32),
        Value::I32(v) => scalar!(v, I32),
        Value::F32(v) => scalar!(v, F32),
        Value::Bool(v) => scalar!(u8::from(*v), Bool),
        Value::U64(v) => scalar!(v, U64),
        Value::I64(v) => scalar!(v, I64),
        Value::F64(v) => scalar!(v, F64),
        Value::Str(v) => {
            out.extend(super::ValueType::Str.id().to_le_bytes());
            put_str(out, v);
        }
        Value::Array(array) => {
            out.extend(ARRAY_ID.to_le_bytes());
            out.extend(array.element_type().id().to_le_bytes());
            out.extend((array.len() as u64).to_le_bytes());
            put_elements(out, array);
        }
    }
}

fn put_elements(out: &mut Vec<u8>, array: &Array) {
    macro_rules! each {
        ($v:expr) => {
            $v.iter().for_each(|x| out.extend(x.to_le_bytes()))
        };
    }
    match array {
        Array::U8(v) => out.extend(v),
        Array::I8(v) => each!(v),
        Array::U16(v) => each!(v),
        Array::I16(v) => each!(v),
        Array::U32(v) => each!(v),
        Array::I32(v) => each!(v),
        Array::F32(v) => each!(v),
        Array::U64(v) => each!(v),
        Array::I64(v) => each!(v),
        Array::F64(v) => each!(v),
        Array::Bool(v) => v.iter().for_each(|&x| out.push(x.into())),
        Array::Str(v) => v.iter().for_each(|x| put_str(out, x)),
    }
}
