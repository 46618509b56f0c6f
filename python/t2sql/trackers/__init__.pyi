from .opening import TRACKERS as TRACKERS
from .opening import Tracker as Tracker
from .opening import TrackerName as TrackerName
from .opening import open_tracker as open_tracker
from .reporting import metrics_of as metrics_of
from .reporting import report_events as report_events

__all__ = [
    "TRACKERS",
    "Tracker",
    "TrackerName",
    "metrics_of",
    "open_tracker",
    "report_events",
]
