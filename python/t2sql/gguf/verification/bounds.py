"""How far a correct file may be from its source, by the type of its matrices.

`row` is what rounding to the format can do to the worst row of weights there is (relative, Euclidean), so it
holds for any weights. The logit bounds are generous multiples of what correct files of several models give.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from t2sql.gguf.container import GgufFile


@dataclass(frozen=True)
class Bounds:
    row: float
    mean_kl: float
    # Share of positions where file and source agree on the likeliest token.
    top1: float


BOUNDS = {
    "f32": Bounds(row=0.0, mean_kl=1e-4, top1=0.97),
    "f16": Bounds(row=2.0**-11, mean_kl=1e-3, top1=0.95),
    "bf16": Bounds(row=2.0**-8, mean_kl=2e-2, top1=0.90),
    # A block error is at most sqrt(32) * max / 254, and the row's norm at least max.
    "q8_0": Bounds(row=0.024, mean_kl=0.05, top1=0.85),
    # Half a step is (max - min) / 30; the norm is at least (max - min) / sqrt(2).
    "q4_1": Bounds(row=0.28, mean_kl=1.5, top1=0.25),
    # Half a step is max / 16, or max / 8 where the far end is cut off.
    "q4_0": Bounds(row=0.36, mean_kl=2.0, top1=0.2),
}
# For other block types that gguf-py reads (K-quants and the like): at least four bits a weight.
OTHER = Bounds(row=0.5, mean_kl=2.0, top1=0.2)


def bounds_of(type: str) -> Bounds:
    return BOUNDS.get(type, OTHER)


def main_type(gguf: GgufFile) -> str:
    """The type that holds most of the file's weights."""
    count: Counter[str] = Counter()
    for name, info in gguf.tensors.items():
        # The embedding can outweigh all else in a small model, yet it is not what the file is named for.
        if len(info.shape) > 1 and name.startswith("blk."):
            count[info.type] += info.elements
    return count.most_common(1)[0][0] if count else "f32"
