//! The GGUF reader on files that are cut short, damaged or malicious.

use std::path::Path;

use proptest::prelude::*;
use t2sql_core::gguf::{read, write, Array, Gguf, Value};
use t2sql_core::{Dtype, Error};

fn parse(bytes: &[u8]) -> Result<Gguf, Error> {
    read::parse(bytes, Path::new("t.gguf"))
}

fn pairs() -> Vec<(String, Value)> {
    vec![
        ("general.architecture".into(), Value::Str("llama".into())),
        ("a.count".into(), Value::U32(7)),
        ("a.flag".into(), Value::Bool(true)),
        ("a.tokens".into(), Value::Array(Array::Str(["<s>", "é"].into_iter().collect()))),
        ("a.scores".into(), Value::Array(Array::F32(vec![0.5, -1.0]))),
    ]
}

fn sample() -> Vec<u8> {
    let tensors = [
        ("x".into(), Dtype::Q4_0, vec![2, 64]),
        ("y".into(), Dtype::F32, vec![3]),
        ("z".into(), Dtype::F16, vec![]),
    ];
    let layout = write::layout(&pairs(), &tensors).unwrap();
    let mut file = layout.header;
    file.resize(layout.file_size as usize, 0);
    file
}

/// A header of a version, counts, and raw bytes after them.
fn raw(version: u32, tensors: u64, pairs: u64, rest: &[u8]) -> Vec<u8> {
    [b"GGUF".as_slice(), &version.to_le_bytes(), &tensors.to_le_bytes(), &pairs.to_le_bytes(), rest].concat()
}

fn string(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes(), text.as_bytes()].concat()
}

fn tensor(name: &str, dims: &[u64], dtype: u32, offset: u64) -> Vec<u8> {
    let mut out = string(name);
    out.extend((dims.len() as u32).to_le_bytes());
    dims.iter().for_each(|d| out.extend(d.to_le_bytes()));
    out.extend(dtype.to_le_bytes());
    out.extend(offset.to_le_bytes());
    out
}

