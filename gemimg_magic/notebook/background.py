"""How a cell waits for what it asked for: in front of everybody, or in the background (``--bg``)."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
from typing import Any, Protocol

from IPython.core.interactiveshell import InteractiveShell

from ..batch import Batch
from ..core.completions import Event
from ..core.errors import Cancelled, GemimgError
from ..jobs import TICK, Emit, Job
from .binding import Interrupted
from .view import View, is_watched


class Errand(Protocol):
    """What one cell asked for.

    ``batch`` has the requests, ``view`` their place on the screen; ``names`` are the variables to bind in
    ``namespace``.
    """

    batch: Batch
    names: tuple[str, ...]
    namespace: dict[str, Any]

    @property
    def view(self) -> Any:
        """What is shown of it."""

    def settle(self, *, stopped: bool) -> Any:
        """Bind, show and save what came; raise what failed."""


def waited(errand: Errand) -> Any:
    """Run an errand to its end, with progress; an interrupt stops what is not done and keeps the rest.

    Raises:
        GemimgError: something failed.
        Interrupted: the user stopped it.
    """
    view: View = errand.view
    job = Job(errand.batch.run)
    stopped = False
    try:
        for event in job.follow():
            view.note(event)
    except KeyboardInterrupt:
        stopped = True
    except BaseException:
        view.clear()
        raise
    finally:
        job.cancel()
    return errand.settle(stopped=stopped)


def goes_on_alone(shell: InteractiveShell) -> bool:
    """Whether a cell may end before its pictures are here.

    Not where nobody would see them come: nbclient, papermill and nbval stop the kernel after the last cell,
    and what comes into an ``Output`` widget later is lost. There ``--bg`` waits like any other cell.
    """
    return getattr(shell, "kernel", None) is None or is_watched(shell)


def begun(shell: InteractiveShell, errand: Errand) -> Job[Any]:
    """Let an errand go on in the background.

    Returns:
        The job, to which its names are bound until it is done. Those that are still bound to it then get
        the result.
    """
    bound: concurrent.futures.Future[Job[Any]] = concurrent.futures.Future()
    namespace, errand.namespace = errand.namespace, {}
    view: View = errand.view
    view.leave()

    def settled(stopped: bool) -> Any:
        job = bound.result()
        try:
            return errand.settle(stopped=stopped)
        except Interrupted:
            problem: GemimgError = Cancelled("It was cancelled.")
            view.tell(problem)
            raise problem from None
        except GemimgError as problem:
            view.tell(problem)
            raise
        finally:
            # What the user has bound anew in the meantime is left alone.
            for name, value in errand.namespace.items():
                if namespace.get(name) is job:
                    namespace[name] = value

    async def work(emit: Emit) -> Any:
        await asyncio.wrap_future(bound)

        def take(event: Event) -> None:
            view.take(event)
            emit(event)

        running = asyncio.ensure_future(errand.batch.run(take))
        try:
            while not running.done():
                await asyncio.wait([running], timeout=5 * TICK)
                # Pictures are made small here, and that would hold up the requests of others.
                await asyncio.to_thread(view.refresh)
            await running
        except asyncio.CancelledError:
            running.cancel()
            context = contextvars.copy_context()
            asyncio.get_running_loop().run_in_executor(None, context.run, _quietly, settled)
            raise
        return await asyncio.to_thread(settled, False)

    job: Job[Any] = Job(work)
    namespace.update(dict.fromkeys(errand.names, job))
    bound.set_result(job)
    return job


def _quietly(settled: Any) -> None:
    """Settle what was cancelled: whoever asks the job is told that already."""
    try:
        settled(True)
    except GemimgError:
        return
