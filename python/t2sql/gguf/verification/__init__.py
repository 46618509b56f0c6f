"""Is this GGUF the same model as its source? Structure, numbers, tokens, then what it predicts."""

from __future__ import annotations

from t2sql.gguf.verification.prompts import prompts_of
from t2sql.gguf.verification.result import Check, VerifyResult
from t2sql.gguf.verification.runner import verify, verify_files

__all__ = ["Check", "VerifyResult", "prompts_of", "verify", "verify_files"]
