"""A run with everything that a report shows, written by production's own writers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from t2sql import runs
from t2sql.runs.records import (
    Check,
    ChosenCheckpoint,
    ComparedAnswer,
    ComparedQuestion,
    CompareResult,
    ComparisonRow,
    ConvertResult,
    DataResult,
    FuseResult,
    Pair,
    Prediction,
    QuantizeResult,
    StageResult,
    TestedCheckpoint,
    TestResult,
    Threshold,
    TrainEvent,
    TrainResult,
    Trust,
    ValidationScore,
    ValidEvent,
    VerifiedFile,
    VerifyResult,
    WarningEvent,
    WrittenFile,
    write_predictions,
)

NASTY = "<script>alert('x')</script> | `a` & \"b\""
STEPS = range(0, 601, 100)
LOSSES = dict(zip(STEPS, (2.31, 0.42, 0.24, 0.171, 0.152, 0.149, 0.1525), strict=True))
CHOSEN = ChosenCheckpoint(step=500, valid_loss=0.149, select="execution", valid_accuracy=0.625, valid_n=40)


def make_reported_run(path: Path, *, until: str | None = None, model: str = "demo") -> runs.Run:
    """A run that went through every stage but `report`, or up to and with `until`."""
    settings = {
        "model": model,
        "data": "demo",
        "iters": 600,
        "learning_rate": 1e-3,
        "types": ["q8_0", "q4_0"],
    }
    run = runs.create_run(path, settings)
    with run.lock():
        run.plan(runs.STAGES)
        for result in _results(path):
            with run.stage(result.STAGE, {}) as stage:
                stage.save(result)
                if result.STAGE == "train":
                    _train_events(stage)
            if until == result.STAGE:
                return run
        run.layout.checkpoints.mkdir()
        run.choose(CHOSEN)
        _predictions(run.layout)
    return run


def make_pair(model: str, against: str, broken: tuple[str, ...], fixed: tuple[str, ...]) -> Pair:
    """A pair of 200 questions."""
    questions = {"t1": f"What broke? {NASTY}", "t2": "What was fixed?"}
    return Pair(
        model=model,
        backend="llama",
        against=against,
        n=200,
        broken=broken,
        fixed=fixed,
        p=0.625,
        questions={id: questions[id] for id in (*broken, *fixed)},
    )


def _results(path: Path) -> list[StageResult]:
    files = tuple(
        WrittenFile(path=f"{path}/gguf/demo.{t}.gguf", bytes=b, types={t: 210, "f32": 61}, seconds=0.6)
        for t, b in (("f32", 538_000_000), ("q8_0", 144_000_000), ("q4_0", 91_000_000))
    )
    checks = (Check(name="tokens/ids", ok=True, value=0, bound=0),) * 14
    return [
        DataResult(counts={"train": 2000, "valid": 200, "test": 200}, fingerprint="0123456789abcdef0123"),
        TrainResult(
            total_parameters=139_400_000,
            trainable_parameters=4_884_480,
            device="cpu",
            best_step=500,
            best="checkpoints/0000500",
        ),
        TestResult(
            rows=tuple(_tested(step) for step in STEPS),
            best_step=500,
            pairs=(make_pair("400", "500 llama", ("t1",), ()),),
            chosen=CHOSEN,
            calibration=Threshold(min_logprob=-0.05, target=0.95, n=60, answered=40, right=38),
        ),
        FuseResult(step=500, max_change=0.11, max_error=3.1e-5),
        ConvertResult(files=files[:1]),
        QuantizeResult(files=files[1:]),
        VerifyResult(files=tuple(VerifiedFile(file=f.name, ok=True, checks=checks) for f in files)),
        _comparison(),
    ]


def _tested(step: int) -> TestedCheckpoint:
    right = step // 20
    score = ValidationScore(n=40, correct=right, accuracy=right / 40, interval=(0.3, 0.9))
    return TestedCheckpoint(
        step=step,
        valid_loss=LOSSES[step],
        test_loss=LOSSES[step] + 0.02,
        test_perplexity=1.2,
        n=200,
        best=step == 500,
        valid=score if step else None,
    )


def _row(model: str, backend: str, n: int, correct: int, interval: tuple[float, float]) -> ComparisonRow:
    return ComparisonRow(
        model=model,
        base=model.startswith("base"),
        type=model.rpartition(".")[2] if "." in model else "f32",
        backend=backend,
        device="cpu",
        weights="q8_0" if backend == "llama" else "float32 (dequantized)",
        bytes=144_800_000,
        n=n,
        correct=correct,
        exact=max(0, correct - 4),
        valid=max(correct, n - 2),
        interval=interval,
        prompt_tps=812.4,
        gen_tps=158.2,
        grammar=True,
        trust=Trust(
            min_logprob=-0.05, answered=n * 5 // 8, right=n * 6 // 10, curve=((0.5, 0.98), (1.0, 0.85))
        )
        if not model.startswith("base")
        else Trust(answered=n),
    )


def _trust(n: int) -> Trust:
    curve = ((0.5, 0.98), (1.0, 0.85))
    return Trust(min_logprob=-0.05, answered=n * 5 // 8, right=n * 6 // 10, curve=curve)


def _comparison() -> CompareResult:
    rows = (
        _row("base.q8_0", "llama", 200, 7, (0.017, 0.07)),
        _row("demo.f32", "llama", 200, 171, (0.8, 0.897)),
        _row("demo.q8_0", "llama", 200, 170, (0.794, 0.893)),
        _row("demo.q4_1", "llama", 200, 158, (0.728, 0.841)),
        _row("demo.q4_0", "llama", 200, 141, (0.638, 0.764)),
        _row("fused", "mlx", 3, 3, (0.438, 1.0)),
    )
    sql = "SELECT Age FROM students WHERE Name = 'Wang Junjian'"
    base = ComparedAnswer(name="base.q8_0", backend="llama", sql=f"students {NASTY}")
    answers = tuple(ComparedAnswer(name=row.name, backend=row.backend, sql=sql) for row in rows[1:])
    return CompareResult(
        rows=rows,
        baseline=0.095,
        baseline_n=200,
        questions=(
            ComparedQuestion(question="How old is Wang Junjian?", answers=(base, *answers)),
            ComparedQuestion(question=f"Query information {NASTY}", answers=answers),
        ),
        pairs=(
            make_pair("demo.q8_0", "base.q8_0 llama", (), ("t1", "t2")),
            make_pair("demo.q4_0", "demo.f32 llama", ("t1",), ("t2",)),
            replace(make_pair("fused", "base.q8_0 llama", (), ("t2",)), backend="mlx", n=3),
        ),
    )


def _train_events(stage: runs.StageHandle) -> None:
    for step in range(10, 601, 10):
        loss = 2.2 * 0.985**step + 0.12 + 0.03 * ((step * 7919) % 10) / 10
        stage.emit(TrainEvent(step=step, loss=loss, tokens_per_second=640.0, memory_bytes=2_100_000_000))
    for step, loss in LOSSES.items():
        stage.emit(ValidEvent(step=step, loss=loss))
    stage.warn(f"slow {NASTY}")
    stage.emit(WarningEvent(message="twice"))
    stage.emit(WarningEvent(message="twice"))


def _predictions(layout: runs.RunLayout) -> None:
    layout.predictions.mkdir()
    right = Prediction(id="1", question="q", gold="SELECT 1", sql="SELECT 1", correct=True, outcome="correct")
    wrong = [
        Prediction(id=id, question=NASTY, gold="SELECT 1", sql=NASTY, correct=False, outcome="wrong column")
        for id in ("2", "3")
    ]
    path = layout.predictions_file("demo.q8_0", "llama", "test")
    write_predictions(path, [right, *wrong])
    with path.open("a", encoding="utf-8") as file:
        file.write("half a li")
