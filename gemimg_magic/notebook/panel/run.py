"""One run of the panel: the cell that it stands for, its jobs, and what came of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from ...batch import Batch
from ...core.completions import Answered, Completion, Event, GeneratedImage, ImageArrived, Received, Retrying
from ...core.cost import Cost, Total, cost_of
from ...core.errors import PromptError
from ...core.messages import ImageRequest
from ...core.text import inert, shorten
from ...engine import Engine
from ...jobs import Job
from ..binding import Binding, Outcome
from ..cell import read_cell
from ..names import Names
from ..written import written

# Faster changes are not seen, and front ends limit the rate of messages.
_INTERVAL = 0.25


class Run:
    """What one click started.

    Args:
        number: counts the runs of a panel.
        text: the ``%%imagine`` cell that this run is.
        names: what the cell can see.
        engine: what makes the pictures.

    Raises:
        PromptError: the cell is wrong; nothing was sent.
    """

    def __init__(self, number: int, text: str, names: Names, engine: Engine) -> None:
        head, _, body = text.partition("\n")
        options, prompt = read_cell(head.removeprefix("%%imagine").strip(), body)
        self.number, self.text, self.engine = number, text, engine
        self.binding = Binding(options.pop("out", ()), options.pop("n", 1), None)
        sought = written(prompt, options, {})
        parts, asked, self._area = sought.placed(names)
        if not any(getattr(part, "text", "").strip() for part in parts):
            raise PromptError("The prompt is empty.", hint="Say what to draw, or what to change.")
        self.request = engine.request(parts, **asked)
        self.label = shorten(prompt, 60)
        self.started = time.time()
        self.cancelled = False
        self._batch = Batch(engine.asking(), self.requests)
        self._job: Job[None] | None = None
        self._lock = threading.Lock()
        self._told = 0.0
        self._note = ""

    @property
    def requests(self) -> list[ImageRequest]:
        """One request for each take."""
        takes = range(self.binding.count)
        return [replace(self.request, take=self.request.take + number) for number in takes]

    def start(self, changed: Callable[[], None], ended: Callable[[Run], None]) -> None:
        """Send all takes.

        Args:
            changed: called when there is something new to tell, from another thread and not too often.
            ended: called once in a thread of its own, when all have ended in whatever way.
        """
        self._job = Job(self._batch.run)
        self._job.watch(partial(self._note_event, changed, ended))

    def _note_event(
        self, changed: Callable[[], None], ended: Callable[[Run], None], event: Event | None
    ) -> None:
        with self._lock:
            match event:
                case Received() | None:
                    pass
                case Retrying(delay=delay, reason=reason):
                    self._note = f"trying again in {delay:.0f} s: {shorten(inert(reason), 80)}"
                case ImageArrived() | Answered():
                    self._note = "a picture is here"
                case _:
                    return
            now = time.monotonic()
            quiet = isinstance(event, Received) and now - self._told < _INTERVAL
            self._told = self._told if quiet else now
        if event is None:
            # Previews are made there; this thread serves all requests.
            threading.Thread(target=ended, args=(self,), name="gemimg-panel", daemon=True).start()
        elif not quiet:
            changed()

    def cancel(self) -> None:
        """Stop what has not ended."""
        self.cancelled = True
        if self._job is not None:
            self._job.cancel()

    def outcome(self) -> Outcome:
        """What came of it, when all have ended."""
        return Outcome.of(self._batch, interrupted=self.cancelled)

    def named(self, outcome: Outcome) -> list[GeneratedImage]:
        """The pictures to show, each with its name, and pasted back where only a region was to change."""
        images = self.binding.named(outcome)
        return [self._area.filled(image) if self._area else image for image in images]

    def face(self) -> dict[str, Any]:
        """What the front end tells of it."""
        return {
            "number": self.number,
            "label": inert(self.label),
            "started": self.started,
            "bytes": sum(self._batch.received.values()),
            "done": len(self._batch.completions) + len(self._batch.failures),
            "total": self.binding.count,
            "note": self._note,
        }


def told(run: Run, outcome: Outcome, images: list[GeneratedImage]) -> str:
    """One line on a run that ended: how long it took, what it cost, whether it was paid for."""
    seconds = time.time() - run.started
    took = f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    if outcome.interrupted:
        return f"Cancelled after {took}."
    made = [completion for completion in outcome.completions if not completion.replayed]
    if outcome.completions and not made:
        return "From the store: nothing was sent or paid."
    many = f"{len(images)} pictures" if len(images) != 1 else "1 picture"
    if run.engine.settings.profile == "sketch":
        return f"{many} in {took} · free"
    return f"{many} in {took} · {Total.of(_cost(run, completion) for completion in made)}"


def _cost(run: Run, completion: Completion) -> Cost:
    models = (run.request.model, completion.model)
    price, count = run.engine.settings.price, len(completion.images)
    return cost_of(completion.usage, models=models, pictures=count, size=run.request.size, price=price)
