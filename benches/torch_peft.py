"""A training step of t2sql beside PyTorch with PEFT: the same examples, trained tokens, adapter and weights.

`benches/training.py --torch-python PATH` runs it. Both sides take the first epoch's batches, in turn, each in
a process of its own. Compared are steps that save the same: the loss at the completion's tokens only, and
nothing shared or cached. What each side saves otherwise stands beside it: t2sql's shared beginnings, and
PyTorch's usual loss, which computes logits at every position.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from random_models import write_model

from t2sql import data, models

BATCH, RANK, SCALE, WARM_UP = 8, 16, 10.0, 2

# Runs in this project's environment: t2sql's steps, and the batches for the other side.
OURS = """
import json, sys, time
from pathlib import Path
from t2sql import data, models
from t2sql.train.config import TrainConfig
from t2sql.train.examples import encode_dataset
from t2sql.train.exponentials import fast_exponentials
from t2sql.train.network import Network
from t2sql.train.ranks import Ranks
from t2sql.train.session import Session
from t2sql.train.step import Stepper
given = json.loads(sys.argv[1])
if not given["shares"]:
    Network.shares_prefixes = property(lambda network: False)
config = TrainConfig.of(model=given["model"], iters=10**6, num_layers=-1, cache_gb=0.0, **given["settings"])
loaded = models.load(Path(given["model"]))
dataset = data.load(Path(given["data"]))
examples = encode_dataset(loaded.tokenizer, config, dataset, lambda event: None)
session = Session(config, loaded, examples, Ranks())
steps = given["warm_up"] + given["steps"]
print(json.dumps({"at": time.time()}), flush=True)
if given["batches"]:
    order = session.order
    chosen = [[order.examples[i] for i in order.batch(step)] for step in range(steps)]
    lines = [[[list(example.ids), example.first] for example in batch] for batch in chosen]
    Path(given["batches"]).write_text(json.dumps(lines))
with fast_exponentials(loaded.model):
    stepper = Stepper(session)
    for _ in range(steps):
        taken = stepper.take()[0]
        print(json.dumps({"at": time.time(), "seconds": taken.seconds, "loss": taken.loss}), flush=True)
"""

# Runs in the environment with PyTorch, which knows nothing of t2sql.
THEIRS = """
import json, sys, time
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
given = json.loads(sys.argv[1])
torch.manual_seed(0)
model = AutoModelForCausalLM.from_pretrained(given["model"], dtype=getattr(torch, given["dtype"]))
names = [f"{name}_proj" for name in ("q", "k", "v", "o", "gate", "up", "down")]
lora = LoraConfig(r=given["rank"], lora_alpha=given["rank"] * given["scale"], lora_dropout=0.0,
                  target_modules=names, task_type="CAUSAL_LM")
model = get_peft_model(model, lora)
model.train()
model.config.use_cache = False
trained = [p for p in model.parameters() if p.requires_grad]
optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.01)
whole = model.get_base_model()
print(json.dumps({"at": time.time()}), flush=True)
for batch in json.load(open(given["batches"])):
    began = time.perf_counter()
    longest = max(len(ids) for ids, _ in batch)
    ids = torch.zeros((len(batch), longest), dtype=torch.long)
    labels = torch.full((len(batch), longest), -100)
    mask = torch.zeros((len(batch), longest), dtype=torch.long)
    for row, (tokens, first) in enumerate(batch):
        ids[row, : len(tokens)] = torch.tensor(tokens)
        labels[row, first : len(tokens)] = ids[row, first : len(tokens)]
        mask[row, : len(tokens)] = 1
    if given["logits"] == "all":
        loss = model(input_ids=ids, attention_mask=mask, labels=labels).loss
    else:
        hidden = whole.model(input_ids=ids, attention_mask=mask).last_hidden_state[:, :-1]
        at = labels[:, 1:] != -100
        logits = whole.lm_head(hidden[at]).float()
        loss = torch.nn.functional.cross_entropy(logits, labels[:, 1:][at])
    loss.backward()
    torch.nn.utils.clip_grad_norm_(trained, 1.0)
    optimizer.step()
    optimizer.zero_grad()
    seconds = time.perf_counter() - began
    print(json.dumps({"at": time.time(), "seconds": seconds, "loss": float(loss)}), flush=True)
"""


def measure(
    folder: Path,
    model: str,
    torch_python: str,
    steps: int,
    *,
    shape: str | None,
    compute: str | None,
    limit: float,
) -> dict[str, Any]:
    """Seconds of a step, of both sides.

    Args:
        folder: A dataset.
        model: The model argument.
        torch_python: The Python of an environment with torch, transformers and peft.
        steps: Steps that are measured.
        shape: A name of `random_models.SHAPES`: random weights instead of the model.
        compute: t2sql's --compute; None for its default.
        limit: Seconds that each process has. One that takes longer is ended: its figure is of the steps that
            it took, or says how long the first of them has taken at least.
    """
    with tempfile.TemporaryDirectory() as work:
        path, batches = _model(Path(work), folder, model, shape), Path(work) / "batches.json"
        settings: dict[str, Any] = {"batch_size": BATCH, "rank": RANK, "scale": SCALE}
        settings |= {} if compute is None else {"compute": compute}
        ours = {
            "model": str(path),
            "data": str(folder),
            "steps": steps,
            "warm_up": WARM_UP,
            "settings": settings,
        }
        theirs = {"model": str(path), "rank": RANK, "scale": SCALE, "batches": str(batches)}
        runs = {
            "t2sql": (sys.executable, OURS, ours | {"shares": False, "batches": str(batches)}),
            "t2sql, shared beginnings": (sys.executable, OURS, ours | {"shares": True, "batches": None}),
        }
        for dtype in ("float32", "bfloat16"):
            for logits, name in (("completion", f"PyTorch {dtype}"), ("all", f"PyTorch {dtype}, all logits")):
                runs[name] = (torch_python, THEIRS, theirs | {"dtype": dtype, "logits": logits})
        result: dict[str, Any] = {"model": shape or model, "steps": steps}
        for name, (python, program, given) in runs.items():
            result[name] = _run([python, "-c", program, json.dumps(given)], limit)
    peers = [result[f"PyTorch {dtype}"].get("step_seconds") for dtype in ("float32", "bfloat16")]
    mine, best = result["t2sql"].get("step_seconds"), min((x for x in peers if x), default=None)
    result["times"] = best / mine if best and mine else None
    return result


def _run(command: list[str], limit: float) -> dict[str, Any]:
    """The median of a program's steps after the first ones, or what is known of them."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=limit)
        printed, error = done.stdout, done.stderr[-500:] if done.returncode else ""
    except subprocess.TimeoutExpired as late:
        printed, error = (late.stdout or b"").decode(), ""
    ended = time.time()
    lines = [json.loads(line) for line in printed.splitlines() if line.endswith("}")]
    taken = [line for line in lines if "seconds" in line]
    if error:
        return {"error": error}
    if len(taken) > WARM_UP:
        seconds = statistics.median(line["seconds"] for line in taken[WARM_UP:])
        return {"step_seconds": seconds, "steps": len(taken) - WARM_UP, "first_loss": taken[0]["loss"]}
    if not lines:
        return {"error": f"not loaded after {limit:g} s"}
    return {"step_seconds_over": ended - lines[-1]["at"], "steps": 0}


def _model(work: Path, folder: Path, model: str, shape: str | None) -> Path:
    """The directory of the model, or one with random weights."""
    if shape is None:
        return models.directory(model)
    texts = [example.prompt + example.completion for example in data.load(folder).train]
    return write_model(work / "model", shape, texts)
