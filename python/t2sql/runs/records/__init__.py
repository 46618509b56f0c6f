"""The contents of a run directory's files as types: events, stage results, predictions, comparisons.

Each record is a frozen dataclass with `to_json` and `from_json`. docs/records.md is made from them.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
