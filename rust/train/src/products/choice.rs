//! Which kernels are used: those that `T2SQL_SIMD` names, or the fastest, which is measured once.

use std::sync::OnceLock;
use std::time::Instant;

use super::{product, Direction, FrozenWeight, Kernels, Product, Stored};
use crate::spec::ProjectionShape;

/// The environment variable that names the kernels.
const VARIABLE: &str = "T2SQL_SIMD";

/// How much faster bfloat16 has to be to be chosen: its products are less exact, and a measurement is noisy.
const GAIN: f64 = 1.3;

/// How fast some kernels are here.
#[derive(Clone, Copy, Debug)]
pub struct Speed {
    /// The kernels.
    pub kernels: Kernels,
    /// Additions and multiplications a second, in thousands of millions.
    pub gflops: f64,
}

/// The kernels that may be chosen here: the fastest in float32 and all in bfloat16, or only those that `T2SQL_SIMD`
/// names and, where these multiply in bfloat16, the fastest in float32.
///
/// # Errors
/// The variable's value, when it names no kernels that are available.
pub fn candidates() -> Result<Vec<Kernels>, String> {
    let named = match std::env::var(VARIABLE) {
        Ok(name) if !name.is_empty() => {
            Some(Kernels::from_name(&name).filter(|kernels| kernels.available()).ok_or(name)?)
        }
        _ => None,
    };
    let float32 = named.filter(|kernels| !kernels.is_bf16()).unwrap_or_else(Kernels::float32);
    let allowed = |kernels: &Kernels| match named {
        Some(named) => *kernels == named,
        None => kernels.proven(),
    };
    let bf16 = Kernels::ALL.into_iter().filter(|kernels| kernels.is_bf16() && kernels.available());
    Ok([float32].into_iter().chain(bf16.filter(allowed)).collect())
}

/// The speed of each of the [`candidates`], measured at the first call in a few milliseconds.
///
/// # Errors
/// As for [`candidates`].
pub fn speeds() -> Result<&'static [Speed], String> {
    static SPEEDS: OnceLock<Result<Vec<Speed>, String>> = OnceLock::new();
    let speeds = SPEEDS.get_or_init(|| Ok(candidates()?.into_iter().map(measure).collect()));
    speeds.as_deref().map_err(String::clone)
}

/// The fastest of the [`candidates`] in bfloat16, if it is so much faster than float32 that it is worth its
/// roundings.
///
/// # Errors
/// As for [`candidates`].
pub fn fastest_bf16() -> Result<Option<Kernels>, String> {
    let speeds = speeds()?;
    let best = speeds[1..].iter().max_by(|a, b| a.gflops.total_cmp(&b.gflops));
    Ok(best.filter(|best| best.gflops > GAIN * speeds[0].gflops).map(|best| best.kernels))
}

/// The best of a few products of the size of a small model's.
fn measure(kernels: Kernels) -> Speed {
    let (rows, shape) = (256, ProjectionShape { inputs: 384, outputs: 384 });
    let halves: Vec<u16> = (0..shape.inputs * shape.outputs).map(|i| 0x3c00 + (i % 200) as u16).collect();
    let x: Vec<f32> = (0..rows * shape.inputs).map(|i| (i % 7) as f32 - 3.0).collect();
    let mut out = vec![0.0; rows * shape.outputs];
    let weight = FrozenWeight { stored: Stored::Bf16(&halves), kernels };
    let what = Product { rows, shape, weight, direction: Direction::Forward };
    let mut once = || {
        let start = Instant::now();
        product(&what, &x, false, &mut out);
        start.elapsed().as_secs_f64()
    };
    // The first pays for buffers and threads.
    let seconds = (0..7).map(|_| once()).skip(1).fold(f64::INFINITY, f64::min);
    Speed { kernels, gflops: 2e-9 * (rows * shape.inputs * shape.outputs) as f64 / seconds }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_one_in_float32_and_then_those_in_bfloat16() {
        let speeds = speeds().unwrap();
        assert!(!speeds[0].kernels.is_bf16() && speeds[1..].iter().all(|speed| speed.kernels.is_bf16()));
        assert!(speeds.iter().all(|speed| speed.gflops > 0.0 && speed.kernels.available()));
        assert!(fastest_bf16().unwrap().is_none_or(Kernels::is_bf16));
    }
}
