"""The journal: the bytes of a reply go to disk while they arrive, before anything tries to understand them.

A file is one line of JSON (the head: day, key, request, status, headers), then the reply as received. It is
removed once the record is written. What stays is a reply that was not understood, was cut, or whose
kernel died; ``%gemimg recover`` reads it.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from ...core.canonical import Canonical, key_of, prompt_of, request_of
from ...core.completions import Completion
from ...core.errors import GemimgError, StoreError
from ...core.reply import ReplyReader
from .files import sweep, write_atomic
from .redact import Redactor

SUFFIX = ".reply"
# What reading a reply needs of its headers; all others stay out of the file.
_HEADERS = ("content-type", "x-request-id", "request-id")
_BUFFER = 1 << 20


class Journal:
    """The file of one reply on its way. Failing disks never stop a reply: ``problem`` says why it is missing.

    Args:
        folder: where journals lie.
        prepare: called before the folder is made.
        form: the canonical request.
        redactor: keeps secrets out of it.
        day: such as ``2026-11-22``.
    """

    def __init__(
        self, folder: Path, prepare: Callable[[], None], form: Canonical, redactor: Redactor, day: str
    ) -> None:
        self._prepare = prepare
        self._redactor = redactor
        self._head: dict[str, Any] = {"format": 1, "key": key_of(form), "day": day, "request": form}
        name = f"{self._head['key'][:12]}-{secrets.token_hex(4)}{SUFFIX}"
        self.path = folder / name
        self.problem: OSError | None = None
        self.received = 0
        self._cleaner = redactor.stream()
        self._file: BinaryIO | None = None

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of a reply has arrived. What an earlier attempt left is dropped; an error is not kept."""
        if not 200 <= status < 300:
            self.discard()
            return
        kept = {name: self._redactor.text(headers[name]) for name in _HEADERS if name in headers}
        line = json.dumps({**self._head, "status": status, "headers": kept}).encode() + b"\n"
        if self._redactor.holds_secret(line):
            # A prompt that holds the key is for the user to clear up; it is not copied here.
            return
        self._cleaner, self.received = self._redactor.stream(), 0
        with self._guarded():
            if self._file is None:
                self._prepare()
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = self.path.open("xb")
            self._file.seek(0)
            self._file.truncate()
            self._file.write(line)
            self._file.flush()

    def write(self, piece: bytes) -> None:
        """Take a piece of the body, as received."""
        self.received += len(piece)
        if self._file is not None:
            with self._guarded():
                self._file.write(self._cleaner.feed(piece))
                # To the system, so that a killed kernel loses nothing; a sync would stall the event loop.
                self._file.flush()

    def discard(self) -> None:
        """The record is written, or there is nothing worth keeping."""
        self._close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def keep(self) -> Path | None:
        """Close the file, cleaned of what looks like a key; where it is, or None where there is none."""
        if self._file is None:
            return None
        with self._guarded():
            self._file.write(self._cleaner.finish())
        self._close()
        with self._guarded():
            data = self.path.read_bytes()
            head, _, body = data.partition(b"\n")
            cleaned = self._redactor.data(body)
            if cleaned != body:
                write_atomic(self.path, head + b"\n" + cleaned)
        return self.path

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            with self._guarded():
                file.close()

    @contextlib.contextmanager
    def _guarded(self) -> Any:
        try:
            yield
        except OSError as problem:
            self.problem = problem
            file, self._file = self._file, None
            if file is not None:
                # Closing writes what is buffered, which fails for the same reason.
                with contextlib.suppress(OSError):
                    file.close()


@dataclass(frozen=True, slots=True)
class Entry:
    """A reply in the journal.

    Args:
        path: its file.
        key: the key of its request.
        form: the canonical request.
        day: when it was asked.
        size: bytes of the body so far.
        age: seconds since the last byte came.
    """

    path: Path
    key: str
    form: Canonical = field(repr=False)
    day: str
    size: int
    age: float
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The model that was asked."""
        return str(self.form.get("model", ""))

    @property
    def prompt(self) -> str:
        """The text of the prompt."""
        return prompt_of(self.form)

    def read(self) -> Completion:
        """What the reply holds: every picture that is whole.

        Raises:
            GemimgError: no whole picture.
        """
        reader = ReplyReader(status=self.status, headers=self.headers, model=self.model)
        with self.path.open("rb") as file:
            file.readline()
            while piece := file.read(_BUFFER):
                reader.feed(piece)
        try:
            return reader.finish().attributed(request_of(self.form))
        except GemimgError:
            raise
        except Exception as problem:  # a damaged journal must not hide the ones after it
            raise StoreError(f"The journal {self.path.name} cannot be read: {problem}.") from problem

    def remove(self) -> None:
        """Drop it."""
        self.path.unlink(missing_ok=True)


def entries(folder: Path) -> list[Entry]:
    """The replies in a journal folder, the oldest first. Files that are none are left alone."""
    sweep(folder)
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            found.append(_entry(path))
    return sorted(found, key=lambda entry: -entry.age)


def _entry(path: Path) -> Entry:
    facts = path.stat()
    with path.open("rb") as file:
        line = file.readline()
    head = json.loads(line)
    size = facts.st_size - len(line)
    age = max(0.0, time.time() - facts.st_mtime)
    return Entry(
        path, head["key"], head["request"], head["day"], size, age, int(head["status"]), dict(head["headers"])
    )
