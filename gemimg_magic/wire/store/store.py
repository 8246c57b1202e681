"""The store: a folder of records and pictures beside the notebook. Paid once, replayed anywhere.

    store.json                  {"format": 1}
    records/ab/ab12....json     one per request (records.py)
    pictures/9f86....png        bytes as received, named by their SHA-256; 9f86....preview.jpg beside it
    journal/                    replies being received or not understood (journal.py)

Every file is named by what is in it or asked for, so several kernels can write at once without a lock.
"""

from __future__ import annotations

import datetime
import heapq
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from ... import __version__
from ...core.canonical import Canonical, difference, key_of, likeness
from ...core.completions import Completion
from ...core.errors import ReplayMiss, StoreError
from ...core.export import suffix_of
from ...core.messages import ImagePart
from ...core.preview import preview
from ...core.secret import Secret
from .files import TEMPORARY, sweep, write_atomic, write_new
from .journal import Entry, Journal, entries
from .records import (
    FORMAT,
    RESTORE,
    Answer,
    decode,
    encode,
    from_record,
    pictures_of,
    refuse_pointer,
    to_record,
)
from .redact import Redactor

FOLDER = "imagined"

_HOUSEKEEPING = {
    "store.json": b'{"format": 1}\n',
    ".gitattributes": b"records/** text eol=lf\npictures/** -text -diff\n",
    ".gitignore": b"journal/\n.tmp-*\n",
}


def find_root(start: Path, configured: str = "") -> Path:
    """Where the store is, or would be made: as configured, else found upwards, else in the start folder.

    Args:
        start: the notebook's folder.
        configured: a path that was set, relative to ``start``, or empty.
    """
    if configured:
        return start / Path(configured).expanduser()
    for folder in (start, *start.parents):
        if (folder / FOLDER).is_dir():
            return folder / FOLDER
    return start / FOLDER


