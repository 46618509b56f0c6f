from .chain import execute as execute
from .chain import prepare_run as prepare_run
from .files import stem_file as stem_file
from .settings import PRESETS as PRESETS
from .settings import Settings as Settings
from .settings import resolve_settings as resolve_settings

__all__ = [
    "PRESETS",
    "Settings",
    "execute",
    "prepare_run",
    "resolve_settings",
    "stem_file",
]
