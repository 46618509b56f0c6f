//! Products with frozen weights, which stay as they are stored: tiles of them are decoded on the way into the
//! product.

#[cfg(target_arch = "x86_64")]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod blocks;
mod buffers;
mod choice;
mod driver;
mod kernels;
mod low_rank;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod pairs;
mod panels;
mod scalar;
#[cfg(test)]
mod tests;
mod weight;

pub use choice::{fastest_bf16, speeds, Speed};
pub(crate) use driver::product_with;
pub use driver::{product, Direction, Product};
pub use kernels::Kernels;
pub(crate) use low_rank::LowRank;
pub use weight::{Affine, Floats, FrozenWeight, Stored};