class Store:
    """One store. Nothing is written, not even its folder, before there is something to keep.

    Args:
        root: its folder.
        keys: secrets, which must never stand in it.
        day: today, such as ``2026-11-22``; the clock's unless given.
        asked_in: file name of the notebook that new records come from, where it is known.
    """

    def __init__(self, root: Path, *, keys: Iterable[Secret] = (), day: str = "", asked_in: str = "") -> None:
        self.root = root
        self._redactor = Redactor(keys)
        self._day = day
        self._asked_in = asked_in

    @property
    def day(self) -> str:
        """The day that new records bear."""
        return self._day or datetime.datetime.now(tz=datetime.UTC).date().isoformat()

    def lookup(self, form: Canonical) -> Answer | None:
        """The recorded answer to a canonical request, every byte checked; None where there is none.

        Raises:
            StoreError: the record or a picture is damaged, edited or missing, or the store is a newer one's.
        """
        key = key_of(form)
        data = self.read(self.record_path(key))
        self.check_format()
        if data is None:
            return None
        return from_record(decode(data, key), self.load)

    def holds(self, form: Canonical) -> bool:
        """Whether there is a record of a canonical request. Its pictures are not looked at.

        Raises:
            StoreError: it is damaged, edited, or the store is a newer one's.
        """
        key = key_of(form)
        data = self.read(self.record_path(key))
        self.check_format()
        return data is not None and bool(decode(data, key))

    def record(self, form: Canonical, answer: Answer) -> Answer:
        """Keep an answer; a record of the same request is replaced.

        Returns:
            The answer exactly as it will be replayed.

        Raises:
            StoreError: it would hold the key, or the store is a newer one's.
            OSError: the disk is full, or the folder cannot be written.
        """
        self.check_format()
        previews = _previews(answer.completion)
        record = to_record(
            form,
            answer,
            previews,
            redactor=self._redactor,
            version=__version__,
            day=self.day,
            asked_in=self._asked_in,
        )
        data = encode(record)
        pictures = {image.sha256: image for image in pictures_of(answer.completion)}
        for piece in (data, *(image.data for image in pictures.values())):
            self._redactor.refuse(piece, "The record")
        self._housekeep()
        sweep(self.root / "pictures")
        for digest, image in pictures.items():
            self._keep(self.picture_path(digest, image.media_type), image)
            if digest in previews:
                self._keep(self.preview_path(digest, previews[digest].media_type), previews[digest])
        path = self.record_path(record["key"])
        # Last: a record is only there when everything that it names is.
        write_atomic(path, data)
        sweep(path.parent)
        kept = from_record(
            record, lambda entry: (pictures[entry["sha256"]].data, previews.get(entry["sha256"]))
        )
        return Answer(replace(kept.completion, replayed=False), kept.error)

    def beacon(self) -> Path:
        """A new file by which processes elsewhere can tell whether they see this very store.

        Whoever asks for it removes it; one that was left behind is swept away like other temporary files.

        Raises:
            OSError: the folder cannot be written.
            StoreError: the store is a newer one's.
        """
        self.check_format()
        self._housekeep()
        path = self.root / "journal" / f"{TEMPORARY}{secrets.token_hex(8)}"
        write_atomic(path, b"")
        return path

    def journal(self, form: Canonical) -> Journal:
        """A file for the reply to a request that is about to be sent."""
        return Journal(self.root / "journal", self._housekeep, form, self._redactor, self.day)

    def journaled(self) -> list[Entry]:
        """What lies in the journal, the oldest first."""
        return entries(self.root / "journal")

    def miss(self, form: Canonical) -> ReplayMiss:
        """The error for a request that is not recorded: it names the nearest record and what differs."""
        wide = heapq.nlargest(1, self.records(), key=lambda record: likeness(record["request"], form))
        message = "Nothing is recorded for this request, and replay does not ask."
        if not wide:
            where = "holds no record yet" if self.root.is_dir() else "is not there"
            return ReplayMiss(message, hint=f"The store {self.root.name!r} {where}.")
        nearest = wide[0]
        told = difference(nearest["request"], form)
        return ReplayMiss(message, hint=f"The nearest record is {nearest['key'][:12]}; here {told}.")

    def records(self) -> Iterator[dict[str, Any]]:
        """Every record that can be read; damaged ones are passed over (``verify`` names them)."""
        for path in self.record_files():
            try:
                yield decode(self.read(path) or b"", path.stem)
            except StoreError:
                continue

    def record_files(self) -> list[Path]:
        """The files of all records, in the order of their keys."""
        return sorted(self.root.glob("records/??/*.json"))

    def record_path(self, key: str) -> Path:
        """Where the record of a key is."""
        return self.root / "records" / key[:2] / f"{key}.json"

    def picture_path(self, digest: str, media_type: str) -> Path:
        """Where a picture is."""
        return self.root / "pictures" / f"{digest}{suffix_of(media_type)}"

    def preview_path(self, digest: str, media_type: str) -> Path:
        """Where the preview of a picture is."""
        return self.root / "pictures" / f"{digest}.preview{suffix_of(media_type)}"

    def load(self, entry: Mapping[str, Any]) -> tuple[bytes, ImagePart | None]:
        """The bytes of a picture and its preview, for an entry of a record.

        Raises:
            StoreError: one is missing, or is not what was recorded.
        """
        digest, small = entry["sha256"], entry["preview"]
        data = self._checked(self.picture_path(digest, entry["media_type"]), digest)
        if not small:
            return data, None
        path = self.preview_path(digest, small["media_type"])
        shown = ImagePart(self._checked(path, small["sha256"]), small["media_type"])
        return data, shown

    def _checked(self, path: Path, digest: str) -> bytes:
        what = f"The picture {path.name[:12]}…{path.name[64:]}"
        data = self.read(path)
        if data is None:
            raise StoreError(f"{what} is missing from the store.", hint=RESTORE)
        refuse_pointer(data, what)
        if sha256(data).hexdigest() != digest:
            raise StoreError(f"{what} is damaged: its hash does not fit.", hint=RESTORE)
        return data

    def read(self, path: Path) -> bytes | None:
        """A file of the store, or None where there is none.

        Raises:
            StoreError: it is there and cannot be read.
        """
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as problem:
            name = path.relative_to(self.root).as_posix()
            raise StoreError(
                f"{name} in the store {self.root.name!r} cannot be read: {problem.strerror or problem}.",
                hint="Set GEMIMG_STORE to another folder, or use --mode off.",
            ) from None

    def holds_secret(self, data: bytes) -> bool:
        """Whether the API key stands in these bytes."""
        return self._redactor.holds_secret(data)

    def check_format(self) -> None:
        """Refuse a store that a newer version has written.

        Raises:
            StoreError: it is one, or its ``store.json`` is damaged.
        """
        data = self.read(self.root / "store.json")
        if data is None:
            return
        try:
            number = json.loads(data)["format"]
            known = int(number) <= FORMAT
        except (ValueError, TypeError, KeyError):
            raise StoreError("The file store.json of the store is damaged.", hint=RESTORE) from None
        if not known:
            raise StoreError(
                f"This store has format {number}; this version of gemimg_magic reads up to {FORMAT}.",
                hint="Upgrade gemimg_magic, or set GEMIMG_STORE to another folder.",
            )

    def _housekeep(self) -> None:
        for name, data in _HOUSEKEEPING.items():
            write_new(self.root / name, data)

    def _keep(self, path: Path, picture: ImagePart) -> None:
        """Write a picture unless it is there and whole."""
        if not (path.is_file() and sha256(path.read_bytes()).hexdigest() == picture.sha256):
            write_atomic(path, picture.data)


def _previews(completion: Completion) -> dict[str, ImagePart]:
    """The small copies of a completion's pictures; none for a picture that is small itself."""
    previews = {}
    for image in pictures_of(completion):
        try:
            data, media_type = preview(image.data, image.media_type)
        except ValueError:
            # Damaged inside, but paid for: it is kept as it came.
            continue
        if data != image.data:
            previews[image.sha256] = ImagePart(data, media_type)
    return previews
