from .calibration import TARGET as TARGET
from .calibration import Calibration as Calibration
from .calibration import calibrate as calibrate
from .calibration import curve as curve
from .calibration import kept as kept
from .votes import VOTE_TEMP as VOTE_TEMP
from .votes import Election as Election
from .votes import elect as elect

__all__ = [
    "TARGET",
    "VOTE_TEMP",
    "Calibration",
    "Election",
    "calibrate",
    "curve",
    "elect",
    "kept",
]
