"""What a model's matrices are multiplied with on real texts: statistics that quantizing is weighted by."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
