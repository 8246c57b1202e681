"""What a command of ``%gemimg`` is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .magic import ImagineMagics


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Args:
        name: what is typed after ``%gemimg``.
        help: one line.
        run: does it, with the words that follow; prints plain text.
    """

    name: str
    help: str
    run: Callable[[ImagineMagics, str], None]


def tell(text: str) -> None:
    """Print what a command has to say."""
    print(text)  # noqa: T201  the output of a command
