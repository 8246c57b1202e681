"""The panel: one widget that makes pictures with the mouse and leaves cells behind.

Its face is ``panel.js`` and ``panel.css``. Messages from the face may arrive in any thread and order, so each
carries all that it needs; and what fails while one is handled is shown on the panel, because a notebook
shows it nowhere else. Every run is a ``%%imagine`` cell that is read like one that was typed.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Float, Int, List, TraitError, Unicode, observe, validate

from ..core.cellsource import cell_text
from ..core.completions import GeneratedImage
from ..core.controls import controls, price_told, usable
from ..core.errors import GemimgError
from ..core.messages import ImagePart, ImageRequest, TextPart, user
from ..core.models import resolve_alias
from ..core.options import checked
from ..core.takes import Takes
from ..core.text import inert
from ..engine import Engine
from .names import Names
from .panel_actions import Actions
from .panel_host import Host
from .panel_references import References, as_picture
from .panel_report import reported
from .panel_run import Run, told
from .panel_shelf import Shelf, identity
from .panel_where import where

_HERE = Path(__file__).parent
FORM = ("prompt", "model", "aspect", "size", "n", "temperature", "system", "bind_to", "take", "region")
# One ES module, in this order; ``panel.js`` has the entry.
_PARTS = ("_base", "_form", "_painter", "_references", "_divide", "_results", "")
_HEADLESS = "The panel is for a notebook that somebody looks at; here %%imagine and imagine() make pictures."


class Panel(anywidget.AnyWidget):
    """A form for pictures, with a gallery. Every trait can be set and observed from Python.

    Observers are called in the thread where the change came from: the kernel's, or one of the panel's.

    Args:
        engine: what makes the pictures; None takes the notebook's settings at each run.
    """

    _esm = "\n".join((_HERE / f"panel{part}.js").read_text(encoding="utf-8") for part in _PARTS)
    _css = (_HERE / "panel.css").read_text(encoding="utf-8")

    prompt = Unicode(help="what to draw, in the language of the cell").tag(sync=True, echo_update=False)
    model = Unicode(help="model id or alias").tag(sync=True, echo_update=False)
    aspect = Unicode(None, allow_none=True, help="aspect ratio, or None").tag(sync=True, echo_update=False)
    size = Unicode(None, allow_none=True, help="size, or None").tag(sync=True, echo_update=False)
    n = Int(1, help="how many takes").tag(sync=True, echo_update=False)
    temperature = Float(None, allow_none=True, help="0 to 2, or None").tag(sync=True, echo_update=False)
    system = Unicode(help="text of a system turn, one line").tag(sync=True, echo_update=False)
    bind_to = Unicode(help="variable for the result; _img is always set").tag(sync=True, echo_update=False)
    take = Int(0, help="number of a deliberate variant").tag(sync=True, echo_update=False)
    region = Unicode(help="what of the first reference may change").tag(sync=True, echo_update=False)
    selected = Int(-1, help="which of the images is chosen; -1 for none").tag(sync=True)
    busy = Bool(False, help="whether something is being made").tag(sync=True)
    error = Unicode(help="what went wrong last, and what to do; empty when all is well").tag(sync=True)

    references = AnyTrait(help="pictures that go with the prompt; set anything that is a picture")
    images = AnyTrait(help="the pictures made here, the oldest first")
    result = AnyTrait(None, allow_none=True, help="the last result: a picture, or all takes")

    # For the face alone.
    _said = Unicode().tag(sync=True)
    _runs = List(Dict()).tag(sync=True)
    _gallery = List(Dict()).tag(sync=True)
    _strip = List(Dict()).tag(sync=True)
    _controls = Dict().tag(sync=True)
    _models = List(Unicode()).tag(sync=True)
    _where = Dict().tag(sync=True)
    _cell = Unicode().tag(sync=True)
    _price = Unicode().tag(sync=True)

    def __init__(self, engine: Engine | None = None) -> None:
        self._lock = threading.RLock()
        self._host = Host(engine)
        self._held = References(self._host)
        self._shelf = Shelf()
        self._running: list[Run] = []
        self._count = 0
        self._newest: dict[str, int] = {}
        self._route: contextvars.Context | None = None
        self._idle = threading.Event()
        self._idle.set()
        self._actions = Actions(self, self._held)
        self._ready = False
        super().__init__(references=(), images=())
        self._host.stay()
        self._look_around()
        self._ready = True
        self._refresh()
        self.on_msg(self._heard)

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
        from .panel_refill import form_of

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

    # Traits

    @validate("aspect", "size", "n", "temperature", "take")
    def _in_range(self, proposal: Mapping[str, Any]) -> Any:
        value = None if proposal["value"] == "" else proposal["value"]
        try:
            return checked(proposal["trait"].name, value)
        except GemimgError as problem:
            raise TraitError(str(problem)) from None

    @validate("references")
    def _pictures_only(self, proposal: Mapping[str, Any]) -> tuple[ImagePart, ...]:
        try:
            return self._held.read(proposal["value"] or ())
        except GemimgError as problem:
            raise TraitError(str(problem)) from None

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
            self._strip = [self._told(part) | {"label": self._held.spell(part)} for part in self.references]

    @observe("images")
    def _images_changed(self, _: object) -> None:
        self._gallery = [self._told(image) for image in self.images]
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

    def _told(self, part: ImagePart) -> dict[str, Any]:
        """What the face knows of a picture; its bytes are sent by themselves."""
        picture = as_picture(part)
        self._shelf.put(part)
        cost = picture.completion.usage.cost if picture.completion else None
        return {
            "id": identity(part),
            "name": picture.name,
            "alt": inert(picture.alt or picture.name or "a picture"),
            "caption": inert(picture.caption),
            "width": picture.width,
            "height": picture.height,
            "cost": cost,
            "replayed": bool(picture.completion and picture.completion.replayed),
            "note": part.note,
            "parents": [identity(parent) for parent in picture.parents],
        }

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

    # The face

    def _send(self, msg: Any, buffers: Any = None) -> None:
        # ipykernel 7.4 hands the next message of the face to the shell that the last one to it was sent
        # from. A thread of ours is in no shell, so the face would wait for the cell that runs. What we send
        # goes out as from where the face was heard last.
        send = super()._send
        if self._route is None:
            send(msg, buffers)
        else:
            self._route.copy().run(send, msg, buffers)

    def picture(self, name: str) -> ImagePart | None:
        """The picture with that id."""
        return self._shelf.get(name)

    def say(self, words: str) -> None:
        """Put one line where the state of a run stands."""
        self.error, self._said = "", inert(words)

    def tell_models(self, names: list[str]) -> None:
        """Offer these models."""
        self._models = names

    def push(self, part: ImagePart) -> None:
        """Send a picture to the face before it asks, so that it comes while the kernel works on a cell."""
        preview = self._shelf.preview(part)
        self.send({"kind": "picture", "picture": identity(part), "type": preview.media_type}, [preview.data])

    def _heard(self, _: object, message: Any, buffers: Iterable[Any]) -> None:
        """A message of the face. A form that comes with it is taken in first."""
        with self._lock, self._reported():
            self._route = contextvars.copy_context()
            self._take_in(message)
            answer: Callable[..., None] = getattr(self._actions, f"on_{message['kind']}")
            answer(message, [bytes(buffer) for buffer in buffers])

    def _take_in(self, message: Mapping[str, Any]) -> None:
        """Take in what was typed, unless something newer is here already."""
        view, at = str(message.get("view")), int(message.get("at", 0))
        if at < self._newest.get(view, 0):
            return
        self._newest[view] = at
        # Not told back to the face, which would overwrite what is being typed.
        self.set_state({name: value for name, value in message.get("form", {}).items() if name in FORM})

    def _reported(self) -> AbstractContextManager[None]:
        return reported(partial(setattr, self, "error"))

    # Display

    def open(self) -> None:
        """Connect to the front end; not where no one looks, because a saved notebook would hold the state."""
        if not self._host.headless:
            super().open()

    @property
    def model_id(self) -> str:
        """The widget's id in the notebook."""
        if self.comm is None:
            super().open()
        return str(self.comm.comm_id)

    def _ipython_display_(self) -> None:
        if self._host.headless:
            print(_HEADLESS)  # noqa: T201  all that a run from end to end shows
            return
        self._host.stay()
        # IPython goes on with the widget itself.
        raise NotImplementedError

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
