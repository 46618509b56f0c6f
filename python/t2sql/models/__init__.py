"""A model argument as a value, models loaded into MLX, and adapters put on them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
