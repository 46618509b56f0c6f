from .contents import collect as collect
from .render import write as write

__all__ = [
    "collect",
    "write",
]
