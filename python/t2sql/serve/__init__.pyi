from .app import create_app as create_app
from .asking import ask_live as ask_live
from .errors import refusal_of as refusal_of
from .guards import Guards as Guards
from .server import Listening as Listening
from .server import listen as listen
from .server import open_workers as open_workers
from .server import serve as serve
from .settings import Settings as Settings
from .settings import read_token as read_token
from .work import Workers as Workers

__all__ = [
    "Guards",
    "Listening",
    "Settings",
    "Workers",
    "ask_live",
    "create_app",
    "listen",
    "open_workers",
    "read_token",
    "refusal_of",
    "serve",
]
