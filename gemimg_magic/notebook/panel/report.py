"""Where the errors of a panel are shown: on the panel, because a notebook shows them nowhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from traitlets import TraitError

from ...core.errors import Cancelled, GemimgError
from ...core.text import inert, scrub
from ..binding import Interrupted


@contextmanager
def reported(tell: Callable[[str], None]) -> Iterator[None]:
    """Tell what is raised inside, in words, and go on. To have cancelled something is no error.

    Args:
        tell: gets the words.
    """
    try:
        yield
    except (Cancelled, Interrupted):
        return
    except Exception as problem:  # noqa: BLE001  a fault that nobody sees is the worst of all
        tell(in_words(problem))


def in_words(problem: BaseException) -> str:
    """An error as a panel tells it: what happened, then what to do."""
    if isinstance(problem, GemimgError | TraitError):
        return inert(scrub(str(problem)))
    return inert(scrub(f"{type(problem).__name__}: {problem} (a fault of the panel, not of your prompt)"))
