from .generator import VERSION as VERSION
from .generator import generate as generate

__all__ = ["VERSION", "generate"]
