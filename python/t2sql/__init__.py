"""t2sql: teach a language model to write SQL for your tables, and get a file that runs anywhere."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
