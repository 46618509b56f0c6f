"""GGUF: convert, quantize, import, inspect and verify. Bytes are Rust's; names and meaning are here."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
