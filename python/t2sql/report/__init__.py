"""A run as Markdown, HTML and JSON, rebuilt at any time from what the run directory holds."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
