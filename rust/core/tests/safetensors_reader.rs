//! The safetensors reader on files that are cut short, damaged or malicious.

use std::path::Path;

use proptest::prelude::*;
use t2sql_core::safetensors::{parse, SafeTensors};
use t2sql_core::Error;

fn read(bytes: &[u8]) -> Result<SafeTensors, Error> {
    parse(bytes, Path::new("t.safetensors"))
}

fn file(json: &str, data: usize) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes(), json.as_bytes(), &vec![0; data]].concat()
}

#[track_caller]
fn expect(bytes: &[u8], words: &str) {
    match read(bytes) {
        Err(error) => assert!(error.to_string().contains(words), "{error} does not contain {words:?}"),
        Ok(found) => panic!("expected {words:?}, got {found:?}"),
    }
}

const GOOD: &str = r#"{"__metadata__":{"format":"pt"},
    "b":{"dtype":"BF16","shape":[2,3],"data_offsets":[8,20]},
    "a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},
    "s":{"dtype":"F64","shape":[],"data_offsets":[20,28]}}"#;

#[test]
fn a_header_is_read_in_the_order_of_its_bytes() {
    let found = read(&file(GOOD, 28)).unwrap();
    assert_eq!(found.metadata, [("format".into(), "pt".into())]);
    let start = 8 + GOOD.len() as u64;
    let tensors: Vec<_> =
        found.tensors.iter().map(|t| (t.name.as_str(), t.offset - start, t.nbytes)).collect();
    assert_eq!(tensors, [("a", 0, 8), ("b", 8, 12), ("s", 20, 8)]);
}

#[test]
fn every_cut_is_refused() {
    let whole = file(GOOD, 28);
    for len in 0..whole.len() {
        assert!(read(&whole[..len]).is_err(), "cut at {len}");
    }
}

#[test]
fn malicious_headers_are_refused() {
    let one = |entry: &str| file(&format!(r#"{{"a":{entry}}}"#), 8);
    expect(&u64::MAX.to_le_bytes(), "not a safetensors file");
    expect(&one(r#"{"dtype":"F32","shape":[3],"data_offsets":[0,12]}"#), "not in the 8 bytes");
    expect(&one(r#"{"dtype":"F32","shape":[2],"data_offsets":[8,0]}"#), "range 8..0");
    expect(&one(r#"{"dtype":"F32","shape":[1],"data_offsets":[0,8]}"#), "8 bytes for a of F32 [1]");
    expect(&one(r#"{"dtype":"F32","shape":[4294967296,4294967297],"data_offsets":[0,8]}"#), "bytes for a");
    expect(&one(r#"{"dtype":"F31","shape":[2],"data_offsets":[0,8]}"#), "unknown type F31");
    expect(&one(r#"{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}"#), "invalid value");
    expect(&one(r#"{"dtype":"F32","shape":[2]}"#), "missing field");
    expect(&file("[]", 0), "an object of tensors");
    expect(&file(&"[".repeat(100_000), 0), "malformed header");
    let a = r#""a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#;
    expect(&file(&format!("{{{a},{a}}}"), 8), "duplicate key a");
    expect(&file(&format!("{{{a},{}}}", a.replace("\"a\"", "\"b\"")), 8), "tensors a and b overlap");
}

/// As the reference implementation does; the byte is the first that no tensor claims.
#[test]
fn data_that_the_tensors_do_not_cover_is_refused() {
    let tensor = |name: &str, from: u64| {
        format!(r#""{name}":{{"dtype":"F32","shape":[2],"data_offsets":[{from},{}]}}"#, from + 8)
    };
    let header = |tensors: &[String]| format!("{{{}}}", tensors.join(","));
    for (tensors, data, byte, words) in [
        (vec![tensor("a", 4)], 12, 0, "a hole before the data of a"),
        (vec![tensor("b", 12), tensor("a", 0)], 20, 8, "a hole between the data of a and b"),
        (vec![tensor("a", 0)], 9, 8, "1 bytes after the data of the last tensor"),
        (vec![], 3, 0, "3 bytes after the data of the last tensor"),
    ] {
        let json = header(&tensors);
        let bytes = file(&json, data);
        expect(&bytes, words);
        assert_eq!(offset_of(&bytes), 8 + json.len() as u64 + byte, "{words}");
    }
    let empty = r#""e":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}"#.to_string();
    assert_eq!(read(&file(&header(&[empty, tensor("a", 0)]), 8)).unwrap().tensors.len(), 2);
}

#[test]
fn the_position_of_a_bad_byte_is_named() {
    let json = "{\"a\":\n  nonsense}";
    assert!((14..18).contains(&offset_of(&file(json, 0))));
}

fn offset_of(bytes: &[u8]) -> u64 {
    match read(bytes) {
        Err(Error::Malformed { offset, .. }) => offset,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_position_of_a_bad_entry_is_named() {
    let good = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":"#;
    for entry in [
        r#"{"dtype":"F32","shape":[2],"data_offsets":[8,99]}"#,
        r#"{"dtype":"F32","shape":[3],"data_offsets":[0,8]}"#,
        r#"{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,8]}"#,
    ] {
        assert_eq!(offset_of(&file(&format!("{good}{entry}}}"), 8)), 8 + good.len() as u64, "{entry}");
    }
    let entry = r#"{"dtype":"F32","shape":["x"]}"#;
    let at = offset_of(&file(&format!("{good}{entry}}}"), 8)) - 8 - good.len() as u64;
    assert!((24..30).contains(&at), "{at}");
}

proptest! {
    #[test]
    fn any_damage_is_read_or_refused(at in 0usize..300, byte in any::<u8>()) {
        let mut bytes = file(GOOD, 28);
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = read(&bytes);
    }
}
