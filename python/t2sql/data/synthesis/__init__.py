"""Questions and SQL from a database of the user's own: its tables, its keys, and some of its rows."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
