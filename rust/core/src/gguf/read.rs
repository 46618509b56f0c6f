//! Reads a GGUF header, version 2 or 3, from an untrusted file: every count, length, offset and alignment is
//! checked before it is used, and an error names the byte.
//!
//! The specification is <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>.

use std::collections::HashSet;
use std::path::Path;

use super::reader::Reader;
use super::{Gguf, Tensor, Value, ALIGNMENT_KEY, DEFAULT_ALIGNMENT, MAGIC};
use crate::error::{Error, Result};

/// Bytes of a key, by the specification.
const MAX_KEY: u64 = 65_535;
/// More than any page size. A larger alignment has no use, and could make offsets overflow.
const MAX_ALIGNMENT: u32 = 1 << 20;

/// Parses the header at the start of `bytes`, which are the whole file; `path` is for messages.
///
/// # Errors
/// [`Error::Malformed`] with the position of the first byte that is wrong, [`Error::Unsupported`] for another
/// version or byte order.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Gguf> {
    read(bytes, path, true)
}

/// The tensors alone; the metadata's values are skipped.
///
/// # Errors
/// Those of [`parse`], but for mistakes inside metadata values.
pub fn tensors(bytes: &[u8], path: &Path) -> Result<Vec<Tensor>> {
    Ok(read(bytes, path, false)?.tensors)
}

fn read(bytes: &[u8], path: &Path, values: bool) -> Result<Gguf> {
    let mut r = Reader { bytes, position: 0, path };
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
    let at = r.position;
    let n_tensors = r.u64("tensor count")?;
    // The shortest entry of a tensor: length of its name, dimensions, one extent, type, offset.
    r.check_count(at, n_tensors, 8 + 4 + 8 + 4 + 8, "tensor count")?;
    let at = r.position;
    let n_pairs = r.u64("metadata count")?;
    r.check_count(at, n_pairs, 8 + 4 + 1, "metadata count")?;

    let mut metadata = Vec::new();
    let mut keys = HashSet::new();
    let mut alignment = DEFAULT_ALIGNMENT;
    for _ in 0..n_pairs {
        let at = r.position;
        let key = r.string(MAX_KEY, "key")?;
        if !keys.insert(key) {
            return Err(r.bad_at(at, format!("duplicate key {key}")));
        }
        let at = r.position;
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
    // Where each entry begins: offsets and sizes are checked once the start of the data is known.
    let mut entries = Vec::new();
    for _ in 0..n_tensors {
        let entry = r.position;
        let tensor = r.tensor()?;
        if !names.insert(tensor.name.clone()) {
            return Err(r.bad_at(entry, format!("duplicate tensor {}", tensor.name)));
        }
        entries.push(entry);
        tensors.push(tensor);
    }
    let data_offset = (r.position as u64).next_multiple_of(alignment);
    place(&r, &mut tensors, &entries, alignment, data_offset)?;
    let file_size = bytes.len() as u64;
    Ok(Gguf { version, alignment, data_offset, file_size, metadata, tensors })
}

/// Makes the offsets absolute, and checks their alignment, their bounds and that no two tensors overlap.
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
