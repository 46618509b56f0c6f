//! Reads a safetensors header: its length, then a JSON object of names, types, shapes and byte ranges.
//!
//! The reference is <https://github.com/huggingface/safetensors>, `safetensors/src/tensor.rs`. As there, the
//! tensors must cover the data without holes, overlaps or trailing bytes: a file with unclaimed bytes could
//! be another format's file as well.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::dtype::elements;
use crate::error::{Error, Result};
use crate::mapped::MappedFile;

/// Bytes of JSON: `MAX_HEADER_SIZE` of the reference implementation.
const MAX_HEADER: u64 = 100_000_000;
/// The key of the file's metadata, which is no tensor.
const METADATA_KEY: &str = "__metadata__";

/// One tensor of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    /// Its name.
    pub name: String,
    /// Its type's name in the file, such as `BF16`.
    pub dtype: String,
    /// Its shape, row-major.
    pub shape: Vec<u64>,
    /// Its first byte, counted from the start of the file.
    pub offset: u64,
    /// How many bytes it has.
    pub nbytes: u64,
}

/// A file's header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeTensors {
    /// The entries of `__metadata__`, sorted by key.
    pub metadata: Vec<(String, String)>,
    /// The tensors in the order of their bytes.
    pub tensors: Vec<Tensor>,
}

/// Bits of an element, or None for a type that the format does not have.
fn bits(dtype: &str) -> Option<u64> {
    Some(match dtype {
        "F4" => 4,
        "F6_E2M3" | "F6_E3M2" => 6,
        "BOOL" | "U8" | "I8" | "F8_E4M3" | "F8_E5M2" | "F8_E8M0" | "F8_E4M3FNUZ" | "F8_E5M2FNUZ" => 8,
        "F16" | "BF16" | "I16" | "U16" => 16,
        "F32" | "I32" | "U32" => 32,
        "F64" | "I64" | "U64" | "C64" => 64,
        _ => return None,
    })
}

/// Reads the header of a safetensors file.
///
/// # Errors
/// [`Error::Open`] when the file cannot be read, [`Error::Changed`] when it is written to meanwhile, otherwise
/// those of [`parse`].
pub fn read_file(path: &Path) -> Result<SafeTensors> {
    let file = MappedFile::open(path)?;
    let header = parse(file.bytes(), path);
    file.check_unchanged()?;
    header
}

/// Parses the header at the start of `bytes`, which are the whole file; `path` is for messages.
///
/// # Errors
/// [`Error::Malformed`] with the position of the first byte that is wrong, [`Error::Unsupported`] for a type
/// that the format does not have.
///
/// ```
/// use std::path::Path;
/// use t2sql_core::safetensors::parse;
///
/// let json = br#"{"w":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}"#;
/// let file = [&(json.len() as u64).to_le_bytes(), &json[..], &[0; 12]].concat();
/// let header = parse(&file, Path::new("model.safetensors")).unwrap();
/// assert_eq!((header.tensors[0].shape.as_slice(), header.tensors[0].nbytes), (&[2, 3][..], 12));
/// ```
pub fn parse(bytes: &[u8], path: &Path) -> Result<SafeTensors> {
    let bad = |offset: u64, what: String| Error::malformed(path, offset, what);
    let Some(len) = bytes.first_chunk::<8>() else {
        return Err(bad(
            0,
            format!("a file of {} bytes, but the header's length alone takes 8", bytes.len()),
        ));
    };
    let len = u64::from_le_bytes(*len);
    if len > MAX_HEADER {
        return Err(bad(0, format!("not a safetensors file: header of {len} bytes, at most {MAX_HEADER}")));
    }
    let start = 8 + len;
    let Some(json) = bytes.get(8..start as usize) else {
        return Err(bad(0, format!("header of {len} bytes in a file of {}", bytes.len())));
    };
    let header: Header = serde_json::from_slice(json)
        .map_err(|e| bad(8 + column(json, &e), format!("malformed header: {e}")))?;
    let data = bytes.len() as u64 - start;
    let mut tensors = Vec::with_capacity(header.tensors.len());
    for (name, raw) in header.tensors {
        // The entry is a slice of the JSON, so its address tells its position in the file.
        let at = 8 + (raw.get().as_ptr() as usize - json.as_ptr() as usize) as u64;
        let entry: Entry = serde_json::from_str(raw.get()).map_err(|e| {
            let within = column(raw.get().as_bytes(), &e);
            bad(at + within, format!("malformed entry of {name}: {e}"))
        })?;
        let [from, to] = entry.data_offsets;
        if from > to || to > data {
            let what = format!("range {from}..{to} of {name} is not in the {data} bytes of data");
            return Err(bad(at, what));
        }
        let Some(bits) = bits(&entry.dtype) else {
            let what = format!("tensor {name} has unknown type {}", entry.dtype);
            return Err(Error::Unsupported { path: path.into(), what, supported: "F32, F16 or BF16" });
        };
        let size = elements(&entry.shape).and_then(|n| n.checked_mul(bits));
        if size != Some((to - from) * 8) {
            let what = format!("{} bytes for {name} of {} {:?}", to - from, entry.dtype, entry.shape);
            return Err(bad(at, what));
        }
        tensors.push(Tensor {
            name,
            dtype: entry.dtype,
            shape: entry.shape,
            offset: start + from,
            nbytes: to - from,
        });
    }
    order_without_holes(&mut tensors, start, bytes.len() as u64, path)?;
    Ok(SafeTensors { metadata: header.metadata, tensors })
}

