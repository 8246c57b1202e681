"""Faults that a server can be told to have, so that a client can be watched while it meets them. Pure."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

# Kind -> what its values are (each with the one that is taken when none is given), and what happens.
KINDS: dict[str, tuple[tuple[float, ...], str]] = {
    "delay": ((3.0,), "SECONDS before the head"),
    "silence": ((), "no answer at all, until the client leaves"),
    "drip": ((1.0, 0.01), "BYTES,SECONDS: the body in pieces of so many bytes, with a pause between them"),
    "stall": ((1000.0,), "BYTES of the body, then silence"),
    "cut": ((1000.0,), "BYTES of the body, then the connection is closed; more was promised"),
    "short": ((1000.0,), "BYTES of the body, then the connection is closed; no length was promised"),
    "reset": ((1000.0,), "BYTES of the body, then the connection is reset"),
    "length": ((1000.0,), "BYTES more, or fewer, are promised than there are"),
    "repeat": ((2.0,), "TIMES that the body is sent"),
    "bomb": ((300.0,), "MEGABYTES of zeros, compressed"),
    "garbage": ((4096.0,), "BYTES of noise as a body with status 200"),
    "noise": ((256.0,), "BYTES of noise instead of HTTP"),
    "status": ((503.0, -1.0), "CODE[,SECONDS]: an error with this status, and Retry-After where given"),
}
_WRITTEN = re.compile(r"([a-z]+)(?::(-?[\d.]+(?:,-?[\d.]+)*))?(?:@([\d.]+))?")


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault.

    Args:
        kind: one of ``KINDS``.
        values: its numbers, as the table says.
        share: of the requests that meet it, 0 to 1.
    """

    kind: str
    values: tuple[float, ...] = ()
    share: float = 1.0

    def value(self, number: int = 0) -> float:
        """One of its numbers, or the usual one."""
        usual = KINDS[self.kind][0]
        return self.values[number] if number < len(self.values) else usual[number]


def read_trouble(text: str) -> Trouble:
    """A fault as it is typed: ``KIND[:VALUE[,VALUE]][@SHARE]``.

    Raises:
        ValueError: there is no such fault, or it takes other values.

    >>> read_trouble("status:429,2@0.2")
    Trouble(kind='status', values=(429.0, 2.0), share=0.2)
    >>> read_trouble("cut").value()
    1000.0
    """
    found = _WRITTEN.fullmatch(text.strip().lower())
    kind = found.group(1) if found else ""
    if found is None or kind not in KINDS:
        raise ValueError(f"a fault: {', '.join(KINDS)}, as KIND[:VALUE][@SHARE]")
    usual, told = KINDS[kind]
    try:
        values = tuple(float(value) for value in (found.group(2) or "").split(",") if value)
        share = float(found.group(3) or 1)
    except ValueError:
        values, share = (), 2.0
    wrong = len(values) > len(usual) or not 0 <= share <= 1
    if kind == "status" and values and not 200 <= values[0] <= 599:
        wrong = True
    if kind not in ("length", "status") and any(value < 0 for value in values):
        wrong = True
    if wrong:
        raise ValueError(f"{kind}: {told}; a share is from 0 to 1")
    return Trouble(kind, values, share)


class Plan:
    """Which request meets which fault: the same in every run.

    Args:
        troubles: tried in order; each takes its share.
        seed: of the dice.
    """

    def __init__(self, troubles: Sequence[Trouble] = (), seed: int = 0) -> None:
        self._troubles = tuple(troubles)
        self._seed = seed
        self._asked = 0

    def next(self) -> Trouble | None:
        """The fault of the next request, or None."""
        self._asked += 1
        # Not for secrets: the same number for the same request of the same plan.
        dice = random.Random(f"{self._seed} {self._asked}")  # noqa: S311
        fallen = dice.random()
        for trouble in self._troubles:
            if fallen < trouble.share:
                return trouble
            fallen -= trouble.share
        return None
