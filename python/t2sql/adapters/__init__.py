"""Adapter directories as mlx-lm and PEFT write them, read without a runtime."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
