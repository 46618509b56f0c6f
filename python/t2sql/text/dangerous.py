"""The characters that can deceive a terminal or a reader, and nothing that a language needs.

Dangerous are the control characters of C0 and C1 (escape sequences begin with them), the line and paragraph
separators, the explicit bidirectional embeddings, overrides and isolates (Boucher and Anderson, "Trojan
Source", 2021), deprecated format characters, interlinear annotations, invisible tags, and halves of
surrogate pairs, which no encoding writes. Joiners, the marks of direction, soft hyphens, combining
characters and characters of private use are text and are kept.
"""

from __future__ import annotations

import re

_FLAG = "\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f"
"""The one use of tags that people see: the flag of a region, such as Scotland."""
_CONTROLS = "\x00-\x1f\x7f-\x9f"
_FORMATS = "\u2028-\u202e\u2066-\u206f\ufff9-\ufffb\U000e0000-\U000e007f"
_SURROGATES = "\ud800-\udfff"

DANGEROUS = re.compile(f"({_FLAG})|[{_CONTROLS}{_FORMATS}{_SURROGATES}]")
"""Finds a dangerous character; group 1 is a flag, which is none."""
