"""The chain that `t2sql run` works through: stages over one run directory, each done once."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
