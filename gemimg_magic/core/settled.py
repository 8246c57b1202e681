"""A result can be waited for as if it were its own job."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import Self


class Settled:
    """What a background job was for. A name that ``--bg`` bound is first a job and then this.

    So ``await fox`` and ``fox.result()`` are right whether the picture is here already or not.
    """

    __slots__ = ()

    def result(self, timeout: float | None = None) -> Self:
        """The value itself; a job of that name would be waited for."""
        return self

    def done(self) -> bool:
        """True: a job of that name may still be running."""
        return True

    def cancel(self) -> bool:
        """False: there is nothing left to stop."""
        return False

    def __await__(self) -> Generator[Any, None, Self]:
        yield from ()
        return self
