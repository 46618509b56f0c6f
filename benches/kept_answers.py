"""How many of its right answers a model keeps in smaller files, on questions that no split of the demo has.

    python benches/kept_answers.py runs/demo --out target/kept.json
    python benches/kept_answers.py runs/demo --files a.gguf b.gguf --limit 100 --free --out target/kept.json

The questions are those of `t2sql data demo --examples 1500`: by the demo's generator, over tables that the
demo does not have. The first file is the reference, by default the run's F32 file; every other is paired with
it, question by question.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from t2sql import data, evaluate, models, runs

DRAWS = 20_000


@dataclass(frozen=True)
class Kept:
    """A file beside the reference.

    Attributes:
        name: The file.
        n: Questions.
        reference: Right answers of the reference.
        right: Right answers of the file.
        broken: Questions that only the reference answers rightly.
        fixed: Questions that only the file answers rightly.
        ratio: `right` over `reference`.
        interval: 95% interval of that ratio, by drawing the paired questions again.
        points: 95% interval of the difference in right answers, as fractions of all questions.
        seconds: Wall-clock time of its answers.
    """

    name: str
    n: int
    reference: int
    right: int
    broken: int
    fixed: int
    ratio: float
    interval: tuple[float, float]
    points: tuple[float, float]
    seconds: float | None

    def line(self) -> str:
        """A row of the table."""
        low, high = (100 * bound for bound in self.interval)
        below, above = (100 * bound for bound in self.points)
        return (
            f"| {self.name} | {self.right} of {self.n} | {self.broken} | {self.fixed} "
            f"| {100 * self.ratio:.1f}% ({low:.1f} to {high:.1f}) | {below:+.1f} to {above:+.1f} |"
        )


def main() -> None:
    """Ask, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "run", type=Path, help="a run; by default its F32, Q8_0, Q4_1 and Q4_0 files are asked"
    )
    parser.add_argument("--files", type=Path, nargs="+", help="other files, the reference first")
    parser.add_argument(
        "--data", type=Path, default=Path("target/held-out"), help="where the questions are kept"
    )
    parser.add_argument("--count", type=int, default=1500, help="questions that are made")
    parser.add_argument("--limit", type=int, help="questions that are asked, drawn by --seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--free", action="store_true", help="without the grammar")
    parser.add_argument(
        "--out", type=Path, required=True, help="figures as JSON; answers go to a folder beside it"
    )
    arguments = parser.parse_args()
    if not arguments.data.exists():
        source = data.DataSource("demo", examples=arguments.count)
        data.prepare(source, arguments.data, seed=arguments.seed)
    compared = [models.resolve(path) for path in arguments.files or _files(arguments.run)]
    options = evaluate.CompareOptions(
        backends=("llama",),
        limits={"llama": arguments.limit},
        seed=arguments.seed,
        grammar=not arguments.free,
        references=(compared[0].name,),
        out_dir=arguments.out.with_suffix(""),
        force=True,
    )
    result = evaluate.compare(
        compared, data.load(arguments.data, split="test"), options, progress=_progress
    ).result
    kept = [_kept(result, row, arguments.seed) for row in result.rows[1:]]
    first = result.rows[0]
    document = {"reference": first.name, "grammar": not arguments.free, "right": first.correct, "n": first.n}
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({**document, "files": [asdict(one) for one in kept]}, indent=1))
    print(f"{first.name}: {first.correct} of {first.n} right\n")
    print("| file | right | only the reference | only the file | kept of the reference (95%) | points, 95% |")
    print("|---|--:|--:|--:|--:|--:|")
    for one in kept:
        print(one.line())


def _files(run: Path) -> list[Path]:
    layout = runs.open_run(run).layout
    files = [layout.model_file(name) for name in ("f32", "q8_0", "q4_1", "q4_0")]
    return [file for file in files if file.exists()]


def _kept(result: runs.records.CompareResult, row: runs.records.ComparisonRow, seed: int) -> Kept:
    """The file of a row beside the first row's."""
    first = result.rows[0]
    pair = next(pair for pair in result.pairs if pair.model == row.model)
    broken, fixed = len(pair.broken), len(pair.fixed)
    return Kept(
        name=row.model,
        n=row.n,
        reference=first.correct,
        right=row.correct,
        broken=broken,
        fixed=fixed,
        ratio=row.correct / max(1, first.correct),
        interval=ratio_interval(first.correct - broken, broken, fixed, row.n, seed),
        points=pair.interval,
        seconds=row.batch_seconds,
    )


def ratio_interval(both: int, broken: int, fixed: int, n: int, seed: int) -> tuple[float, float]:
    """95% bootstrap interval of the file's right answers over the reference's.

    Args:
        both: Questions that both answer rightly.
        broken: Questions that only the reference answers rightly.
        fixed: Questions that only the file answers rightly.
        n: Questions.
        seed: Of the draws.
    """
    counts = np.array([both, broken, fixed, n - both - broken - fixed])
    drawn = np.random.default_rng(seed).multinomial(n, counts / n, DRAWS)
    ratios = (drawn[:, 0] + drawn[:, 2]) / np.maximum(drawn[:, 0] + drawn[:, 1], 1)
    low, high = np.quantile(ratios, (0.025, 0.975))
    return float(low), float(high)


def _progress(done: int, total: int, what: str) -> None:
    if done % 100 == 0 or done == total:
        print(f"{what}: {done}/{total}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