/// Sorts the tensors by their bytes and checks that they cover the file's data, from `start` to `end`, without
/// holes, overlaps or trailing bytes.
fn order_without_holes(tensors: &mut [Tensor], start: u64, end: u64, path: &Path) -> Result<()> {
    tensors.sort_by(|a, b| (a.offset, a.nbytes, &a.name).cmp(&(b.offset, b.nbytes, &b.name)));
    let (mut next, mut previous) = (start, None);
    for tensor in &*tensors {
        let what = match (tensor.offset.cmp(&next), previous) {
            (Ordering::Equal, _) => None,
            (Ordering::Less, Some(previous)) => {
                Some(format!("tensors {previous} and {} overlap", tensor.name))
            }
            (_, Some(previous)) => Some(format!("a hole between the data of {previous} and {}", tensor.name)),
            (_, None) => Some(format!("a hole before the data of {}, the first tensor", tensor.name)),
        };
        if let Some(what) = what {
            return Err(Error::malformed(path, tensor.offset.min(next), what));
        }
        (next, previous) = (tensor.offset + tensor.nbytes, Some(&tensor.name));
    }
    if next != end {
        let what = format!("{} bytes after the data of the last tensor", end - next);
        return Err(Error::malformed(path, next, what));
    }
    Ok(())
}

/// The position in the JSON of an error; serde counts lines and columns.
fn column(json: &[u8], error: &serde_json::Error) -> u64 {
    let before = json.split_inclusive(|&b| b == b'\n').take(error.line().saturating_sub(1));
    let lines: usize = before.map(<[u8]>::len).sum();
    (lines + error.column().saturating_sub(1)) as u64
}

#[derive(serde::Deserialize)]
struct Entry {
    dtype: String,
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

struct Header<'a> {
    metadata: Vec<(String, String)>,
    tensors: Vec<(String, &'a RawValue)>,
}

impl<'de> Deserialize<'de> for Header<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Header<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of tensors")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> std::result::Result<Header<'de>, M::Error> {
                let mut header = Header { metadata: Vec::new(), tensors: Vec::new() };
                let mut names = HashSet::new();
                while let Some(name) = map.next_key::<String>()? {
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom(format!("duplicate key {name}")));
                    }
                    if name == METADATA_KEY {
                        // MLX writes null where there is no metadata.
                        let pairs: Option<BTreeMap<String, String>> = map.next_value()?;
                        header.metadata = pairs.unwrap_or_default().into_iter().collect();
                    } else {
                        header.tensors.push((name, map.next_value()?));
                    }
                }
                Ok(header)
            }
        }
        deserializer.deserialize_map(Object)
    }
}
