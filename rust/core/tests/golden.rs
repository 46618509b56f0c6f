//! Hard blocks: every instruction set quantizes them to the bytes of the golden files.
//! `tests/golden/make.py` writes these files; a Python test compares them with ggml's C code.

use t2sql_core::quant::Simd;
use t2sql_core::{BlockFormat, Encoding, Float};

const BLOCKS: &[u8] = include_bytes!("../../../tests/golden/blocks.f32");
const EXPECTED: [(BlockFormat, &[u8]); 8] = [
    (BlockFormat::Q8_0, include_bytes!("../../../tests/golden/blocks.q8_0")),
    (BlockFormat::Q4_0, include_bytes!("../../../tests/golden/blocks.q4_0")),
    (BlockFormat::Q4_1, include_bytes!("../../../tests/golden/blocks.q4_1")),
    (BlockFormat::Q5_0, include_bytes!("../../../tests/golden/blocks.q5_0")),
    (BlockFormat::Q5_1, include_bytes!("../../../tests/golden/blocks.q5_1")),
    (BlockFormat::Q4K, include_bytes!("../../../tests/golden/blocks.q4_K")),
    (BlockFormat::Q5K, include_bytes!("../../../tests/golden/blocks.q5_K")),
    (BlockFormat::Q6K, include_bytes!("../../../tests/golden/blocks.q6_K")),
];

fn sets() -> impl Iterator<Item = Simd> {
    Simd::ALL.into_iter().filter(|simd| simd.available())
}

fn quantize(simd: Simd, from: Float, to: impl Into<Encoding>, src: &[u8]) -> Vec<u8> {
    let to = to.into();
    let mut out = vec![0xAA; to.bytes(src.len() / from.size()).unwrap()];
    simd.convert(from, to, src, &mut out);
    out
}

#[test]
fn every_instruction_set_gives_the_golden_blocks() {
    for (to, expected) in EXPECTED {
        let whole = BLOCKS.len() - BLOCKS.len() % (4 * to.block_len());
        for simd in sets() {
            let got = quantize(simd, Float::F32, to, &BLOCKS[..whole]);
            let size = to.block_bytes();
            for (i, (actual, expected)) in got.chunks(size).zip(expected.chunks(size)).enumerate() {
                assert_eq!(actual, expected, "{simd} {to}, block {i}");
            }
            assert_eq!(got.len(), expected.len());
        }
    }
}

/// A block whose values a 16-bit type represents exactly gives the same bytes from that type.
#[test]
fn sixteen_bit_sources_give_the_golden_blocks_that_they_represent() {
    for half in [Float::F16, Float::Bf16] {
        let narrow = quantize(Simd::Scalar, Float::F32, half, BLOCKS);
        let wide = quantize(Simd::Scalar, half, Float::F32, &narrow);
        let exact: Vec<usize> =
            (0..BLOCKS.len() / 128).filter(|i| wide[i * 128..][..128] == BLOCKS[i * 128..][..128]).collect();
        assert!(exact.len() > 20, "{} blocks of {half}", exact.len());
        for (to, expected) in EXPECTED.into_iter().filter(|(to, _)| to.block_len() == 32) {
            let size = to.block_bytes();
            for simd in sets() {
                let got = quantize(simd, half, to, &narrow);
                for &i in &exact {
                    let (actual, expected) = (&got[i * size..][..size], &expected[i * size..][..size]);
                    assert_eq!(actual, expected, "{simd} {half} to {to}, block {i}");
                }
            }
        }
    }
}

#[test]
fn every_instruction_set_dequantizes_the_golden_blocks_alike() {
    for (from, blocks) in EXPECTED {
        let dequantize = |simd: Simd| {
            let mut out = vec![0.0f32; blocks.len() / from.block_bytes() * from.block_len()];
            simd.dequantize(from, blocks, &mut out);
            out.into_iter().map(|x| if x.is_nan() { u32::MAX } else { x.to_bits() }).collect::<Vec<_>>()
        };
        for simd in sets() {
            assert!(dequantize(simd) == dequantize(Simd::Scalar), "{simd} {from}");
        }
    }
}
