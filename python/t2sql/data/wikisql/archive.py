"""The official WikiSQL archive: a download that can be resumed, its check, and unpacking."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import tarfile
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from t2sql.cache import cache_dir
from t2sql.errors import InputError, WorkError
from t2sql.progress import Progress

_CHUNK_BYTES = 1 << 18
"""Small enough for smooth progress on a slow line, large enough that Python's overhead does not matter."""

_TIMEOUT_SECONDS = 30
"""How long the server may stay silent."""

_HINT = "Run it again to go on, or give a copy as wikisql:PATH"


@dataclass(frozen=True)
class Archive:
    """A file in a git repository.

    Attributes:
        url: Where it is downloaded.
        size: Its size in bytes.
        blob: Git's id of its content: the SHA-1 of "blob SIZE", a zero byte and the content, in hexadecimal.
    """

    url: str
    size: int
    blob: str


OFFICIAL = Archive(
    # From the last commit of github.com/salesforce/WikiSQL, in which git gives the file this id.
    url="https://github.com/salesforce/WikiSQL/raw/7857cfd8aefcc9823245c370f9e39ecd55745ea6/data.tar.bz2",
    size=26_164_664,
    blob="941de4cb2ad5fa7aeb2e37d314468636ce070af7",
)
FILES = tuple(f"{split}{kind}.jsonl" for split in ("train", "dev", "test") for kind in ("", ".tables"))
"""The files of the archive that are read: questions and tables of each split."""


def download(archive: Archive | None = None, progress: Progress | None = None) -> Path:
    """Return the archive in the cache. What is missing of it is downloaded first, and the whole is checked.

    Args:
        archive: The archive; the official one by default.
        progress: Called with bytes.

    Raises:
        WorkError: The download failed or stopped; it can be resumed.
        InputError: The server sent something else.
    """
    archive = archive or OFFICIAL
    target = cache_dir() / "wikisql" / f"{archive.blob}.tar.bz2"
    if target.is_file() and target.stat().st_size == archive.size:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    try:
        _fetch(archive, part, progress)
    except urllib.error.HTTPError as error:
        raise WorkError("the download failed", where=archive.url, found=error, hint=_HINT) from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        raise WorkError("the download stopped", where=archive.url, found=reason, hint=_HINT) from None
    if part.stat().st_size < archive.size:
        raise WorkError(
            "the download stopped",
            where=archive.url,
            expected=f"{archive.size} bytes",
            found=part.stat().st_size,
            hint=_HINT,
        )
    try:
        check(part, archive)
    except InputError:
        part.unlink()
        raise
    os.replace(part, target)
    return target


def _fetch(archive: Archive, part: Path, progress: Progress | None) -> None:
    done = part.stat().st_size if part.is_file() else 0
    if done >= archive.size:
        return
    request = urllib.request.Request(archive.url, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as reply:
        # A server that does not support ranges sends everything again.
        done = done if reply.status == 206 else 0
        with part.open("ab" if done else "wb") as file:
            while chunk := reply.read(_CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                if progress:
                    progress(done, archive.size, "download")
                if done > archive.size:
                    return


def check(path: Path, archive: Archive | None = None) -> None:
    """Compare a file with the archive, byte for byte, by its size and its hash.

    Raises:
        InputError: The file is not the archive.
    """
    archive = archive or OFFICIAL
    size = path.stat().st_size
    if size != archive.size:
        what = "the archive is cut off" if size < archive.size else "not the official archive"
        raise InputError(what, where=path, expected=f"{archive.size} bytes", found=size)
    digest = hashlib.sha1(f"blob {size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    if digest.hexdigest() != archive.blob:
        raise InputError(
            "not the official archive",
            where=path,
            expected=f"git's id {archive.blob}",
            found=digest.hexdigest(),
            hint="Unpack it and give the directory to read it all the same",
        )


def unpack(path: Path, folder: Path, progress: Progress | None = None) -> Path:
    """Unpack questions and tables. The archive's databases are left out: their columns have other names.

    Args:
        path: The archive.
        folder: Where the files go.
        progress: Called with the number of files.

    Returns:
        `folder`.

    Raises:
        InputError: The archive is damaged or lacks files.
    """
    unpacked = set()
    try:
        with tarfile.open(path, "r:bz2") as tar:
            for member in tar:
                name = Path(member.name).name
                if member.isfile() and name in FILES and (source := tar.extractfile(member)):
                    with source, (folder / name).open("wb") as target:
                        shutil.copyfileobj(source, target)
                    unpacked.add(name)
                    if progress:
                        progress(len(unpacked), len(FILES), "unpack")
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError("the archive cannot be read", where=path, found=error) from error
    if missing := [name for name in FILES if name not in unpacked]:
        raise InputError("the archive lacks files", where=path, expected=", ".join(missing))
    return folder
