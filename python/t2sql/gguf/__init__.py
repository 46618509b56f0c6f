"""The GGUF file format: convert, quantize, import and inspect, without a runtime.

Names, settings and tokenizers are handled here; bytes are moved and quantized by the Rust core.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
