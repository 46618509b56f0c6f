"""Live databases: a question to one, the statement checked and turned into its dialect, its rows."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
