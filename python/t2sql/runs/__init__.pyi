from . import records as records
from .artefacts import fingerprint as fingerprint
from .artefacts import size as size
from .config import is_run as is_run
from .current import current_events as current_events
from .directories import create_run as create_run
from .directories import open_run as open_run
from .directories import remove_leftovers as remove_leftovers
from .directories import remove_run as remove_run
from .directories import replacing as replacing
from .events import Tail as Tail
from .layout import RunLayout as RunLayout
from .layout import predictions_name as predictions_name
from .lock import Owner as Owner
from .ownership import check_owned as check_owned
from .ownership import foreign_files as foreign_files
from .process import start as start
from .process import stop as stop
from .records import STAGES as STAGES
from .run import Run as Run
from .stage import StageHandle as StageHandle
from .summary import RunSummary as RunSummary
from .summary import list_runs as list_runs
from .summary import summarize as summarize

__all__ = [
    "STAGES",
    "Owner",
    "Run",
    "RunLayout",
    "RunSummary",
    "StageHandle",
    "Tail",
    "check_owned",
    "create_run",
    "current_events",
    "fingerprint",
    "foreign_files",
    "is_run",
    "list_runs",
    "open_run",
    "predictions_name",
    "records",
    "remove_leftovers",
    "remove_run",
    "replacing",
    "size",
    "start",
    "stop",
    "summarize",
]
