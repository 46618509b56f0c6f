from .answer import STATUSES as STATUSES
from .answer import Answer as Answer
from .answer import Timings as Timings
from .answer import reasons as reasons
from .asking import Failed as Failed
from .asking import ask as ask
from .asking import elected as elected
from .backend import BACKENDS as BACKENDS
from .backend import Backend as Backend
from .backend import Generation as Generation
from .backend import open_backend as open_backend
from .backend import statement as statement
from .lasting import LastingThread as LastingThread

__all__ = [
    "BACKENDS",
    "STATUSES",
    "Answer",
    "Backend",
    "Failed",
    "Generation",
    "LastingThread",
    "Timings",
    "ask",
    "elected",
    "open_backend",
    "reasons",
    "statement",
]
