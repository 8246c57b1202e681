"""The store around the client: asked before anything is sent, given every answer before anybody sees it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from .core.canonical import Canonical, canonical
from .core.completions import Completion, Event, Finished, ImageArrived, TextDelta
from .core.errors import APIError, GemimgError, NoImageError
from .core.messages import ImageRequest
from .wire.store import RECORDED_ERRORS, Answer, Journal, Store

if TYPE_CHECKING:
    from .jobs import Emit

Ask = Callable[["Emit", Journal | None], Awaitable[Completion]]

# Less than this of a cancelled reply cannot hold a picture.
_WORTH_KEEPING = 1024
_AGAIN = "This answer is recorded; --fresh asks again."


class Recall:
    """How one engine uses the store.

    A completion that has a key is recorded already: a worker that can reach the store has done it.

    Args:
        store: where answers are kept.
        mode: ``auto``, ``replay``, ``record`` or ``off``.
        keeps: whether answers of this gateway are kept; those of the sketch server are not.
    """

    def __init__(self, store: Store, mode: str, *, keeps: bool) -> None:
        self._store = store
        self.mode = mode
        self._keeps = keeps

    @property
    def recording(self) -> Store | None:
        """The store that new answers go to, or None where they are not kept."""
        return self._store if self._keeps and self.mode in ("auto", "record") else None

    def holds(self, request: ImageRequest) -> bool:
        """Whether the answer to a request would come from the store.

        Raises:
            StoreError: its record is damaged.
        """
        return self.mode in ("auto", "replay") and self._store.holds(canonical(request))

    async def answer(self, request: ImageRequest, ask: Ask, emit: Emit) -> Completion:
        """The answer to a request: the recorded one, or a new one, which is then recorded.

        Args:
            request: what to ask.
            ask: sends it; called only where the store has no answer.
            emit: called for every event on the way, the last one being ``Finished``.

        Raises:
            ReplayMiss: nothing is recorded, and the mode is ``replay``.
            StoreError: the record is damaged.
            GemimgError: as recorded, or as the gateway has it.
        """
        try:
            found = await self._found(request, ask, emit)
            if found.error is not None:
                raise found.error
            completion = found.completion.attributed(request)
        except GemimgError as problem:
            if problem.completion is not None:
                problem.completion = problem.completion.attributed(request)
            raise
        emit(Finished(completion))
        return completion

    async def _found(self, request: ImageRequest, ask: Ask, emit: Emit) -> Answer:
        if self.mode == "off":
            return Answer(await ask(_without_end(emit), None))
        form = await asyncio.to_thread(canonical, request)
        if self.mode != "record":
            answer = await asyncio.to_thread(self._store.lookup, form)
            if answer is not None:
                tell(answer.completion, emit)
                return answer
            if self.mode == "replay":
                raise await asyncio.to_thread(self._store.miss, form)
        if not self._keeps:
            return Answer(await ask(_without_end(emit), None))
        return await self._asked(form, ask, emit)

    async def _asked(self, form: Canonical, ask: Ask, emit: Emit) -> Answer:
        """A new answer, recorded. The journal holds the reply until it is."""
        journal = self._store.journal(form)
        try:
            answer = Answer(await ask(_without_end(emit), journal))
            if answer.completion.key:
                return answer
        except APIError:
            # The server has made nothing, or nothing whole.
            await asyncio.to_thread(journal.discard)
            raise
        except GemimgError as problem:
            if type(problem) not in RECORDED_ERRORS or problem.completion is None:
                await asyncio.to_thread(journal.keep)
                raise
            if problem.completion.key:
                raise
            answer = _refusal(problem, problem.completion)
        except asyncio.CancelledError:
            settle = journal.keep if journal.received > _WORTH_KEEPING else journal.discard
            asyncio.get_running_loop().run_in_executor(None, settle)
            raise
        except BaseException:
            await asyncio.to_thread(journal.keep)
            raise
        return await asyncio.to_thread(self._kept, form, answer, journal)

    def _kept(self, form: Canonical, answer: Answer, journal: Journal) -> Answer:
        """Record an answer. What was paid for is given to the user even when the disk is full."""
        try:
            kept = self._store.record(form, answer)
        except Exception as problem:  # noqa: BLE001  no fault of the store may cost a picture that was paid for
            journal.keep()
            why = (isinstance(problem, OSError) and problem.strerror) or str(problem)
            told = f"This answer is not in the store {self._store.root.name!r}: {why.rstrip('.')}."
            warnings = (*answer.completion.warnings, told)
            return Answer(replace(answer.completion, warnings=warnings), answer.error)
        journal.discard()
        return kept


def _refusal(problem: GemimgError, completion: Completion) -> Answer:
    """A refusal as it is recorded, raised now, and raised again by every replay."""
    kind = next(kind for kind in RECORDED_ERRORS if type(problem) is kind)
    hint = f"{problem.hint} {_AGAIN}".strip()
    error: NoImageError = kind(problem.message, hint=hint, completion=completion)
    return Answer(completion, error)


def tell(completion: Completion, emit: Emit) -> None:
    """The events of a reply that arrives all at once."""
    if completion.text:
        emit(TextDelta(completion.text))
    for image in (*completion.drafts, *completion.images):
        emit(ImageArrived(image))


def _without_end(emit: Emit) -> Emit:
    """All events but the last, which is told once the answer is recorded."""

    def pass_on(event: Event) -> None:
        if not isinstance(event, Finished):
            emit(event)

    return pass_on
