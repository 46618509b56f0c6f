//! Intel's Advanced Matrix Extensions: tiles of 32 rows and 32 columns, four of the eight tile registers.
//!
//! The intrinsics are not stable, so the instructions stand here as assembly. The system lends the registers to a
//! process that asks for them (<https://docs.kernel.org/arch/x86/xstate.html>).

use std::arch::asm;
use std::sync::OnceLock;

use super::avx512;
use super::driver::Kernel;
use super::panels::{Part, STRIDE};

/// Whether this processor has AMX for bfloat16 and the system lets this process use it. The first call asks.
pub(super) fn granted() -> bool {
    static GRANTED: OnceLock<bool> = OnceLock::new();
    *GRANTED.get_or_init(|| present() && ask())
}

/// Whether the processor has the instructions.
pub(super) fn present() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    const AMX_BF16: u32 = 1 << 22;
    const AMX_TILE: u32 = 1 << 24;
    // Leaf 7 describes features where there is one.
    let found = __cpuid(0).eax >= 7 && __cpuid_count(7, 0).edx & (AMX_BF16 | AMX_TILE) == AMX_BF16 | AMX_TILE;
    found && is_x86_feature_detected!("avx512f")
}

#[cfg(target_os = "linux")]
fn ask() -> bool {
    const ARCH_REQ_XCOMP_PERM: libc::c_long = 0x1023;
    const XFEATURE_XTILEDATA: libc::c_long = 18;
    // SAFETY: the call takes numbers and changes only what the process may use.
    unsafe { libc::syscall(libc::SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA) == 0 }
}

#[cfg(not(target_os = "linux"))]
fn ask() -> bool {
    false
}

/// The operand of LDTILECFG.
#[repr(C, align(64))]
struct Config {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    /// Bytes of a row of each register.
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIG: Config = Config {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// The kernel.
pub(super) struct Amx;

impl Kernel for Amx {
    const MR: usize = 32;
    const NR: usize = 32;
    const KR: usize = 32;
    const KC: usize = 384;
    type Element = u16;

    unsafe fn pack_rows(x: &[f32], stride: usize, size: [usize; 2], padded: usize, panel: &mut [u16]) {
        // SAFETY: AVX-512 BF16, by the caller's promise.
        unsafe { avx512::pack_rows(x, stride, size, padded, panel) };
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
    unsafe fn pack_weight(part: &Part, padded: usize, panel: &mut [u16], scratch: &mut [f32]) {
        // SAFETY: AVX2, by the caller's promise.
        unsafe { avx512::pack_pairs(part, padded, panel, scratch) };
    }

    unsafe fn run(
        padded: usize,
        rows: *const u16,
        weight: *const u16,
        tile: *mut f32,
        stride: usize,
        add: bool,
    ) {
        let row_bytes = stride * size_of::<f32>();
        // SAFETY (of each block): `begin` has configured the registers as 16 rows of 64 bytes; the panels hold
        // `padded` positions, a multiple of 32, and the tile is valid: all by the caller's promise.
        unsafe {
            let below = tile.add(16 * stride);
            if add {
                asm!(
                    "tileloadd tmm0, [{tile} + {stride}]",
                    "tileloadd tmm1, [{tile} + {stride} + 64]",
                    "tileloadd tmm2, [{below} + {stride}]",
                    "tileloadd tmm3, [{below} + {stride} + 64]",
                    tile = in(reg) tile, below = in(reg) below, stride = in(reg) row_bytes,
                    options(nostack, readonly, preserves_flags),
                );
            } else {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "tilezero tmm2",
                    "tilezero tmm3",
                    options(nostack, nomem, preserves_flags),
                );
            }
            asm!(
                "2:",
                "tileloadd tmm4, [{upper} + {row_bytes}]",
                "tileloadd tmm6, [{weight} + {pair_bytes}]",
                "tileloadd tmm7, [{weight} + {pair_bytes} + 64]",
                "tdpbf16ps tmm0, tmm4, tmm6",
                "tileloadd tmm5, [{lower} + {row_bytes}]",
                "tdpbf16ps tmm1, tmm4, tmm7",
                "tdpbf16ps tmm2, tmm5, tmm6",
                "tdpbf16ps tmm3, tmm5, tmm7",
                "add {upper}, 64",
                "add {lower}, 64",
                "add {weight}, 2048",
                "dec {steps}",
                "jnz 2b",
                upper = inout(reg) rows => _,
                lower = inout(reg) rows.add(16 * STRIDE) => _,
                weight = inout(reg) weight => _,
                steps = inout(reg) padded / 32 => _,
                row_bytes = in(reg) STRIDE * 2,
                pair_bytes = in(reg) 128usize,
                options(nostack, readonly),
            );
            asm!(
                "tilestored [{tile} + {stride}], tmm0",
                "tilestored [{tile} + {stride} + 64], tmm1",
                "tilestored [{below} + {stride}], tmm2",
                "tilestored [{below} + {stride} + 64], tmm3",
                tile = in(reg) tile, below = in(reg) below, stride = in(reg) row_bytes,
                options(nostack, preserves_flags),
            );
        }
    }

    unsafe fn begin() {
        // SAFETY: the processor has AMX and the system lends it, by the caller's promise; the operand is valid.
        unsafe {
            asm!("ldtilecfg [{}]", in(reg) &raw const CONFIG, options(nostack, readonly, preserves_flags))
        };
    }

    unsafe fn end() {
        // SAFETY: as in `begin`.
        unsafe { asm!("tilerelease", options(nostack, nomem, preserves_flags)) };
    }
}
