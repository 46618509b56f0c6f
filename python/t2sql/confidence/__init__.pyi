from .calibration import TARGET as TARGET
from .calibration import Calibration as Calibration
from .calibration import Graded as Graded
from .calibration import calibrate as calibrate
from .calibration import count_trusted as count_trusted
from .calibration import coverage_curve as coverage_curve
from .votes import VOTE_TEMP as VOTE_TEMP
from .votes import Election as Election
from .votes import elect as elect

__all__ = [
    "TARGET",
    "VOTE_TEMP",
    "Calibration",
    "Election",
    "Graded",
    "calibrate",
    "count_trusted",
    "coverage_curve",
    "elect",
]
