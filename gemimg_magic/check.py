"""``python -m gemimg_magic check``: keys in notebooks, stores, sources, pictures, before others see them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .core.errors import PromptError
from .core.keyfinder import Found, find_keys
from .core.text import inert

# Folders that are made again from elsewhere and hold thousands of files of other people.
_PASSED = frozenset({".git", "node_modules", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"})
_LARGEST = 256 * 1024 * 1024


def check(paths: Iterable[Path], environ: Mapping[str, str]) -> tuple[list[str], bool]:
    """Look for keys in files, and in all files below folders.

    Args:
        paths: files and folders.
        environ: the environment; the values of its ``..._API_KEY`` variables are looked for in any spelling.

    Returns:
        Lines for people, ``file:line: what`` first, and whether nothing was found. No line holds a key.

    Raises:
        PromptError: a path does not exist.
    """
    known = {name: value.strip() for name, value in environ.items() if name.endswith("_API_KEY")}
    lines, count, hit = [], 0, 0
    for file in _files(paths):
        count += 1
        try:
            if file.stat().st_size > _LARGEST:
                lines.append(f"{_shown(file)}: not read, it is larger than {_LARGEST // 1_000_000} MB")
                continue
            found = list(_in_file(file.read_bytes(), known))
        except OSError as problem:
            lines.append(f"{_shown(file)}: not read, {problem.strerror or problem}")
            continue
        hit += bool(found)
        lines += [f"{_shown(file)}:{one.line}: {one.what}" for one in found]
    files = f"{count} file" + ("" if count == 1 else "s")
    if not hit:
        return [*lines, f"No key in {files}."], True
    advice = "Replace each key where it was made: whoever has seen the file has it. Then remove it here."
    return [*lines, f"Keys in {hit} of {files}. {advice}"], False


def _shown(file: Path) -> str:
    return inert(file.as_posix())


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            for folder, folders, names in os.walk(path):
                here = Path(folder)
                # A virtual environment is known by this file (PEP 405).
                folders[:] = sorted(
                    name
                    for name in folders
                    if name not in _PASSED and not (here / name / "pyvenv.cfg").exists()
                )
                yield from (here / name for name in sorted(names) if (here / name).is_file())
        elif path.exists():
            yield path
        else:
            raise PromptError(f"There is no file or folder {path.as_posix()!r}.")


def _in_file(data: bytes, known: Mapping[str, str]) -> Iterator[Found]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # a picture, say: its words are ASCII
    found = list(find_keys(text, known))
    yield from found
    if not found and text.lstrip()[:1] in ("{", "["):
        # JSON may spell any letter as \u0073, which the lines do not show.
        yield from list(_in_json(text, known))[:1]


def _in_json(text: str, known: Mapping[str, str]) -> Iterator[Found]:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return
    for value in _strings(document):
        yield from (Found(1, f"{one.what}, escaped somewhere in the file") for one in find_keys(value, known))


def _strings(document: Any) -> Iterator[str]:
    waiting = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            # The lines of a cell stand in a list: a key may go over two of them.
            if value and all(isinstance(item, str) for item in value):
                yield "".join(value)
            waiting.extend(value)
        elif isinstance(value, dict):
            waiting.extend(value)
            waiting.extend(value.values())
