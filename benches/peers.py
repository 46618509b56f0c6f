"""t2sql beside its peers, in one run, taking turns: medians as JSON, and the table of docs/performance.md.

    python benches/peers.py --out peers.json
    python benches/peers.py --convert-hf ../llama.cpp/convert_hf_to_gguf.py

Peers: libgguf (ggml's C reference), gguf-py, llama_model_quantize and `cp --reflink=never`. The first run
compiles llama-cpp-python from its source package, in a virtual environment of its own under target/, which
takes minutes; so this is no part of the tests. The model is the demo's (540 MB of float32).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from file_peers import Files
from kernel_peers import measure

from t2sql import _core

ROOT = Path(__file__).parents[1]


def llama_python(given: Path | None) -> Path | None:
    """A Python that has llama-cpp-python: the one given, or a virtual environment made for it."""
    if given:
        return given
    venv = ROOT / "target" / "peers"
    python = venv / "bin" / "python"
    ready = [python, "-c", "import llama_cpp"]
    if python.exists() and subprocess.run(ready, capture_output=True).returncode == 0:
        return python
    print("compiling llama-cpp-python (minutes, once)", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    made = subprocess.run([python, "-m", "pip", "install", "--quiet", "llama-cpp-python"])
    if made.returncode:
        print("SKIPPED: llama-cpp-python did not compile; llama_model_quantize is left out", file=sys.stderr)
        return None
    return python


def machine() -> dict[str, Any]:
    """What the figures belong to."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return {
        "processor": models[0] if models else platform.processor() or platform.machine(),
        "features": _core.cpu_features(),
        "simd": _core.simd(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "load_at_start": os.getloadavg()[0],
        "date": datetime.date.today().isoformat(),
    }


def table(result: dict[str, Any]) -> str:
    """The ratios as Markdown."""
    where = result["machine"]
    lines = [
        f"{where['processor']}, {where['cores']} cores, {where['simd']}, {where['date']}; "
        f"load when it began {where['load_at_start']:.1f}",
        "",
    ]
    if "kernels" in result:
        lines += [
            "| kernel, 64 MiB of float32 | GB/s read | × libgguf | × gguf-py | of reading alone "
            "| 2 threads, of a copy | × 1 thread |",
            "|---|---|---|---|---|---|---|",
        ]
        for name, f in result["kernels"]["formats"].items():
            rate, peers = f"{f['input_gb_per_s']:.1f}", f"{f['times_c']:.1f} | {f['times_gguf_py']:.0f}"
            lines.append(
                f"| {name.upper()} | {rate} | {peers} "
                f"| {f['of_read_only']:.0%} | {f['of_copy_2']:.0%} | {f['speed_up_2']:.2f} |"
            )
        lines.append("")
    if "files" in result:
        lines += [
            "| file to file, warm cache | seconds | peer | peer's seconds | ratio |",
            "|---|---|---|---|---|",
        ]
        for row in result["files"]:
            for peer, seconds in row["peers"].items():
                ratio = seconds / row["seconds"]
                lines.append(
                    f"| {row['what']} | {row['seconds']:.2f} | {peer} | {seconds:.2f} | {ratio:.2f} |"
                )
        lines.append("")
    if "memory" in result:
        lines += ["| input | largest RssAnon while converting to Q4_0 |", "|---|---|"]
        lines += [f"| {m['input_gb']:.1f} GB | {m['rss_anon_mib']:.0f} MiB |" for m in result["memory"]]
    return "\n".join(lines)


def main() -> int:
    """Measure; the figures as JSON, and the table on stderr."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="write the JSON here instead of stdout")
    parser.add_argument(
        "--rounds", type=int, default=15, help="turns of each kernel; files take a third of them"
    )
    parser.add_argument("--only", choices=["kernels", "files", "memory"], action="append")
    parser.add_argument(
        "--convert-hf", type=Path, help="llama.cpp's convert_hf_to_gguf.py, to measure it too"
    )
    parser.add_argument(
        "--convert-python", type=Path, default=Path(sys.executable), help="the Python that runs it"
    )
    parser.add_argument("--llama-python", type=Path, help="a Python that has llama-cpp-python already")
    parser.add_argument(
        "--dir", type=Path, help="where the files are made (about 20 GB where sparse files are none)"
    )
    args = parser.parse_args()
    parts = args.only or ["kernels", "files", "memory"]
    result: dict[str, Any] = {"machine": machine()}
    if "kernels" in parts:
        result["kernels"] = measure(args.rounds)
    if {"files", "memory"} & set(parts):
        with tempfile.TemporaryDirectory(dir=args.dir) as folder:
            llama = llama_python(args.llama_python) if "files" in parts else None
            files = Files(Path(folder), llama, args.convert_hf, args.convert_python)
            if "files" in parts:
                result["files"] = files.measure(max(3, args.rounds // 3))
            if "memory" in parts:
                result["memory"] = files.memory()
    text = json.dumps(result, indent=1)
    if args.out:
        args.out.write_text(text + "\n")
    else:
        print(text)
    print(table(result), file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
