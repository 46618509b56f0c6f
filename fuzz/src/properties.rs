//! What must hold for any bytes at all. The fuzz targets try new ones; a test replays the corpus.

use std::path::Path;

use t2sql_core::gguf::{read, write};
use t2sql_core::quant::Simd;
use t2sql_core::{safetensors as st, BlockFormat, Encoding, Float};

/// A GGUF is refused, or its tensors lie in the file without overlapping and its header can be written again.
pub fn gguf(bytes: &[u8]) {
    let path = Path::new("fuzz.gguf");
    let Ok(file) = read::parse(bytes, path) else { return };
    assert_eq!(read::tensors(bytes, path).expect("fewer checks"), file.tensors);
    apart(bytes.len() as u64, file.tensors.iter().map(|t| (t.offset, t.nbytes)));
    let tensors: Vec<_> = file.tensors.iter().map(|t| (t.name.clone(), t.dtype, t.shape.clone())).collect();
    // The writer is stricter: it has one alignment, and names as short as ggml's.
    let Ok(layout) = write::layout(&file.metadata, &tensors) else { return };
    let mut again = layout.header;
    again.resize(layout.file_size as usize, 0);
    let again = read::parse(&again, path).expect("what is written is read");
    assert_eq!(format!("{:?}", again.metadata), format!("{:?}", file.metadata), "NaN and all");
    assert_eq!(again.tensors, layout.tensors);
}

/// A safetensors file is refused, or its tensors cover its data without overlapping.
pub fn safetensors(bytes: &[u8]) {
    let Ok(file) = st::parse(bytes, Path::new("fuzz.safetensors")) else { return };
    let covered: u64 = file.tensors.iter().map(|t| t.nbytes).sum();
    let header = u64::from_le_bytes(*bytes.first_chunk().expect("a length"));
    assert_eq!(8 + header + covered, bytes.len() as u64, "the tensors cover the data");
    apart(bytes.len() as u64, file.tensors.iter().map(|t| (t.offset, t.nbytes)));
}

/// Every instruction set converts any bytes as the scalar code does, in both directions.
pub fn kernels(bytes: &[u8]) {
    for from in Float::ALL {
        for to in Encoding::ALL {
            let blocks = bytes.len() / (from.size() * to.block_len());
            let src = &bytes[..blocks * from.size() * to.block_len()];
            equal(|simd| {
                let mut out = vec![0xAA; blocks * to.block_bytes()];
                simd.convert(from, to, src, &mut out);
                out
            });
        }
    }
    for from in BlockFormat::ALL {
        let blocks = bytes.len() / from.block_bytes();
        equal(|simd| {
            let mut out = vec![0.0f32; blocks * from.block_len()];
            simd.dequantize(from, &bytes[..blocks * from.block_bytes()], &mut out);
            // A NaN's payload is not specified.
            out.into_iter().map(|x| if x.is_nan() { u32::MAX } else { x.to_bits() }).collect::<Vec<_>>()
        });
    }
}

fn equal<T: PartialEq>(run: impl Fn(Simd) -> T) {
    let expected = run(Simd::Scalar);
    for simd in Simd::ALL.into_iter().filter(|simd| simd.available()) {
        assert!(run(simd) == expected, "{simd} differs from scalar");
    }
}

fn apart(size: u64, ranges: impl Iterator<Item = (u64, u64)>) {
    let mut ranges: Vec<_> = ranges.collect();
    ranges.sort_unstable();
    let mut end = 0;
    for (offset, nbytes) in ranges {
        assert!(end <= offset, "two tensors overlap");
        end = offset.checked_add(nbytes).expect("no overflow");
        assert!(end <= size, "a tensor reaches beyond the file");
    }
}
