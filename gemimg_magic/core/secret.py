"""An API key that cannot be shown by accident."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn

from .text import HIDDEN


class Secret:
    """Holds a key for the one place that sends it.

    It has no readable repr, str or format, cannot be pickled or copied, and shows no value in ``vars()``.

    Args:
        value: the key.
        source: where it came from, such as ``GEMIMG_API_KEY``; may be shown.
        origin: scheme, host and port that it was configured for; empty while that is not known.

    >>> Secret("hunter2", "GEMIMG_API_KEY", "https://example.org")
    Secret('****' from GEMIMG_API_KEY for https://example.org)
    """

    __slots__ = ("_reveal", "origin", "source")

    def __init__(self, value: str, source: str, origin: str = "") -> None:
        # A closure keeps the text out of every listing of attributes.
        self._reveal: Callable[[], str] = lambda: value
        self.source = source
        self.origin = origin

    def reveal(self) -> str:
        """The key itself: for the Authorization header and for scrubbing replies, nothing else."""
        return self._reveal()

    def bound_to(self, origin: str) -> Secret:
        """The same key, for one origin only."""
        return Secret(self.reveal(), self.source, origin)

    def __bool__(self) -> bool:
        return bool(self.reveal())

    def __repr__(self) -> str:
        return f"Secret('{HIDDEN}' from {self.source} for {self.origin})"

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not copied, pickled or sent to another process")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self.reveal() == other.reveal() and self.origin == other.origin

    def __hash__(self) -> int:
        return hash(self.origin)
