"""Requests that other processes and machines make: any ``concurrent.futures.Executor``, or a Dask client.

The caller keeps everything that there is one of: the store is asked here, money is reserved here, and so many
requests are under way at a time. A worker gets a :class:`Task`, sends one request with an engine of its own,
and gives back the answer: the answer itself, or the key of its record where it can reach the caller's store.

A key does not leave this machine. Workers elsewhere take theirs from their own environment, under the same
rules as every engine does.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import functools
import os
import secrets
import shutil
import sys
import tempfile
import uuid
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .core.address import is_loopback, origin_of
from .core.completions import Completion
from .core.errors import Cancelled, GemimgError, MissingAPIKey, NoImageError, PromptError, WorkerError
from .core.messages import ImagePart, ImageRequest, Message, Part, TextPart
from .core.secret import Secret
from .core.text import HIDDEN, shorten
from .jobs import TICK, Job
from .settings import Settings

if TYPE_CHECKING:
    from .engine import Engine
    from .wire.store import Store

_NO_KEY = (
    "Set GEMIMG_BASE_URL and GEMIMG_API_KEY in the environment of the workers: keys do not leave the machine "
    "that they were set on."
)


# What the caller sees to itself; the key has its own way.
_NOT_SENT = frozenset({"api_key", "store", "mode", "max_cost", "price", "parallel", "embed", "short_errors"})


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


@dataclass(frozen=True, slots=True)
class Pool:
    """An executor, and whether its workers are on this machine.

    Args:
        executor: what runs the requests.
        here: whether nothing that is sent to its workers leaves this machine.
    """

    executor: concurrent.futures.Executor
    here: bool = False


def pool_of(given: Any) -> Pool:
    """The pool that somebody means.

    Args:
        given: an executor, a Dask client, ``dask`` for the current one, an ipyparallel client or view, or a
            pool.

    Raises:
        PromptError: it is none of these, or there is no Dask client.
    """
    if isinstance(given, Pool):
        return given
    if isinstance(given, str):
        given = _current_client(given)
    if not isinstance(given, concurrent.futures.Executor):
        given = _executor_of(given)
    return Pool(given, _is_here(given))


def _current_client(name: str) -> Any:
    if name != "dask":
        raise PromptError(
            f"There is no executor {shorten(repr(name), 40)}.",
            hint="Name a variable that holds an executor or a Dask client, or say dask.",
        )
    try:
        from distributed import get_client

        return get_client()
    except ImportError:
        raise PromptError("Dask is not installed.", hint='pip install "gemimg-magic[dask]"') from None
    except ValueError:
        raise PromptError(
            "There is no Dask client yet.", hint="Make one: from distributed import Client; client = Client()"
        ) from None


def _executor_of(given: Any) -> concurrent.futures.Executor:
    """That of a Dask client (``get_executor``), or of an ipyparallel view or client (``executor``)."""
    if hasattr(given, "get_executor"):
        # Equal requests are asked as often as they are given, so no task is another's result.
        found = given.get_executor(pure=False)
    else:
        found = getattr(given, "executor", None)
        found = found() if callable(found) else found
    if isinstance(found, concurrent.futures.Executor):
        return found
    raise PromptError(
        f"A {type(given).__name__} is not an executor.",
        hint="It takes a concurrent.futures.Executor, a Dask client, or an ipyparallel view.",
    )


def _is_here(executor: concurrent.futures.Executor) -> bool:
    kinds = (concurrent.futures.ThreadPoolExecutor, concurrent.futures.ProcessPoolExecutor)
    if isinstance(executor, kinds):
        return True
    client = getattr(executor, "_client", None)  # Dask's executor has no public name for it
    if client is None or not hasattr(client, "nthreads"):
        return False
    # The scheduler's own address says little: it may be the near end of a tunnel.
    workers = list(client.nthreads())
    return bool(workers) and all(_is_near(address) for address in workers)


def _is_near(address: str) -> bool:
    scheme, _, rest = address.partition("://")
    return scheme == "inproc" or is_loopback(f"http://{rest}")


@dataclass(eq=False)
class Desk:
    """Where an engine hands requests to workers and takes their answers.

    Args:
        settings: the engine's.
    """

    settings: Settings
    _folder: str = field(default="", repr=False)
    _beacons: dict[Path, Path] = field(default_factory=dict, repr=False)

    async def ask(self, pool: Pool, request: ImageRequest, store: Store | None) -> Completion:
        """Have a worker send a request.

        Args:
            pool: the workers.
            request: what to ask.
            store: where the answer is to be recorded, or None.

        Raises:
            WorkerError: a worker died, or could not be reached.
            GemimgError: as the worker's engine has it.
        """
        task = await asyncio.to_thread(self._task, pool, request, store)
        try:
            future = pool.executor.submit(send_request, task)
        except Exception as problem:
            raise _broken(problem) from problem
        try:
            result = await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            future.cancel()
            _stop(task)
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                raise
            raise WorkerError("The executor cancelled the request.", hint="Run it again.") from None
        except Exception as problem:
            raise _broken(problem) from problem
        if isinstance(result, Failed):
            raise result.problem
        if isinstance(result, Completion):
            return result
        return await asyncio.to_thread(_read_back, store, request, str(result))

    def _task(self, pool: Pool, request: ImageRequest, store: Store | None) -> Task:
        own = self.settings
        number = uuid.uuid4().hex
        if not self._folder:
            self._folder = tempfile.mkdtemp(prefix="gemimg-")
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        beacon = self._beacon(store) if store is not None else None
        return Task(
            id=number,
            request=slim(request),
            settings={
                entry.name: value
                for entry in fields(Settings)
                if entry.name not in _NOT_SENT and (value := getattr(own, entry.name)) is not None
            },
            key=LentKey(own.api_key) if own.api_key and pool.here else None,
            has_key=bool(own.api_key),
            store=str(store.root) if store is not None and beacon else "",
            beacon=str(beacon or ""),
            stop=str(Path(self._folder, number)),
        )

    def _beacon(self, store: Store) -> Path | None:
        """A file in a store by which workers know it; None where the store cannot be written."""
        if store.root not in self._beacons:
            try:
                self._beacons[store.root] = beacon = store.beacon()
            except (OSError, GemimgError):
                return None
            weakref.finalize(self, _remove, beacon)
        return self._beacons[store.root]


def _stop(task: Task) -> None:
    """Tell a worker that has begun; one that has not will see it first of all."""
    with contextlib.suppress(OSError):
        Path(task.stop).touch()


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def _broken(problem: BaseException) -> WorkerError:
    why = f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__
    return WorkerError(
        f"A worker failed before it had an answer: {shorten(why, 160)}.",
        hint="Check that gemimg_magic is installed on the workers, and their logs.",
    )


def _read_back(store: Store | None, request: ImageRequest, key: str) -> Completion:
    """The answer that a worker has recorded."""
    from .core.canonical import canonical

    answer = store.lookup(canonical(request)) if store is not None else None
    if answer is None:
        raise WorkerError(
            f"A worker recorded the answer {key[:12]}, but it is not in the store here.",
            hint="Give all workers the same folder by GEMIMG_STORE.",
        )
    if answer.error is not None:
        raise answer.error
    return replace(answer.completion, replayed=False)


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
