"""What a model argument means, loading it into MLX, and the BLAS that MLX runs on."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
