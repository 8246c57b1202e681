"""One reply on its way from the network to the reader: into the journal first, counted, under two clocks."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import httpx

from ..core.completions import Event, Received
from ..core.limits import Limits
from ..core.reply import ReplyReader
from .inflate import pieces
from .patience import Heartbeats
from .sockets import before_reads

Emit = Callable[[Event], None]

# Small chunks are handed on together from this size on.
_ENOUGH = 64 * 1024


class Journal(Protocol):
    """Takes a reply as it arrives; see the store's journal."""

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """The head of a reply has arrived; bytes of an earlier attempt no longer count."""

    def write(self, piece: bytes) -> None:
        """A piece of its body, as received."""


class Reading:
    """Reads one reply.

    Args:
        reader: takes the bytes.
        emit: called for what becomes known.
        journal: takes them first.
        limits: caps and deadlines.
        clock: the running deadline; every useful byte moves it on, never past the end.
    """

    def __init__(
        self, reader: ReplyReader, emit: Emit, journal: Journal | None, limits: Limits, clock: asyncio.Timeout
    ) -> None:
        self._reader, self._emit, self._journal = reader, emit, journal
        self._clock, self._end, self._idle = clock, clock.when() or math.inf, limits.idle
        self._beats = Heartbeats()
        self._gathered: list[bytes] = []
        self._size = self._total = 0
        self._told = self._alive = -math.inf

    async def all_of(self, response: httpx.Response) -> None:
        """Read a response to its end."""
        with before_reads(response, self._hand_on) as gathering:
            async for piece in pieces(response):
                self._gathered.append(piece)
                self._size += len(piece)
                if not gathering or self._size >= _ENOUGH:
                    self._hand_on()
        self._hand_on()

    def _hand_on(self) -> None:
        """Give what has come to the journal and the reader."""
        if not self._gathered:
            return
        data = b"".join(self._gathered)
        self._gathered.clear()
        self._size = 0
        self._total += len(data)
        if self._journal is not None:
            self._journal.write(data)
        for event in self._reader.feed(data):
            self._emit(event)
        now = time.monotonic()
        if self._beats.useful(data):
            self._useful(now)
        # Ten times a second is as often as anyone can look.
        if now - self._told > 0.1:
            self._told = now
            self._emit(Received(self._total))

    def _useful(self, now: float) -> None:
        """Give the next useful byte its time from now on; not for each piece, which would cost more."""
        if now - self._alive > self._idle / 100:
            self._alive = now
            self._clock.reschedule(min(self._end, asyncio.get_running_loop().time() + self._idle))
