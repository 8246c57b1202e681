"""The panel: one widget that makes pictures with the mouse and leaves cells behind.

Every run is a ``%%imagine`` cell that is read like one that was typed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from traitlets import observe

from ...core.cellsource import cell_text
from ...core.completions import GeneratedImage
from ...core.controls import controls, price_told, usable
from ...core.messages import ImageRequest, TextPart, user
from ...core.models import resolve_alias
from ...core.takes import Takes
from ...engine import Engine
from ..names import Names
from .actions import Actions
from .face import FORM, Face
from .host import Host
from .run import Run, told
from .where import where


class Panel(Face):
    """A form for pictures, with a gallery. Every trait can be set and observed from Python.

    Observers are called in the thread where the change came from: the kernel's, or one of the panel's.

    Args:
        engine: what makes the pictures; None takes the notebook's settings at each run.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        self._running: list[Run] = []
        self._count = 0
        self._idle = threading.Event()
        self._idle.set()
        self._ready = False
        super().__init__(Host(engine))
        self._actions = Actions(self, self._held)
        self._look_around()
        self._ready = True
        self._refresh()

    # What people and programs do

    def submit(self) -> None:
        """Start a run with the values of this moment and return at once; what fails is told in ``error``."""
        with self._reported():
            self._begin()

    def another(self) -> None:
        """Start a run that takes a fresh variant of the same request, instead of the recorded one."""
        with self._reported():
            made = [self._requested(image) for image in self.images]
            run = self._prepared()
            taken = [request.take for request in made if request and _alike(request, run.request)]
            self.take = max([*taken, run.request.take - 1]) + 1
            self._begin()

    def cancel(self) -> None:
        """Stop everything that is being made here."""
        with self._lock:
            for run in self._running:
                run.cancel()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until nothing is being made.

        Args:
            timeout: seconds, or None to wait for as long as it takes.

        Returns:
            Whether all has ended.
        """
        return self._idle.wait(timeout)

    @property
    def cell(self) -> str:
        """The ``%%imagine`` cell that does what a click would do."""
        return cell_text(self._values(), self.prompt)

    def refill(self, source: Any) -> None:
        """Take prompt, settings and references from a picture, as it was made.

        Args:
            source: a result, a variable's name, or a file that was saved with its facts.

        Raises:
            PromptError: it does not tell how it was made.
        """
        from .refill import form_of

        form, self._said = form_of(source, self._host, self._held)
        for name, value in form.items():
            setattr(self, name, value)

    def add_reference(self, picture: Any) -> None:
        """Add a picture to the references: whatever is a picture, or the name of one."""
        new = [part for part in self._held.read(picture) if part not in self.references]
        self.references = (*self.references, *new)

    @property
    def names(self) -> Names:
        """What expressions and references can see."""
        return self._host.names

    @property
    def engine(self) -> Engine:
        """What makes the pictures, with the settings of this moment."""
        return self._host.engine

    # What follows from what

    @observe("model")
    def _model_changed(self, _: object) -> None:
        for name in ("aspect", "size"):
            if not usable(name, getattr(self, name), self.model):
                setattr(self, name, None)

    @observe(*FORM, "references")
    def _form_changed(self, _: object) -> None:
        if self._ready:
            self._refresh()

    @observe("references")
    def _references_changed(self, _: object) -> None:
        with self._reported():
            self._strip = [
                self._shelf.told(part) | {"label": self._held.spell(part)} for part in self.references
            ]

    @observe("images")
    def _images_changed(self, _: object) -> None:
        self._gallery = [self._shelf.told(image) for image in self.images]
        if not -1 <= self.selected < len(self.images):
            self.selected = len(self.images) - 1

    def _refresh(self) -> None:
        """Tell the face what follows from the form."""
        with self._reported():
            self._controls = controls(self.model)
            asked = ImageRequest(
                resolve_alias(self.model), (user(*self.references, TextPart(self.prompt)),), size=self.size
            )
            own = self.engine.settings
            self._price = price_told(asked, self.n, price=own.price, free=own.profile == "sketch")
            self._cell = self.cell

    def _look_around(self) -> None:
        """Find out where requests go, and whether a key is there."""
        with self._reported():
            self._where = where(self._host)
            self.model = self.model or self.engine.settings.model

    # Runs

    def _values(self, *, settle: bool = False) -> dict[str, Any]:
        """The options of the cell that the form stands for."""
        spell = self._held.settle if settle else self._held.spell
        spelled = [spell(part) for part in self.references]
        usual = self.engine.settings.model
        alone = len(spelled) == 1 or (self.region and spelled)
        return {
            "out": self.bind_to.replace(" ", ""),
            "n": self.n if self.n > 1 else None,
            "edit": spelled[0] if alone else None,
            "images": tuple(spelled[1:] if alone else spelled),
            "region": self.region,
            "aspect": self.aspect,
            "size": self.size,
            "model": self.model.strip() if self.model.strip() != usual else None,
            "temperature": self.temperature,
            "system": " ".join(self.system.split()),
            "take": self.take or None,
        }

    def _prepared(self) -> Run:
        """The run for the form as it is; nothing is sent yet."""
        text = cell_text(self._values(settle=True), self.prompt)
        return Run(self._count, text, self._host.names, self.engine)

    def _begin(self) -> None:
        with self._lock:
            run = self._prepared()
            if any(other.text == run.text for other in self._running):
                self._said = "This is being made already."
                return
            self._count += 1
            self._running.append(run)
            self._idle.clear()
            self._where = where(self._host)
            self.error, self._said, self.busy = "", "", True
            self._changed()
        try:
            run.start(self._changed, self._ended)
        except BaseException:
            self._forget(run)
            raise

    def _changed(self) -> None:
        with self._lock:
            self._runs = [run.face() for run in self._running]

    def _ended(self, run: Run) -> None:
        """Bind and show what came; runs in a thread of its own."""
        try:
            with self._reported():
                self._finish(run)
        finally:
            self._forget(run)

    def _finish(self, run: Run) -> None:
        outcome = run.outcome()
        images = run.named(outcome)
        self._said = told(run, outcome, images)
        if images:
            self._host.bind(run.binding.variables(images), images)
            with self._lock:
                for image in images:
                    self.push(image)
                kept = tuple(
                    old for old in self.images if not any(old is new or old == new for new in images)
                )
                self.images = (*kept, *images)
                self.selected = len(self.images) - 1
                value = run.binding.value(images)
                self.result = value if isinstance(value, Takes) else images[-1]
            self._host.show(images, outcome.words, run.engine.settings.embed)
        outcome.raise_for_failures()
        run.binding.check(images)

    def _forget(self, run: Run) -> None:
        with self._lock:
            self._running = [other for other in self._running if other is not run]
            self._changed()
            if not self._running:
                self.busy = False
                self._idle.set()

    def _requested(self, image: GeneratedImage) -> Any:
        return image.provenance.request if image.provenance else None

    def _answer(self, message: Mapping[str, Any], buffers: list[bytes]) -> None:
        answer: Callable[..., None] = getattr(self._actions, f"on_{message['kind']}")
        answer(message, buffers)

    def __repr__(self) -> str:
        return f"<Panel {len(self.images)} pictures{', busy' if self.busy else ''}>"


def _alike(one: Any, other: Any) -> bool:
    """Whether two requests differ in nothing but the take."""
    return bool(replace(one, take=0) == replace(other, take=0))


def panel(source: Any = None, *, engine: Engine | None = None, **given: Any) -> Panel:
    """A panel to show in a notebook, or to drive from Python.

    Args:
        source: a result, a variable's name or a saved file to start from.
        engine: what makes the pictures; None takes the notebook's settings.
        given: first values: ``prompt``, ``model``, ``aspect``, ``size``, ``n``, ``references`` and so on.

    Raises:
        PromptError: the source does not tell how it was made.
        TypeError: a name that no panel has.
    """
    made = Panel(engine)
    if source is not None:
        made.refill(source)
    for name, value in given.items():
        if name not in (*FORM, "references"):
            raise TypeError(f"A panel has no {name!r}; it takes {', '.join((*FORM, 'references'))}.")
        setattr(made, name, value)
    return made
