"""A stand-in for the Hugging Face hub: a local server with the three routes that a download takes."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit


@dataclass
class Hub:
    """Repositories with commits.

    Attributes:
        commits: For each repository its commits, oldest first, each with the directory of its files.
        sent: Names of the files whose content was sent, in order.
        endpoint: What HF_ENDPOINT has to be.
    """

    commits: dict[str, dict[str, Path]] = field(default_factory=dict)
    sent: list[str] = field(default_factory=list)
    endpoint: str = ""

    def push(self, repository: str, directory: Path) -> str:
        """Add a commit, to which the main branch then points; returns its hash."""
        own = self.commits.setdefault(repository, {})
        commit = hashlib.sha1(f"{repository} {len(own)}".encode()).hexdigest()
        own[commit] = directory
        return commit

    def find(self, repository: str, revision: str) -> tuple[str, Path] | None:
        """(commit, directory) of a revision; None when there is no such repository or revision."""
        own = self.commits.get(repository, {})
        commit = list(own)[-1] if revision == "main" and own else revision
        return (commit, own[commit]) if commit in own else None


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """A hub on a free port of this machine, as long as the block lasts."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def log_message(self, format: str, *args: object) -> None:
            pass

        def _answer(self, *, body: bool) -> None:
            parts = unquote(urlsplit(self.path).path).strip("/").split("/")
            if parts[:2] == ["api", "models"] and len(parts) >= 6:
                repository, route, revision = "/".join(parts[2:4]), parts[4], parts[5]
                known = hub.find(repository, revision)
                if known is None:
                    return self._missing()
                files = sorted(file for file in known[1].iterdir() if file.is_file())
                if route == "tree":
                    entries = [{"type": "file", "path": f.name, "size": f.stat().st_size} for f in files]
                    for entry in entries:
                        entry["oid"] = entry["path"]
                    return self._send(json.dumps(entries).encode(), known[0], "tree", body)
                siblings = [{"rfilename": file.name} for file in files]
                document = {"id": repository, "sha": known[0], "siblings": siblings}
                return self._send(json.dumps(document).encode(), known[0], "info", body)
            known = hub.find("/".join(parts[:2]), parts[3]) if len(parts) == 5 else None
            if known is None or not (known[1] / parts[4]).is_file():
                return self._missing()
            if body:
                hub.sent.append(parts[4])
            content = (known[1] / parts[4]).read_bytes()
            return self._send(content, known[0], hashlib.sha1(content).hexdigest(), body)

        def _missing(self) -> None:
            self.send_response(404)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _send(self, content: bytes, commit: str, tag: str, body: bool) -> None:
            self.send_response(200)
            self.send_header("X-Repo-Commit", commit)
            self.send_header("ETag", f'"{tag}"')
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if body:
                self.wfile.write(content)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
