from .adapted import Adapted as Adapted
from .converting import convert_adapted as convert_adapted
from .fuser import check_fits as check_fits
from .fuser import fuse as fuse
from .result import FuseResult as FuseResult

__all__ = [
    "Adapted",
    "FuseResult",
    "check_fits",
    "convert_adapted",
    "fuse",
]
