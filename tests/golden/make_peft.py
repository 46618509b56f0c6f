"""Makes the adapters and logits in peft/ with PEFT: python make_peft.py TIED UNTIED OUT.

TIED is `tiny.build_llama(TIED)`, UNTIED `tiny.build_mistral(UNTIED, hidden_size=32, intermediate_size=64,
num_hidden_layers=1)`. Made with PEFT 0.21.2, transformers 5.24.0 and PyTorch 2.15.0.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

IDS = torch.tensor([[5, 9, 30, 41, 7, 100, 200]])
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "patterns": (
        "tied",
        {
            "r": 2,
            "lora_alpha": 3,
            "target_modules": r".*\.(q_proj|v_proj|down_proj)",
            "rank_pattern": {"down_proj": 3, r"layers\.1\.self_attn\.q_proj": 1},
            "alpha_pattern": {"v_proj": 7.0},
            "exclude_modules": ["layers.0.self_attn.q_proj"],
        },
    ),
    "rslora": (
        "tied",
        {
            "r": 4,
            "lora_alpha": 4,
            "use_rslora": True,
            "target_modules": ["q_proj", "up_proj"],
            "layers_to_transform": [1],
        },
    ),
    "dora": ("tied", {"r": 2, "lora_alpha": 4, "use_dora": True, "target_modules": "all-linear"}),
    "whole": (
        "untied",
        {
            "r": 2,
            "lora_alpha": 4,
            "target_modules": ["k_proj", "embed_tokens"],
            "modules_to_save": ["lm_head"],
        },
    ),
}


def main(tied: str, untied: str, out: Path) -> None:
    """Write an adapter directory for each case, and the first columns of the logits with it."""
    found = {}
    for name, (base, settings) in CASES.items():
        torch.manual_seed(1)
        model = AutoModelForCausalLM.from_pretrained(
            {"tied": tied, "untied": untied}[base], dtype=torch.float32
        )
        peft = get_peft_model(model, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **settings))
        with torch.no_grad():
            for parameter, values in peft.named_parameters():
                noise = torch.randn_like(values)
                if "magnitude" in parameter:
                    values.mul_(1 + 0.2 * noise)
                elif "lora_" in parameter:
                    values.copy_(0.3 * noise)
                elif "modules_to_save" in parameter:
                    values.add_(0.05 * noise)
            peft.eval()
            logits = peft(IDS).logits[0]
        peft.peft_config["default"].base_model_name_or_path = f"tiny-{base}"
        peft.save_pretrained(out / name)
        (out / name / "README.md").unlink(missing_ok=True)
        found[name] = {"base": base, "logits": [[round(float(x), 5) for x in row[:16]] for row in logits]}
    (out / "logits.json").write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
