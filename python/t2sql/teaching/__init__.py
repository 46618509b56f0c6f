"""A larger model of the user's as a teacher: questions in other words, kept where its own answer agrees."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
