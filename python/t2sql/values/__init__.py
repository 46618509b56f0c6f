"""An index of the texts in a database: which of them the words of a question mean, and in which column."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
