from .chain import execute as execute
from .chain import prepare_run as prepare_run
from .discarding import Loss as Loss
from .settings import PRESETS as PRESETS
from .settings import Settings as Settings
from .settings import resolve_settings as resolve_settings

__all__ = [
    "PRESETS",
    "Loss",
    "Settings",
    "execute",
    "prepare_run",
    "resolve_settings",
]
