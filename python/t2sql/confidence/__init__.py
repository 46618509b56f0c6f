"""How sure an answer is: its log-probability against a calibrated least one, and the votes of samples."""

from t2sql.confidence.calibration import TARGET, Calibration, calibrate, curve, kept
from t2sql.confidence.votes import VOTE_TEMP, Election, elect

__all__ = ["TARGET", "VOTE_TEMP", "Calibration", "Election", "calibrate", "curve", "elect", "kept"]
