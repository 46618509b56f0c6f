"""The page at `/` for people: a question, its SQL, its rows, and how sure the answer is.

It is a few files without anything of a database in them, so they need no token; what the page asks for does.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Attributes:
        name: Its name in the folder `page`.
        media_type: Its type.
    """

    name: str
    media_type: str

    async def answer(self, request: Request) -> Response:
        """The file as a response, with headers that keep everything else out of the page."""
        text = resources.files("t2sql.serve").joinpath("page", self.name).read_text(encoding="utf-8")
        return Response(text, media_type=self.media_type, headers=_HEADERS)


PAGE = {
    "/": PageFile("index.html", "text/html"),
    "/page.js": PageFile("page.js", "text/javascript"),
    "/page.css": PageFile("page.css", "text/css"),
}
"""The files by their paths."""
