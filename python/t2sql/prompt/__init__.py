"""The prompt a model is trained and asked with, and the one place that turns it into token ids."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
