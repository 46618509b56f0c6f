"""The values of `tokenizer.ggml.token_type`: SentencePiece's `ModelProto.SentencePiece.Type`."""

from __future__ import annotations

NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)
