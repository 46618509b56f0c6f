//! What the benches share: values like weights, a safetensors file of them, and the kernels for peers.py.

#![deny(missing_docs)]

pub mod ffi;

use std::io::Write;
use std::path::Path;

use t2sql_core::quant::Simd;
use t2sql_core::Float;

/// `len` float32 values like a layer's weights: small, of both signs, the same every time.
pub fn weights(len: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        f32::from_bits(0x3F80_0000 | state >> 9) - 1.5
    };
    // The sum of three uniform numbers is close to normally distributed.
    (0..len).flat_map(|_| ((next() + next() + next()) * 0.04).to_le_bytes()).collect()
}

/// The same values as another float type, little-endian.
pub fn as_type(values: &[u8], float: Float) -> Vec<u8> {
    let mut out = vec![0; values.len() / 4 * float.size()];
    Simd::Scalar.convert(Float::F32, float, values, &mut out);
    out
}

/// Writes a safetensors file of `tensors` float tensors of `[rows, cols]`, named w0, w1 and so on.
///
/// # Errors
/// When the file cannot be written.
pub fn safetensors(
    path: &Path,
    float: Float,
    tensors: usize,
    rows: usize,
    cols: usize,
) -> std::io::Result<()> {
    let data = as_type(&weights(rows * cols), float);
    let entry = |i: usize| {
        let (from, to, name) = (i * data.len(), (i + 1) * data.len(), float.to_string().to_uppercase());
        format!(r#""w{i}":{{"dtype":"{name}","shape":[{rows},{cols}],"data_offsets":[{from},{to}]}}"#)
    };
    let header = format!("{{{}}}", (0..tensors).map(entry).collect::<Vec<_>>().join(","));
    let mut file = std::fs::File::create(path)?;
    file.write_all(&(header.len() as u64).to_le_bytes())?;
    file.write_all(header.as_bytes())?;
    (0..tensors).try_for_each(|_| file.write_all(&data))
}
