from .chain import execute as execute
from .chain import prepare_run as prepare_run
from .files import stem_file as stem_file
from .settings import PRESETS as PRESETS
from .settings import Settings as Settings
from .settings import resolve_settings as resolve_settings
from .stage_compare import comparison_result as comparison_result

__all__ = [
    "PRESETS",
    "Settings",
    "comparison_result",
    "execute",
    "prepare_run",
    "resolve_settings",
    "stem_file",
]
