"""How far a correct file may be from its source, by the type of its matrices.

`row` follows from the format: no weights can be rounded worse. The bounds of behaviour are multiples of the
largest values that correct files of several models give; docs/formats.md has the figures.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """The largest differences (of `top1` the smallest value) that a correct file may show.

    Attributes:
        row: Euclidean error of a row relative to its norm.
        tensor: The same for a whole tensor; rows of ordinary weights come nowhere near `row`.
        mean_kl: Mean KL divergence of the file's next-token distributions from the source's, in nats.
        max_kl: The largest of these divergences, in nats.
        top1: The fraction of positions where file and source agree on the likeliest token.
        perplexity: The file's perplexity over the source's, or the inverse.
        runtimes_kl: Mean KL divergence of the file in MLX, which computes in float32, from the file in
            llama.cpp, which rounds activations too.
        drifts: Whether behaviour drifts in correct files as well, as so few bits make it do; a run then
            reports a violation of the bounds of behaviour as a warning.
    """

    row: float
    tensor: float
    mean_kl: float
    max_kl: float
    top1: float
    perplexity: float
    runtimes_kl: float
    drifts: bool = False


BOUNDS = {
    # llama.cpp takes GELU from a table of float16; without it rounding stays under 1e-9.
    "f32": Bounds(0.0, 0.0, 5e-6, 2e-4, 0.98, 1.002, 5e-6),
    "f16": Bounds(2.0**-11, 2.0**-11, 2e-4, 5e-3, 0.97, 1.02, 1e-4),
    "bf16": Bounds(2.0**-8, 2.0**-8, 1e-2, 0.1, 0.93, 1.1, 4e-3),
    # The error of a block is at most sqrt(32) * max / 254, and the norm of its row at least max.
    "q8_0": Bounds(0.024, 0.012, 0.06, 1.0, 0.8, 1.25, 0.04),
    # As Q4_1 and Q4_0 with twice the steps; behaviour between theirs and that of Q8_0.
    "q5_1": Bounds(0.14, 0.07, 1.5, 8.0, 0.3, 2.0, 0.04, drifts=True),
    "q5_0": Bounds(0.18, 0.08, 1.5, 8.0, 0.3, 2.0, 0.04, drifts=True),
    # Scales are rounded, too: to 8 bits in Q6_K, to 6 in the others.
    "q6_K": Bounds(0.1, 0.04, 0.5, 4.0, 0.5, 1.5, 0.04, drifts=True),
    "q5_K": Bounds(0.2, 0.08, 1.5, 8.0, 0.3, 2.0, 0.04, drifts=True),
    "q4_K": Bounds(0.36, 0.14, 2.5, 10.0, 0.2, 2.5, 0.04, drifts=True),
    # Half a step is (max - min) / 30, and the norm at least (max - min) / sqrt(2).
    "q4_1": Bounds(0.28, 0.12, 2.5, 10.0, 0.2, 2.5, 0.04, drifts=True),
    # Half a step is max / 16, or max / 8 where the far end of the range is cut off.
    "q4_0": Bounds(0.36, 0.14, 3.0, 12.0, 0.1, 3.0, 0.04, drifts=True),
}
# For the other block types that gguf-py reads, which have two bits for a weight or more.
OTHER = Bounds(0.5, 0.3, 3.0, 12.0, 0.1, 3.0, 0.04, drifts=True)


def bounds_of(type_name: str) -> Bounds:
    """The bounds for files whose matrices are of a ggml type."""
    return BOUNDS.get(type_name, OTHER)
