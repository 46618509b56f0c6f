"""Convert a model, quantize it, and prove that it is the same.

    python examples/convert_only.py MODEL_DIRECTORY OUT_FOLDER

MODEL_DIRECTORY is a Hugging Face directory (config.json, safetensors, tokenizer).
"""

from __future__ import annotations

import sys
from pathlib import Path

import t2sql


def main() -> None:
    """Write an F32 and a Q8_0 file beside each other, and verify the second."""
    directory, folder = Path(sys.argv[1]), Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    whole = t2sql.convert(directory, folder / "model.f32.gguf", type="f32")
    small = t2sql.quantize(whole.path, folder / "model.q8_0.gguf", "q8_0")
    for file in (whole.path, small.path):
        print(f"{file.name}: {file.stat().st_size / 1e6:.1f} MB")
    verified = t2sql.verify(directory, small.path)
    print("the same model" if verified.ok else verified.cause)


if __name__ == "__main__":
    main()
