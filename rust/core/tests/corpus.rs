//! Replays the corpus of the fuzz targets: the properties that hold for any bytes hold for these.

use std::path::Path;

#[path = "../../../fuzz/src/properties.rs"]
mod properties;

fn replay(target: &str, property: fn(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut count = 0;
    for entry in dir.read_dir().expect("the corpus is in the repository") {
        let path = entry.expect("readable").path();
        let bytes = std::fs::read(&path).expect("readable");
        // The panic's own message does not name the file.
        let result = std::panic::catch_unwind(|| property(&bytes));
        assert!(result.is_ok(), "{}", path.display());
        count += 1;
    }
    assert!(count >= 7, "{count} files in {}", dir.display());
}

#[test]
fn the_gguf_reader_holds_on_its_corpus() {
    replay("gguf", properties::gguf);
}

#[test]
fn the_safetensors_reader_holds_on_its_corpus() {
    replay("safetensors", properties::safetensors);
}

#[test]
fn the_kernels_hold_on_their_corpus() {
    replay("kernels", properties::kernels);
}
