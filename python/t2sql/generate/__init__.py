"""Generation: one Backend protocol, llama.cpp and MLX behind it, and `ask`."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
