"""The user's databases: URLs, read-only engines, and the tables in them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
