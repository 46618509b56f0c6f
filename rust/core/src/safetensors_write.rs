//! Lays out a safetensors file: the bytes of its header and the offset of each tensor.

use std::collections::HashSet;

use serde_json::Value;

use crate::dtype::{elements, Dtype};
use crate::encoding::Float;
use crate::error::{Error, Result};
use crate::gguf::write::Layout;
use crate::gguf::Tensor;

/// Lays out tensors of these names, float types and shapes (row-major), in this order, without holes.
///
/// # Errors
/// [`Error::Argument`] for a name that is given twice and a file beyond 2^64 bytes; [`Error::Tensor`] for a type
/// that the format lacks.
pub(crate) fn layout(metadata: &[(String, String)], tensors: &[(String, Dtype, Vec<u64>)]) -> Result<Layout> {
    let quoted = |text: &str| Value::from(text).to_string();
    let pairs: Vec<_> =
        metadata.iter().map(|(key, value)| format!("{}:{}", quoted(key), quoted(value))).collect();
    let mut json = format!("{{\"__metadata__\":{{{}}}", pairs.join(","));
    let (mut names, mut placed, mut offset) = (HashSet::new(), Vec::with_capacity(tensors.len()), 0u64);
    for (name, dtype, shape) in tensors {
        let argument = |what, expected: &str| {
            let found = name.clone();
            Error::Argument { what, expected: expected.into(), found }
        };
        if name == "__metadata__" || !names.insert(name) {
            return Err(argument("tensor is given twice", "each name once"));
        }
        let dtype_name = match dtype.float() {
            Some(Float::F32) => "F32",
            Some(Float::F16) => "F16",
            Some(Float::Bf16) => "BF16",
            None => {
                let (expected, found) = ("F32, F16 or BF16".into(), dtype.to_string());
                return Err(Error::Tensor { tensor: name.clone(), expected, found });
            }
        };
        let nbytes = elements(shape).and_then(|count| dtype.bytes(count));
        let end = nbytes.and_then(|nbytes| offset.checked_add(nbytes));
        let end = end.ok_or_else(|| argument("model is too large", "a total below 2^64 bytes"))?;
        let name_json = quoted(name);
        json += &format!(
            ",{name_json}:{{\"dtype\":\"{dtype_name}\",\"shape\":{shape:?},\"data_offsets\":[{offset},{end}]}}"
        );
        placed.push(Tensor {
            name: name.clone(),
            dtype: *dtype,
            shape: shape.clone(),
            offset,
            nbytes: end - offset,
        });
        offset = end;
    }
    json.push('}');
    // The first tensor starts at a multiple of 8 bytes, as the reference implementation writes it.
    json.extend(std::iter::repeat_n(' ', json.len().next_multiple_of(8) - json.len()));
    let header = [&(json.len() as u64).to_le_bytes(), json.as_bytes()].concat();
    let start = header.len() as u64;
    placed.iter_mut().for_each(|tensor| tensor.offset += start);
    let file_size = start.checked_add(offset).ok_or_else(|| Error::Argument {
        what: "model is too large",
        expected: "a total below 2^64 bytes".into(),
        found: "more".into(),
    })?;
    Ok(Layout { header, tensors: placed, file_size })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safetensors::parse;
    use std::path::Path;

    #[test]
    fn the_reader_reads_what_is_laid_out() {
        let tensors = [("a\"b".into(), Dtype::BF16, vec![2, 3]), ("scalar".into(), Dtype::F32, vec![])];
        let file = layout(&[("format".into(), "pt".into())], &tensors).unwrap();
        let mut bytes = file.header;
        bytes.resize(file.file_size as usize, 0);
        let header = parse(&bytes, Path::new("x")).unwrap();
        assert_eq!(header.metadata, [("format".into(), "pt".into())]);
        for (read, laid) in header.tensors.iter().zip(&file.tensors) {
            assert_eq!((&read.name, &read.shape, read.offset), (&laid.name, &laid.shape, laid.offset));
        }
        assert_eq!((header.tensors.len(), file.tensors[0].offset % 8), (2, 0));
    }

    #[test]
    fn names_twice_and_blocks_are_refused() {
        let twice = [("a".into(), Dtype::F32, vec![1]), ("a".into(), Dtype::F32, vec![1])];
        assert!(matches!(layout(&[], &twice), Err(Error::Argument { .. })));
        let block = [("a".into(), Dtype::Q8_0, vec![32])];
        assert!(matches!(layout(&[], &block), Err(Error::Tensor { .. })));
    }
}
