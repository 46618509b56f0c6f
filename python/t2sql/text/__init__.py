"""Text of any source on a terminal: control characters made visible, widths counted in cells."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