/// The offset and the words of the error.
fn refused(bytes: &[u8]) -> (u64, String) {
    match parse(bytes) {
        Err(Error::Malformed { offset, what, .. }) => (offset, what),
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[track_caller]
fn expect(bytes: &[u8], at: u64, words: &str) {
    let (offset, what) = refused(bytes);
    assert!(what.contains(words), "{what:?} does not contain {words:?}");
    assert_eq!(offset, at, "{what}");
}

#[test]
fn a_written_header_is_read_back() {
    let file = parse(&sample()).unwrap();
    assert_eq!((file.version, file.alignment), (3, 32));
    assert_eq!(file.metadata, pairs());
    let tensors: Vec<_> = file.tensors.iter().map(|t| (t.name.as_str(), t.shape.clone(), t.nbytes)).collect();
    assert_eq!(tensors, [("x", vec![2, 64], 72), ("y", vec![3], 12), ("z", vec![], 2)]);
    assert_eq!(file.tensors[1].offset, file.data_offset + 96);
}

#[test]
fn version_two_is_read() {
    let mut file = sample();
    file[4] = 2;
    assert_eq!(parse(&file).unwrap().version, 2);
}

#[test]
fn every_cut_is_refused_at_a_byte_within_the_file() {
    let file = sample();
    let last = parse(&file).unwrap().tensors[2].clone();
    for len in 0..(last.offset + last.nbytes) as usize {
        assert!(refused(&file[..len]).0 <= len as u64, "cut at {len}");
    }
}

#[test]
fn other_versions_and_byte_orders_are_named() {
    for (version, words) in [(1, "GGUF version 1"), (4, "GGUF version 4"), (0x0300_0000, "big-endian GGUF")] {
        match parse(&raw(version, 0, 0, &[])) {
            Err(Error::Unsupported { what, .. }) => {
                assert!(what.starts_with(words) && what.contains("byte 4"), "{what}")
            }
            other => panic!("{other:?}"),
        }
    }
    expect(b"GGML____", 0, "not a GGUF file");
}

#[test]
fn counts_that_cannot_fit_are_refused_before_allocating() {
    expect(&raw(3, u64::MAX, 0, &[0; 64]), 8, "tensor count");
    expect(&raw(3, 0, 1 << 60, &[0; 64]), 16, "metadata count");
    let huge =
        [string("k"), 9u32.to_le_bytes().into(), 8u32.to_le_bytes().into(), vec![0xFF; 8], vec![0; 64]];
    expect(&raw(3, 0, 1, &huge.concat()), 24 + 9 + 8, "array length");
}

#[test]
fn lengths_beyond_the_file_or_the_limits_are_refused() {
    expect(&raw(3, 0, 1, &[[0xFF; 8], [0; 8], [0; 8]].concat()), 24, "key of 18446744073709551615 bytes");
    let value =
        [string("k"), 8u32.to_le_bytes().into(), 1000u64.to_le_bytes().into(), vec![b'a'; 20]].concat();
    expect(&raw(3, 0, 1, &value), 24 + 9 + 4 + 8, "ends inside k");
    let name = "n".repeat(65);
    expect(&raw(3, 1, 0, &tensor(&name, &[32], 0, 0)), 24, "tensor name of 65 bytes");
}

#[test]
fn nesting_and_unknown_value_types_are_refused() {
    let nested = [string("k"), 9u32.to_le_bytes().into(), 9u32.to_le_bytes().into(), vec![0; 16]].concat();
    expect(&raw(3, 0, 1, &nested), 24 + 9 + 4, "array of arrays in k");
    let unknown = [string("k"), 13u32.to_le_bytes().into(), vec![0; 16]].concat();
    expect(&raw(3, 0, 1, &unknown), 24 + 9, "unknown value type 13");
    let no_bool = [string("k"), 7u32.to_le_bytes().into(), vec![2]].concat();
    expect(&raw(3, 0, 1, &no_bool), 24 + 9 + 4, "bool of value 2");
    let no_text = [string("k"), 8u32.to_le_bytes().into(), 1u64.to_le_bytes().into(), vec![0xFF]].concat();
    expect(&raw(3, 0, 1, &no_text), 24 + 9 + 4 + 8, "not UTF-8");
}

#[test]
fn invalid_alignments_are_refused() {
    for bad in [0u32, 3, 48, 1 << 21] {
        let pair =
            [string("general.alignment"), 4u32.to_le_bytes().into(), bad.to_le_bytes().into()].concat();
        expect(&raw(3, 0, 1, &pair), 24 + 25, "alignment");
    }
    let as_u64 =
        [string("general.alignment"), 10u32.to_le_bytes().into(), 32u64.to_le_bytes().into()].concat();
    expect(&raw(3, 0, 1, &as_u64), 24 + 25, "alignment");
}

#[test]
fn malicious_tensor_entries_are_refused() {
    let with = |entries: &[Vec<u8>]| {
        let mut file = raw(3, entries.len() as u64, 0, &entries.concat());
        file.resize(file.len().next_multiple_of(32) + 256, 0);
        file
    };
    let second = 24 + tensor("a", &[32], 0, 0).len() as u64;
    let dims = 24 + 9 + 4;
    expect(&with(&[tensor("a", &[1; 5], 0, 0)]), 24 + 9, "5 dimensions");
    expect(&with(&[tensor("a", &[32, 0], 0, 0)]), dims, "no elements");
    expect(&with(&[tensor("a", &[1 << 40, 1 << 40], 0, 0)]), dims, "overflows");
    expect(&with(&[tensor("a", &[1 << 62], 0, 0)]), dims + 8, "overflows");
    expect(&with(&[tensor("a", &[32], 4, 0)]), dims + 8, "unknown type 4");
    expect(&with(&[tensor("a", &[33], 2, 0)]), dims + 8, "not a multiple of q4_0's 32");
    expect(&with(&[tensor("a", &[32], 0, 8)]), 24, "not a multiple of 32");
    expect(&with(&[tensor("a", &[128], 0, 0)]), 24, "reaches beyond the end");
    expect(&with(&[tensor("a", &[32], 0, u64::MAX - 31)]), 24, "reaches beyond the end");
    expect(&with(&[tensor("a", &[32], 0, 0), tensor("a", &[32], 0, 128)]), second, "duplicate tensor a");
    expect(&with(&[tensor("a", &[32], 0, 0), tensor("b", &[32], 0, 96)]), second, "overlap");
    expect(&with(&[tensor("a", &[32], 0, 32), tensor("b", &[32], 0, 0)]), 24, "overlap");
    let pair = [string("k"), 0u32.to_le_bytes().into(), vec![1]].concat();
    expect(&raw(3, 0, 2, &[pair.clone(), pair].concat()), 24 + 14, "duplicate key k");
}

proptest! {
    /// Any bytes: no panic, no hang, no large allocation.
    #[test]
    fn any_damage_is_read_or_refused(at in 0usize..400, bytes in prop::collection::vec(any::<u8>(), 1..16)) {
        let mut file = sample();
        let at = at % file.len();
        let n = bytes.len().min(file.len() - at);
        file[at..at + n].copy_from_slice(&bytes[..n]);
        let _ = parse(&file);
    }

    #[test]
    fn any_bytes_after_the_magic_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse(&[b"GGUF\x03\0\0\0".as_slice(), &bytes].concat());
    }
}
