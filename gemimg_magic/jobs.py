"""The bridge between asyncio and everybody else: one event loop in one daemon thread, and the Job.

The engine is asynchronous and private. A ``Job`` is how a cell (iterate), a panel (watch), a coroutine
(await) and a script (result) follow one request, and how each of them cancels it. There are no sync twins.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import os
import queue
import threading
from collections.abc import Callable, Coroutine, Generator, Iterator
from typing import Any, Generic, TypeVar

from .core.completions import Answered, Event, Received, Sent
from .core.errors import Cancelled

T = TypeVar("T")
Emit = Callable[[Event], None]
Work = Callable[[Emit], Coroutine[Any, Any, T]]

TICK = 0.1


@functools.cache
def _loop_of(process_id: int) -> asyncio.AbstractEventLoop:
    # One loop serves a process. After a fork the thread is gone, so the child starts its own.
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name=f"gemimg-{process_id}", daemon=True).start()
    return loop


def background_loop() -> asyncio.AbstractEventLoop:
    """The loop that all requests of this process run on. Never the notebook kernel's own."""
    return _loop_of(os.getpid())


class Job(Generic[T]):
    """Something on its way: a request, or many.

    Args:
        work: called once on the background loop; it reports events and returns the result.
    """

    def __init__(self, work: Work[T]) -> None:
        # Held while watchers are called, so that each sees the events in their order.
        self._lock = threading.RLock()
        self._events: list[Event] = []
        self._watchers: list[Callable[[Event | None], None]] = []
        self._future: concurrent.futures.Future[T] = asyncio.run_coroutine_threadsafe(
            work(self._emit), background_loop()
        )
        self._future.add_done_callback(lambda _: self._tell(None))

    def _emit(self, event: Event) -> None:
        with self._lock:
            # Progress is only of use to those who are watching now.
            if not isinstance(event, Sent | Answered | Received):
                self._events.append(event)
            self._tell(event)

    def _tell(self, event: Event | None) -> None:
        with self._lock:
            for watcher in self._watchers:
                watcher(event)

    def watch(self, callback: Callable[[Event | None], None]) -> None:
        """Call back for every event, those of the past first, and once with None at the end.

        Args:
            callback: called on the background loop's thread, or at once for what is past. It must not block.
        """
        with self._lock:
            for event in self._events:
                callback(event)
            if self._future.done():
                callback(None)
            else:
                self._watchers.append(callback)

    def follow(self) -> Iterator[Event | None]:
        """Iterate events in the calling thread; None every tenth of a second while nothing happens.

        An Interrupt while it waits cancels the job and is raised.

        Raises:
            GemimgError: the request failed.
        """
        events: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        self.watch(events.put)
        try:
            while True:
                try:
                    event = events.get(timeout=TICK)
                except queue.Empty:
                    yield None
                    continue
                if event is None:
                    break
                yield event
        except KeyboardInterrupt:
            self.cancel()
            raise
        self.result()

    def __iter__(self) -> Iterator[Event]:
        return (event for event in self.follow() if event is not None)

    def result(self, timeout: float | None = None) -> T:
        """Wait for the result.

        Args:
            timeout: seconds, or None to wait for as long as the request's own deadline allows.

        Raises:
            TimeoutError: not done within ``timeout``; the job goes on.
            GemimgError: the request failed or was cancelled.
        """
        try:
            waited = 0.0
            while timeout is None or waited < timeout:
                # Short waits, because a long one cannot be interrupted on every system.
                step = TICK if timeout is None else min(TICK, timeout - waited)
                done, _ = concurrent.futures.wait([self._future], step)
                if done:
                    break
                waited += step
        except KeyboardInterrupt:
            self.cancel()
            raise
        try:
            return self._future.result(0)
        except concurrent.futures.CancelledError:
            raise Cancelled("The job was cancelled.") from None
        except TimeoutError:
            if self._future.done():
                raise
            raise TimeoutError(f"not done after {timeout:g} s; the job goes on") from None

    def __await__(self) -> Generator[Any, None, T]:
        return self._awaited().__await__()

    async def _awaited(self) -> T:
        try:
            return await asyncio.wrap_future(self._future)
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            raise Cancelled("The job was cancelled.") from None

    def cancel(self) -> bool:
        """Stop the request and free its connection; False when it has already ended."""
        return not self._future.done() and self._future.cancel()

    def done(self) -> bool:
        """Whether it has ended, in whatever way."""
        return self._future.done()

    def __repr__(self) -> str:
        return f"<Job {'done' if self.done() else 'running'}>"
