"""A whole store looked at: is every file what it says, how much is there, what is no longer needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...core.errors import StoreError
from .files import TEMPORARY
from .records import decode, refuse_pointer
from .store import Store


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to know about a store.

    Args:
        file: its path inside the store.
        what: what is the matter, in a few words.
        is_fault: whether a replay would fail or show something false; else it is a remark.
    """

    file: str
    what: str
    is_fault: bool = True


def check(store: Store) -> Iterator[Finding]:
    """Look at every file: damaged, missing, edited, out of place, holding the key; and remarks."""
    try:
        store.check_format()
    except StoreError as problem:
        yield Finding("store.json", str(problem))
        return
    named: set[Path] = set()
    for path in store.record_files():
        yield from _check_record(store, path, named)
    for path in _pictures(store):
        if path not in named:
            yield from _check_orphan(store, path)


def _check_record(store: Store, path: Path, named: set[Path]) -> Iterator[Finding]:
    name = path.relative_to(store.root).as_posix()
    try:
        data = store.read(path) or b""
        record = decode(data, path.stem)
    except StoreError as problem:
        yield Finding(name, problem.message)
        return
    if path != store.record_path(path.stem):
        yield Finding(name, "stands in the wrong folder, so it is not found")
    if store.holds_secret(data):
        yield Finding(name, "holds the API key: replace the key, and remove the file from every copy")
    for entry in record["result"].get("images", ()):
        named.update(files_of(store, entry))
        try:
            store.load(entry)
        except StoreError as problem:
            yield Finding(name, problem.message)
    asked, said = record["request"].get("model"), record["result"].get("model")
    if said and said != asked:
        yield Finding(name, f"asked {asked}, answered by {said}", is_fault=False)


def _check_orphan(store: Store, path: Path) -> Iterator[Finding]:
    name = path.relative_to(store.root).as_posix()
    data = store.read(path) or b""
    try:
        refuse_pointer(data, "This file")
    except StoreError as problem:
        yield Finding(name, problem.message)
        return
    if ".preview." not in path.name and sha256(data).hexdigest() != path.stem:
        yield Finding(name, "is not what its name says")
    else:
        yield Finding(name, "belongs to no record", is_fault=False)


def files_of(store: Store, entry: Mapping[str, Any]) -> tuple[Path, ...]:
    """The files of a picture that a record names."""
    files = [store.picture_path(entry["sha256"], entry["media_type"])]
    if entry["preview"]:
        files.append(store.preview_path(entry["sha256"], entry["preview"]["media_type"]))
    return tuple(files)


def _pictures(store: Store) -> list[Path]:
    return sorted(
        p for p in store.root.glob("pictures/*") if p.is_file() and not p.name.startswith(TEMPORARY)
    )


@dataclass(frozen=True, slots=True)
class Stats:
    """What is in a store.

    Args:
        records: how many answers.
        pictures: how many pictures, previews not counted.
        picture_bytes: their bytes, previews counted.
        largest: bytes of the largest file.
        waiting: replies in the journal.
        models: model that was asked -> answers.
        days: first and last day of recording, or empty.
    """

    records: int
    pictures: int
    picture_bytes: int
    largest: int
    waiting: int
    models: Mapping[str, int]
    days: tuple[str, ...]


def measure(store: Store) -> Stats:
    """Count what is in a store."""
    records = list(store.records())
    sizes = {path: path.stat().st_size for path in _pictures(store)}
    days = sorted(record["recorded_at"] for record in records)
    return Stats(
        records=len(records),
        pictures=sum(".preview." not in path.name for path in sizes),
        picture_bytes=sum(sizes.values()),
        largest=max(sizes.values(), default=0),
        waiting=len(store.journaled()),
        models=Counter(record["request"]["model"] for record in records),
        days=tuple(dict.fromkeys((days[0], days[-1]))) if days else (),
    )


def keys_in(notebook: Any) -> set[str]:
    """The keys of the records that a notebook's outputs came from.

    >>> keys_in({"cells": [{"outputs": [{"metadata": {"gemimg": {"key": "ab12"}}}]}]})
    {'ab12'}
    """
    found = set()
    for cell in notebook.get("cells", ()) if isinstance(notebook, dict) else ():
        for output in cell.get("outputs", ()):
            facts = output.get("metadata", {}).get("gemimg", {})
            if isinstance(facts, dict) and facts.get("key"):
                found.add(facts["key"])
    return found


def unneeded(store: Store, keys: Collection[str]) -> list[Path]:
    """The files a store can do without: records under other keys, and pictures that no other record names.

    A store with a damaged record keeps all its pictures: nobody knows which of them are that record's.
    """
    gone: list[Path] = []
    kept: set[Path] = set()
    whole = True
    for path in store.record_files():
        if path.stem not in keys:
            gone.append(path)
            continue
        try:
            entries: Iterable[Mapping[str, Any]] = decode(store.read(path) or b"", path.stem)["result"][
                "images"
            ]
            kept.update(file for entry in entries for file in files_of(store, entry))
        except StoreError:
            whole = False
    return gone + [path for path in _pictures(store) if path not in kept] if whole else gone
