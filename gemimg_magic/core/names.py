"""File names made from words, safe on every system."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


def slug(text: str, limit: int = 60) -> str:
    """A file name without suffix from any text: letters, digits and hyphens, never a path or a device.

    >>> slug("A red fox, in the snow!"), slug("../../etc/passwd"), slug("nul"), slug("狐")
    ('a-red-fox-in-the-snow', 'etc-passwd', 'nul-picture', '狐')
    """
    plain = unicodedata.normalize("NFKC", text).lower()
    words = re.sub(r"[\W_]+", "-", plain).strip("-")[:limit].strip("-")
    if not words:
        return "picture"
    return f"{words}-picture" if _DEVICES.match(words) else words


def safe_name(text: str, limit: int = 70) -> str:
    """A piece of a file name from any text, as it is written where every system allows that; never a path.

    >>> safe_name("SKU-7 (blue)"), safe_name("../../etc/passwd"), safe_name("a:b"), safe_name("..")
    ('SKU-7 (blue)', 'etc-passwd', 'a-b', 'picture')
    """
    plain = "".join(c if c.isprintable() else " " for c in unicodedata.normalize("NFKC", text))
    words = re.sub(r'[<>:"/\\|?*]+', "-", plain)
    words = re.sub(r"(?:\.+-|-\.+)+", "-", words).strip(" .-")[:limit].strip(" .-")
    if not words:
        return "picture"
    # Windows takes nul.txt for the device, too.
    return f"picture-{words}" if _DEVICES.match(words.partition(".")[0]) else words


def free_path(path: Path) -> Path:
    """The path itself, or ``name-2``, ``name-3`` … where it exists already."""
    candidate, number = path, 1
    while candidate.exists():
        number += 1
        candidate = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return candidate
