"""The statements that a schema allows, as one grammar in two notations: llama.cpp's and llguidance's."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
