"""What of a panel its face sees: the traits, the messages both ways, and where it is displayed.

Messages of the face may arrive in any thread and order, so each carries all that it needs; and what fails
while one is handled is shown on the panel, because a notebook shows it nowhere else.
"""

from __future__ import annotations

import contextvars
import threading
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import anywidget
from traitlets import Any as AnyTrait
from traitlets import Bool, Dict, Float, Int, List, TraitError, Unicode, validate

from ...core.errors import GemimgError
from ...core.messages import ImagePart
from ...core.options import checked
from ...core.text import inert
from .host import Host
from .references import References
from .report import reported
from .shelf import Shelf, identity

_HERE = Path(__file__).parent
FORM = ("prompt", "model", "aspect", "size", "n", "temperature", "system", "bind_to", "take", "region")
"""The traits that the face's controls show and set."""
# One ES module, in this order; the last has the entry.
_PARTS = ("base", "form", "painter", "references", "divide", "results", "panel")
_HEADLESS = "The panel is for a notebook that somebody looks at; here %%imagine and imagine() make pictures."


class Face(anywidget.AnyWidget):
    """The traits of a panel, and its messages. What is done about them is the panel's own.

    Args:
        host: where the panel stands.
    """

    _esm = "\n".join((_HERE / f"{part}.js").read_text(encoding="utf-8") for part in _PARTS)
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

    def __init__(self, host: Host) -> None:
        self._lock = threading.RLock()
        self._host = host
        self._held = References(host)
        self._shelf = Shelf()
        self._newest: dict[str, int] = {}
        self._route: contextvars.Context | None = None
        super().__init__(references=(), images=())
        host.stay()
        self.on_msg(self._heard)

    def _answer(self, message: Mapping[str, Any], buffers: list[bytes]) -> None:
        """Do what the face asks for; its form is taken in already."""
        raise NotImplementedError

    # Values

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

    # Messages

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
            self._answer(message, [bytes(buffer) for buffer in buffers])

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
