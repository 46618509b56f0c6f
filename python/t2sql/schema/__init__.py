"""Schemas: tables, columns and keys, read from several forms, and the words in their names."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
