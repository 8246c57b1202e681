"""How many requests are on their way to a server at once, counted over the whole process.

Cells, background jobs, the panel and Python calls pass the same gate, so ``-j`` means what it says for all of
them together. A server that answers 429 holds all of them back, not only the one that was told.
"""

from __future__ import annotations

import asyncio
import functools
import math
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from .core.completions import Retrying
from .core.errors import APIStatusError

Pause = Callable[[Retrying], Awaitable[None]]

# A request with a small limit waits while others with a larger one pass; after so many it is its turn.
_PATIENCE = 16
# A stated wait beyond this is a quota that is used up: requests fail then, and say so.
_LONGEST_HOLD = 60.0


@functools.cache
def _gate_of(process_id: int, origin: str) -> Gate:
    return Gate()


def shared_gate(origin: str) -> Gate:
    """The gate of this process to a server; each server has its own limits of rate.

    Args:
        origin: scheme, host and port.
    """
    return _gate_of(os.getpid(), origin)


class _Waiter:
    __slots__ = ("entered", "limit", "overtaken")

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.entered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.overtaken = 0


class Gate:
    """Lets so many requests through at a time. Made by any thread, used on the background loop only."""

    def __init__(self) -> None:
        self._inside = 0
        self._queue: dict[int, _Waiter] = {}
        # Set by an answer of 429: when the next may go, and how many at a time.
        self._opens = 0.0
        self._most = math.inf
        self._lowered = -math.inf

    @asynccontextmanager
    async def room(self, limit: int) -> AsyncIterator[Pause]:
        """Wait for room, and hold it while a request is under way.

        Args:
            limit: enter when fewer than this are inside.

        Yields:
            What to await between two tries of the same request: it gives the room up meanwhile.
        """
        entered = await self._enter(limit)
        inside = True

        async def pause(retrying: Retrying) -> None:
            nonlocal entered, inside
            if retrying.limited:
                self._hold(entered, retrying.delay)
            self._leave()
            inside = False
            await asyncio.sleep(retrying.delay)
            entered = await self._enter(limit)
            inside = True

        try:
            yield pause
        except APIStatusError as problem:
            if problem.status_code == 429 and (problem.retry_after or 0.0) <= _LONGEST_HOLD:
                self._hold(entered, problem.retry_after or 0.0)
            raise
        else:
            if self._most < math.inf:
                # One more at a time after each round that went well.
                self._most += 1 / self._most
        finally:
            if inside:
                self._leave()

    async def _enter(self, limit: int) -> float:
        """Wait for room; the moment of entering."""
        waiter = _Waiter(limit)
        self._queue[id(waiter)] = waiter
        self._admit()
        try:
            await waiter.entered
        except asyncio.CancelledError:
            if self._queue.pop(id(waiter), None) is None:
                self._leave()  # let in, and cancelled before it knew
            else:
                self._admit()
            raise
        return asyncio.get_running_loop().time()

    def _leave(self) -> None:
        self._inside -= 1
        self._admit()

    def _hold(self, entered: float, seconds: float) -> None:
        """Nobody enters for so long, and half as many at a time after that."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        # Those that were sent together with the first that was told are no further news.
        if entered >= self._lowered:
            self._most = max(1, min(self._most, self._inside) // 2)
            self._lowered = now
        if now + seconds > self._opens:
            self._opens = now + seconds
            loop.call_at(self._opens, self._admit)

    def _admit(self) -> None:
        """Let in whoever may enter, in the order in which they came."""
        # Loops wake a little early.
        if asyncio.get_running_loop().time() < self._opens - 0.002:
            return
        passed: list[_Waiter] = []
        for waiter in list(self._queue.values()):
            if waiter.entered.cancelled():
                continue  # it takes itself away in a moment
            if self._inside < min(waiter.limit, self._most):
                del self._queue[id(waiter)]
                self._inside += 1
                waiter.entered.set_result(None)
                for other in passed:
                    other.overtaken += 1
            elif waiter.overtaken >= _PATIENCE or self._inside >= self._most:
                break
            else:
                passed.append(waiter)


class Turns:
    """Lets the requests of one caller through so many at a time, in the order of their tickets.

    So they do not stand all at once in the gate's queue before the request of another. And what a limit on
    the cost lets through are the first of them, however long each of them was looked for in the store.

    Args:
        limit: how many.
    """

    def __init__(self, limit: int) -> None:
        self._free = asyncio.Semaphore(limit)
        self._issued = self._next = 0
        self._settled: set[int] = set()
        self._waiting: dict[int, asyncio.Future[None]] = {}

    def ticket(self) -> int:
        """The next number."""
        self._issued += 1
        return self._issued - 1

    @asynccontextmanager
    async def turn(self, ticket: int) -> AsyncIterator[None]:
        """Wait until all with a lower number have had their turn or need none, and until there is room."""
        if ticket > self._next:
            waiting = self._waiting[ticket] = asyncio.get_running_loop().create_future()
            try:
                await waiting
            finally:
                del self._waiting[ticket]
        self.settle(ticket)
        async with self._free:
            yield

    def settle(self, ticket: int) -> None:
        """Nobody waits for this one any more."""
        if ticket < self._next:
            return
        self._settled.add(ticket)
        while self._next in self._settled:
            self._settled.remove(self._next)
            self._next += 1
        waiting = self._waiting.get(self._next)
        if waiting is not None and not waiting.done():
            waiting.set_result(None)
