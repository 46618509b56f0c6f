"""Running SQL within bounds, comparing results, and SQLite's quoting."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
