"""WikiSQL: the official archive, read into SQL that runs or into the tutorial's text."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
