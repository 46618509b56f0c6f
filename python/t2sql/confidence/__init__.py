"""How sure an answer is: its log-probability against a calibrated least one, and the votes of samples."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
