//! Reads a safetensors header: its length, a JSON object of names, types, shapes and byte ranges.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::Path;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::dtype::elements;
use crate::error::{Error, Result};

/// The reference implementation's own limit.
const MAX_HEADER: u64 = 100_000_000;
const METADATA_KEY: &str = "__metadata__";

/// One tensor of a file; the offset is from the start of the file, the type as the file spells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tensor {
    pub name: String,
    pub dtype: String,
    pub shape: Vec<u64>,
    pub offset: u64,
    pub nbytes: u64,
}

/// A file's header, its tensors in the order of their bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SafeTensors {
    pub metadata: Vec<(String, String)>,
    pub tensors: Vec<Tensor>,
}

/// Bits of an element, for the types of the format.
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

/// Parses the header of a whole file; `path` is for messages.
pub fn parse(bytes: &[u8], path: &Path) -> Result<SafeTensors> {
    let bad = |offset: u64, what: String| Error::malformed(path, offset, what);
    let Some(len) = bytes.first_chunk::<8>() else {
        return Err(bad(0, format!("safetensors file of {} bytes, its header takes 8", bytes.len())));
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
        .map_err(|e| bad(8 + column(json, &e), format!("header is not as it should be: {e}")))?;
    let data = bytes.len() as u64 - start;
    let mut tensors = Vec::with_capacity(header.tensors.len());
    for (name, raw) in header.tensors {
        // The entry is a slice of the JSON: where it lies tells where an error is.
        let at = 8 + (raw.get().as_ptr() as usize - json.as_ptr() as usize) as u64;
        let entry: Entry = serde_json::from_str(raw.get()).map_err(|e| {
            let within = column(raw.get().as_bytes(), &e);
            bad(at + within, format!("entry of {name} is not as it should be: {e}"))
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
    tensors.sort_by(|a, b| (a.offset, a.nbytes, &a.name).cmp(&(b.offset, b.nbytes, &b.name)));
    for pair in tensors.windows(2) {
        if pair[0].offset + pair[0].nbytes > pair[1].offset {
            let what = format!("tensors {} and {} overlap", pair[0].name, pair[1].name);
            return Err(bad(pair[1].offset, what));
        }
    }
    Ok(SafeTensors { metadata: header.metadata, tensors })
}

/// Where in the JSON an error is; serde counts lines and columns.
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
                        return Err(serde::de::Error::custom(format!("{name} is there twice")));
                    }
                    if name == METADATA_KEY {
                        // MLX writes null when it is given none.
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
