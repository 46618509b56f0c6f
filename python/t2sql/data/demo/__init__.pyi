from .generate import VERSION as VERSION
from .generate import generate as generate

__all__ = ["VERSION", "generate"]
