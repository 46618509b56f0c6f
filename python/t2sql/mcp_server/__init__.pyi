from .running import serve_http as serve_http
from .running import serve_stdio as serve_stdio

__all__ = [
    "serve_http",
    "serve_stdio",
]
