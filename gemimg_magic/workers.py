"""What a worker does: one request, with an engine of its own, in another process or on another machine.

A key does not leave the machine that it was set on. Workers elsewhere take theirs from their own environment,
under the same rules as every engine does.
"""

from __future__ import annotations

import functools
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .core.address import origin_of
from .core.completions import Completion
from .core.errors import Cancelled, GemimgError, MissingAPIKey, NoImageError
from .core.messages import ImagePart, ImageRequest, Message, Part, TextPart
from .core.secret import Secret
from .core.text import HIDDEN
from .jobs import TICK, Job
from .settings import Settings

if TYPE_CHECKING:
    from .engine import Engine

_NO_KEY = (
    "Set GEMIMG_BASE_URL and GEMIMG_API_KEY in the environment of the workers: keys do not leave the machine "
    "that they were set on."
)


class LentKey:
    """A key on its way to a worker on this machine.

    No repr shows it, and it does not stand in a pickle as it is. That hides it from logs and dashboards; it
    is no encryption.

    Args:
        secret: the key.
    """

    __slots__ = ("secret",)

    def __init__(self, secret: Secret) -> None:
        self.secret = secret

    def __repr__(self) -> str:
        return f"LentKey({HIDDEN})"

    def __reduce__(self) -> tuple[Any, ...]:
        plain = self.secret.reveal().encode()
        pad = secrets.token_bytes(len(plain))
        return _lent, (_mixed(plain, pad), pad, self.secret.source, self.secret.origin)


def _mixed(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _lent(mixed: bytes, pad: bytes, source: str, origin: str) -> LentKey:
    return LentKey(Secret(_mixed(mixed, pad).decode(), source, origin))


@dataclass(frozen=True, slots=True, repr=False)
class Task:
    """One request for a worker: plain values that can be pickled.

    Args:
        id: its own, so that equal requests are asked as often as they are given.
        request: what to ask; its pictures are bytes, without where they came from.
        settings: how to ask: fields of the caller's settings.
        key: the key, for a worker on this machine; else None.
        has_key: whether the caller has a key, so that a worker without one is not to go on.
        store: the folder of the caller's store, or empty where nothing is to be recorded.
        beacon: a file in that store by which a worker sees that it is the same one.
        stop: a file that appears when the caller wants the answer no more.
    """

    id: str
    request: ImageRequest
    settings: Mapping[str, Any]
    key: LentKey | None = None
    has_key: bool = False
    store: str = ""
    beacon: str = ""
    stop: str = ""

    def __repr__(self) -> str:
        return f"<Task {self.id[:8]} {self.request.model}>"

    def __dask_tokenize__(self) -> str:
        return self.id


@dataclass(frozen=True, slots=True)
class Failed:
    """An error on its way back. As an exception, executors would wrap it in their own, log it, or try again.

    Args:
        problem: the error.
    """

    problem: GemimgError


def send_request(task: Task) -> Completion | str | Failed:
    """Send one request; what a worker runs.

    Args:
        task: the request.

    Returns:
        The answer, or the key of its record where this worker has recorded it in the caller's store, or
        what went wrong.
    """
    try:
        return _answer(task)
    except GemimgError as problem:
        return Failed(problem)


def _answer(task: Task) -> Completion | str:
    if _stopped(task)():
        raise Cancelled("The job was cancelled.")
    shared = bool(task.store) and Path(task.beacon).exists()
    engine = _engine(os.getpid(), _worker_settings(task, shared=shared))
    if not shared:
        return _finished(Job(functools.partial(engine.send, task.request)), task)
    try:
        completion = _finished(Job(functools.partial(engine.send_and_record, task.request)), task)
    except NoImageError as problem:
        if problem.completion is not None and problem.completion.key:
            return problem.completion.key
        raise
    return completion.key or completion


def _worker_settings(task: Task, *, shared: bool) -> Settings:
    store = {"store": task.store, "mode": "record"} if shared else {"mode": "off"}
    given: dict[str, Any] = {**task.settings, **store}
    try:
        settings = Settings.load(api_key=task.key.secret if task.key else None, **given)
    except MissingAPIKey as problem:
        raise MissingAPIKey(problem.message, hint=_NO_KEY) from None
    if task.has_key and not settings.api_key:
        raise MissingAPIKey(f"This worker has no key for {origin_of(settings.base_url)}.", hint=_NO_KEY)
    return settings


# A worker keeps its connections from one request to the next. After a fork they would be the parent's, so the
# process is part of what they are kept under.
@functools.lru_cache(maxsize=8)
def _engine(process_id: int, settings: Settings) -> Engine:
    from .engine import Engine

    return Engine(settings)


def _finished(job: Job[Completion], task: Task) -> Completion:
    """Wait for a job, and stop it when the caller wants it no more."""
    stopped = _stopped(task)
    while True:
        if stopped():
            job.cancel()
        try:
            return job.result(TICK)
        except TimeoutError:
            if job.done():
                raise


def _stopped(task: Task) -> Callable[[], bool]:
    """What tells whether the caller wants the answer no more.

    Every worker on the caller's machine sees the file. A Dask worker knows it from its scheduler.
    """
    file = Path(task.stop)
    released = _released_by_dask()
    return lambda: released() or file.exists()


def _released_by_dask() -> Callable[[], bool]:
    """Whether the scheduler has let go of the task that this thread works on; False outside of Dask."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return lambda: False
    try:
        worker = distributed.get_worker()
        key = worker.get_current_task()
    except (ValueError, AttributeError):
        return lambda: False

    def released() -> bool:
        state = worker.state.tasks.get(key)
        return state is None or state.state == "cancelled"

    return released


def slim(request: ImageRequest) -> ImageRequest:
    """The same request without the history that its pictures know.

    A picture that was made here holds the completion it came in, and that the pictures it was made from.
    """
    return replace(
        request,
        messages=tuple(
            Message(turn.role, tuple(_plain(part) for part in turn.parts), dict(turn.extras))
            for turn in request.messages
        ),
        params=dict(request.params),
    )


def _plain(part: Part) -> Part:
    if isinstance(part, TextPart) or type(part) is ImagePart:
        return part
    return ImagePart(
        part.data, part.media_type, content_id=part.content_id, note=part.note, hashed=part.hashed
    )
