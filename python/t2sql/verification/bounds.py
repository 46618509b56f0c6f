"""How far a correct file may be from its source, by the type of its matrices.

`row` is what rounding to the format can do to the worst row of weights there is (relative, Euclidean), so it
holds for any weights. The bounds of behaviour are multiples of the most that correct files of several models
give; docs/formats.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    row: float
    # A whole tensor's error: rows of ordinary weights come nowhere near their own bound.
    tensor: float
    mean_kl: float
    max_kl: float
    # Share of positions where file and source agree on the likeliest token.
    top1: float
    # The file's perplexity over the source's, or the inverse.
    perplexity: float
    # Mean KL of the file in MLX, in float32, against the file in llama.cpp, which rounds activations too.
    runtimes_kl: float
    # So few bits that behaviour drifts in a correct file as well: a break is a warning in a run.
    drifts: bool = False


BOUNDS = {
    # llama.cpp looks GELU up in a table of float16; without it rounding stays under 1e-9.
    "f32": Bounds(0.0, 0.0, 5e-6, 2e-4, 0.98, 1.002, 5e-6),
    "f16": Bounds(2.0**-11, 2.0**-11, 2e-4, 5e-3, 0.97, 1.02, 1e-4),
    "bf16": Bounds(2.0**-8, 2.0**-8, 1e-2, 0.1, 0.93, 1.1, 4e-3),
    # A block error is at most sqrt(32) * max / 254, and the row's norm at least max.
    "q8_0": Bounds(0.024, 0.012, 0.06, 1.0, 0.8, 1.25, 0.04),
    # Half a step is (max - min) / 30; the norm is at least (max - min) / sqrt(2).
    "q4_1": Bounds(0.28, 0.12, 2.5, 10.0, 0.2, 2.5, 0.04, drifts=True),
    # Half a step is max / 16, or max / 8 where the far end is cut off.
    "q4_0": Bounds(0.36, 0.14, 3.0, 12.0, 0.1, 3.0, 0.04, drifts=True),
}
# For other block types that gguf-py reads (K-quants and the like): at least two bits a weight.
OTHER = Bounds(0.5, 0.3, 3.0, 12.0, 0.1, 3.0, 0.04, drifts=True)


def bounds_of(type: str) -> Bounds:
    return BOUNDS.get(type, OTHER)
