"""The run directory: config, events, stages, artefacts. The only place that knows its files."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
