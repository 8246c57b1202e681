"""Requests that other processes and machines make: any ``concurrent.futures.Executor``, or a Dask client.

The caller keeps everything that there is one of: the store is asked here, money is reserved here, and so many
requests are under way at a time. What a worker does with a :class:`~gemimg_magic.workers.Task` is in
``workers``; it gives back the answer itself, or the key of its record where it can reach the caller's store.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import shutil
import tempfile
import uuid
import weakref
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .core.address import is_loopback
from .core.completions import Completion
from .core.errors import GemimgError, PromptError, WorkerError
from .core.messages import ImageRequest
from .core.text import shorten
from .settings import Settings
from .workers import Failed, LentKey, Task, send_request, slim

if TYPE_CHECKING:
    from .wire.store import Store

# What the caller sees to itself; the key has its own way.
_NOT_SENT = frozenset({"api_key", "store", "mode", "max_cost", "price", "parallel", "embed", "short_errors"})


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
