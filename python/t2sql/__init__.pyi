from ._core import __version__ as __version__
from .generate import Answer as Answer
from .generate import ask as ask
from .gguf import convert as convert
from .gguf import dequantize_rows as dequantize_rows
from .gguf import quantize as quantize
from .gguf import quantize_rows as quantize_rows
from .models import load as load
from .verification import verify as verify

__all__ = [
    "Answer",
    "__version__",
    "ask",
    "convert",
    "dequantize_rows",
    "load",
    "quantize",
    "quantize_rows",
    "verify",
]
