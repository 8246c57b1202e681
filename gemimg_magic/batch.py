"""Many requests as one piece of work: what came of each is there as soon as it came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator

from .core.completions import Answered, Completion, Event, Received, Retrying, Sent
from .core.errors import GemimgError
from .core.messages import ImageRequest
from .jobs import Emit, Work

# So many are looked up and prepared ahead: those that are recorded overtake those that wait for the gateway.
_AHEAD = 256


class Batch:
    """Requests on their way. One fails alone; the others go on.

    Args:
        asking: how one request is answered; see :meth:`Engine.asking`. It is asked for all at once, so that
            it can refuse before anything is sent.
        requests: in the order in which they are sent.
        on_answer: called in some thread with the number of each that has ended, before it is told.
    """

    def __init__(
        self,
        asking: Callable[[ImageRequest], Work[Completion]],
        requests: Iterable[ImageRequest],
        on_answer: Callable[[int], None] | None = None,
    ) -> None:
        self.requests = tuple(requests)
        self.completions: dict[int, Completion] = {}
        """Number of a request -> its answer."""
        self.failures: dict[int, GemimgError] = {}
        """Number of a request -> its error."""
        self.sent: set[int] = set()
        """Those that are with the gateway now."""
        self.received: dict[int, int] = {}
        """Bytes of the reply to each that have arrived so far."""
        self._works = [asking(request) for request in self.requests]
        self._on_answer = on_answer

    async def run(self, emit: Emit) -> None:
        """Send all of them; to be run as a job. Cancelled, it leaves what has come so far.

        Args:
            emit: called for events; with several requests for their progress only, not for what they hold.
        """
        numbers = iter(range(len(self.requests)))
        workers = [
            asyncio.create_task(self._work(numbers, emit)) for _ in range(min(_AHEAD, len(self.requests)))
        ]
        try:
            await asyncio.gather(*workers)
        finally:
            for worker in workers:
                worker.cancel()

    async def _work(self, numbers: Iterator[int], emit: Emit) -> None:
        for number in numbers:
            try:
                self.completions[number] = await self._works[number](self._teller(number, emit))
            except GemimgError as problem:
                # Its frames would keep every reply alive that failed.
                self.failures[number] = problem.with_traceback(None)
            finally:
                self.sent.discard(number)
            if self._on_answer is not None:
                # It may work on the picture, and this loop serves all requests.
                await asyncio.to_thread(self._on_answer, number)
            emit(Answered(number))

    def _teller(self, number: int, emit: Emit) -> Emit:
        alone = len(self.requests) == 1

        def tell(event: Event) -> None:
            match event:
                case Sent():
                    self.sent.add(number)
                case Received(total=total):
                    self.received[number] = total
                case _:
                    pass
            # A job keeps its events, and pictures in them, for those who come late.
            if alone or isinstance(event, Sent | Received | Retrying):
                emit(event)

        return tell
