//! Every instruction set that this processor has gives the bytes of the scalar specification.
//!
//! `T2SQL_VALUES=1000000000 cargo test --release --test simd` tries that many values of each kind.

use proptest::prelude::*;
use t2sql_core::quant::Simd;
use t2sql_core::{BlockFormat, Encoding, Float};

fn others() -> impl Iterator<Item = Simd> {
    Simd::ALL.into_iter().filter(|simd| *simd != Simd::Scalar && simd.available())
}

fn convert(simd: Simd, from: Float, to: Encoding, src: &[u8]) -> Vec<u8> {
    let mut out = vec![0xAA; to.bytes(src.len() / from.size()).unwrap()];
    simd.convert(from, to, src, &mut out);
    out
}

/// Converts `src`, read as each source type, to every encoding with every instruction set.
#[track_caller]
fn check_convert(src: &[u8]) {
    check_convert_to(|_| true, src);
}

/// The same for the encodings that are asked for.
#[track_caller]
fn check_convert_to(asked: impl Fn(Encoding) -> bool, src: &[u8]) {
    for from in Float::ALL {
        for to in Encoding::ALL.into_iter().filter(|to| asked(*to)) {
            // The scalar search of a K format takes a hundred times as long as the other kernels.
            let part = if to.block_len() > 32 && src.len() > 1 << 16 { src.len() / 16 } else { src.len() };
            let src = &src[..part - part % (from.size() * to.block_len())];
            let expected = convert(Simd::Scalar, from, to, src);
            for simd in others() {
                let got = convert(simd, from, to, src);
                if got != expected {
                    let size = to.block_bytes();
                    let i = got.iter().zip(&expected).position(|(a, b)| a != b).unwrap() / size;
                    let step = from.size() * to.block_len();
                    let (block, actual, expected) = (
                        &src[i * step..(i + 1) * step],
                        &got[i * size..][..size],
                        &expected[i * size..][..size],
                    );
                    panic!("{simd} {from} to {to}, block {i} of {block:?}: {actual:?}, not {expected:?}");
                }
            }
        }
    }
}

/// Dequantizes `src` as each format with every instruction set. NaNs are equal whatever their payload.
#[track_caller]
fn check_dequantize(src: &[u8]) {
    for from in BlockFormat::ALL {
        let src = &src[..src.len() / from.block_bytes() * from.block_bytes()];
        let len = src.len() / from.block_bytes() * from.block_len();
        let dequantize = |simd: Simd| {
            let mut out = vec![0.0f32; len];
            simd.dequantize(from, src, &mut out);
            out.into_iter().map(|x| if x.is_nan() { u32::MAX } else { x.to_bits() }).collect::<Vec<_>>()
        };
        let expected = dequantize(Simd::Scalar);
        for simd in others() {
            assert!(dequantize(simd) == expected, "{simd} dequantizes {from} to other values");
        }
    }
}

fn bytes(x: impl IntoIterator<Item = f32>) -> Vec<u8> {
    x.into_iter().flat_map(f32::to_le_bytes).collect()
}

/// Blocks on which a nearly correct implementation fails.
const HARD_BLOCKS: &[u8] = include_bytes!("../../../tests/golden/blocks.f32");

#[test]
fn hard_blocks_agree_at_every_place_in_a_group() {
    let filler = |i: usize| bytes((0..32).map(|j| ((i * 37 + j * 11) % 64) as f32 - 31.0));
    for (number, block) in HARD_BLOCKS.chunks(128).enumerate() {
        for at in 0..17 {
            let blocks: Vec<_> = (0..33).map(|i| if i == at { block.to_vec() } else { filler(i) }).collect();
            // Emulated, the searches of the K formats take minutes: there each block stands in one place.
            let everywhere = values() >= 1_000_000;
            check_convert_to(|to| everywhere || to.block_len() <= 32 || at == number % 17, &blocks.concat());
        }
    }
}

#[test]
fn every_number_of_blocks_agrees() {
    for blocks in 0..40 {
        // Whole blocks of 32, and of 256.
        for values in [blocks * 32, blocks * 256] {
            check_convert(&bytes((0..values).map(|i| (i as f32 * 0.37).sin())));
        }
        let raw: Vec<u8> = (0..blocks * 170).map(|i| (i * 97 % 251) as u8).collect();
        check_dequantize(&raw);
    }
}

/// A fast generator of random bits (xorshift64*): a billion values take seconds.
struct Bits(u64);

impl Bits {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
}

fn values() -> usize {
    std::env::var("T2SQL_VALUES").ok().and_then(|n| n.parse().ok()).unwrap_or(1_000_000)
}

/// Three kinds: random bits; exponents close together, as in ordinary blocks; few mantissa bits, which gives ties.
#[test]
fn random_values_agree() {
    let mut bits = Bits(0x9E37_79B9_7F4A_7C15);
    let chunk = 1 << 16;
    for _ in 0..values().div_ceil(chunk) {
        let base = 20 + (bits.next() % 215) as u32;
        for style in 0..3 {
            let src: Vec<u8> = (0..chunk / 2)
                .flat_map(|_| {
                    let raw = bits.next();
                    let close = (raw as u32 & 0x807F_FFFF) | ((base + (raw >> 40) as u32 % 6) << 23);
                    match style {
                        0 => raw.to_le_bytes(),
                        1 => (u64::from(close) << 32
                            | u64::from(close.rotate_left(9) & 0x80FF_FFFF | base << 23))
                        .to_le_bytes(),
                        _ => (u64::from(close & 0xFFF0_0000) << 32 | u64::from(close << 4 & 0xFFF8_0000))
                            .to_le_bytes(),
                    }
                })
                .collect();
            check_convert(&src);
            check_dequantize(&src);
        }
    }
}

proptest! {
    #[test]
    fn blocks_of_any_floats_agree(x in prop::collection::vec(any::<f32>(), 32 * 16)) {
        check_convert(&bytes(x));
    }

    #[test]
    fn ordinary_blocks_agree(x in prop::collection::vec(-1f32..1.0, 32 * 16), e in -40i32..40) {
        check_convert(&bytes(x.into_iter().map(|v| v * (e as f32).exp2())));
    }
}
