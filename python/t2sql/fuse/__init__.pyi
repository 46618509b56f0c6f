from .adapted import Adapted as Adapted
from .fuser import FuseResult as FuseResult
from .fuser import check_fits as check_fits
from .fuser import fuse as fuse

__all__ = [
    "Adapted",
    "FuseResult",
    "check_fits",
    "fuse",
]
