"""Files that are whole or not there: written under a temporary name, synced, then moved into place."""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

TEMPORARY = ".tmp-"
# A writer needs seconds. What is an hour old belongs to one that was killed.
_STALE = 3600.0


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file so that every reader, at any moment, sees the old one, the new one or none.

    Raises:
        OSError: the disk is full, or the folder cannot be written; nothing is left behind.
    """
    folder = path.parent
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f"{TEMPORARY}{secrets.token_hex(8)}"
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(folder)


def write_new(path: Path, data: bytes) -> bool:
    """Write a file unless one of that name is there; whether it was written.

    Raises:
        OSError: as for :func:`write_atomic`.
    """
    if path.exists():
        return False
    write_atomic(path, data)
    return True


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last through a power cut, where the system can."""
    if os.name == "nt":
        return  # Windows opens no folders
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems cannot sync a folder; the file itself is safe by then.
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def stale(folder: Path, *, now: float | None = None) -> Iterator[Path]:
    """The temporary files of writers that were killed."""
    limit = (time.time() if now is None else now) - _STALE
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(TEMPORARY) and entry.stat(follow_symlinks=False).st_mtime < limit:
                yield Path(entry.path)


def sweep(folder: Path, *, now: float | None = None) -> int:
    """Remove what killed writers left in a folder; how many files that were."""
    count = 0
    for path in list(stale(folder, now=now)):
        # Another kernel may sweep at the same moment.
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
            count += 1
    return count
