"""Numbers that look random and are not: the same key gives the same numbers on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Dice:
    """A stream of numbers made from a key."""

    def __init__(self, *key: object) -> None:
        self._key = "/".join(str(part) for part in key).encode("utf-8", "surrogatepass")
        self._pool = b""
        self._round = 0

    def _take(self, size: int) -> bytes:
        if len(self._pool) < size:
            self._round += 1
            self._pool += hashlib.shake_256(self._key + self._round.to_bytes(4, "big")).digest(max(256, size))
        taken, self._pool = self._pool[:size], self._pool[size:]
        return taken

    def bytes(self, size: int) -> bytes:
        """Return that many bytes of noise."""
        return self._take(size)

    def real(self, low: float = 0.0, high: float = 1.0) -> float:
        """Return a number between two limits."""
        return low + (high - low) * int.from_bytes(self._take(3), "big") / 0xFFFFFF

    def whole(self, low: int, high: int) -> int:
        """Return a whole number between two limits, both included."""
        return low + int.from_bytes(self._take(4), "big") % (high - low + 1)

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one of the items."""
        return items[self.whole(0, len(items) - 1)]
