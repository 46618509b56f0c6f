from .bar import ProgressBar as ProgressBar
from .entry import main as main
from .entry import run as run
from .group import run_command as run_command
from .usage import usage_message as usage_message

__all__ = [
    "ProgressBar",
    "main",
    "run",
    "run_command",
    "usage_message",
]
