"""Notebooks made light: pictures that are embedded in full give way to previews. Nothing else changes."""

from __future__ import annotations

import base64
import binascii
import json
from typing import Any

from .pictures import sniff
from .preview import SHOWN, preview

_KINDS = ("image/png", "image/jpeg")
_WORTH = 0.75


def slim(text: str) -> tuple[str, int]:
    """The text of a notebook with previews in its outputs, written as nbformat writes it.

    Args:
        text: the file, JSON of nbformat 4.

    Returns:
        The new text, and how many outputs became lighter; the same text where none did.

    Raises:
        ValueError: it is no notebook.

    >>> slim('{"cells": [], "nbformat": 4}')
    ('{"cells": [], "nbformat": 4}', 0)
    """
    notebook = json.loads(text)
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise ValueError("not a notebook")
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    count = sum(_lighter(output) for output in outputs)
    if not count:
        return text, 0
    # The order of names stays as it was; nbformat ends a file with a line end.
    return json.dumps(notebook, ensure_ascii=False, indent=1) + ("\n" if text.endswith("\n") else ""), count


def _lighter(output: dict[str, Any]) -> bool:
    """Replace the picture of one output; whether that made it lighter."""
    data = output.get("data")
    shown = [kind for kind in _KINDS if isinstance(data, dict) and kind in data]
    if not shown or not isinstance(data, dict):
        return False
    # Pillow shows each picture as PNG and JPEG; the first is the one without loss.
    first, *doubles = shown
    picture = _decoded(data[first])
    if picture is None or sniff(picture) not in SHOWN:
        return False
    small, media_type = preview(picture, sniff(picture) or first)
    if len(small) > len(picture) * _WORTH:
        # Encoding a small copy once more would only lose detail.
        small, media_type = picture, first
    if small == picture and not doubles:
        return False
    metadata = output.get("metadata", {})
    for kind in doubles:
        del data[kind]
        metadata.pop(kind, None)
    if small != picture:
        _rename(data, first, media_type, base64.b64encode(small).decode() + "\n")
        if first in metadata:
            _rename(metadata, first, media_type, metadata[first])
    return True


def _rename(mapping: dict[str, Any], old: str, new: str, value: Any) -> None:
    """Put a value under a new name at the place of the old one."""
    items = [(new, value) if name == old else (name, item) for name, item in mapping.items()]
    mapping.clear()
    mapping.update(items)


def _decoded(value: Any) -> bytes | None:
    text = "".join(value) if isinstance(value, list) else value
    try:
        return base64.b64decode(text)
    except (binascii.Error, TypeError, ValueError):
        return None
