"""Whether an answer can be trusted: its log-probability against a threshold, and votes of samples."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
