from .adapted import Adapted as Adapted
from .fuser import FuseResult as FuseResult
from .fuser import fuse as fuse

__all__ = [
    "Adapted",
    "FuseResult",
    "fuse",
]
