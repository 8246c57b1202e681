"""What the face of the panel can ask for: one method for each kind of message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .panel_where import fetch_models

if TYPE_CHECKING:
    from .panel import Panel

Message = Mapping[str, Any]
Buffers = list[bytes]


class Actions:
    """Answers the messages of one panel. The panel holds its lock, and shows what is raised here.

    Args:
        panel: the panel.
    """

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._asked_for_models = False

    def on_hello(self, message: Message, buffers: Buffers) -> None:
        """A face has appeared: it gets the models, which nobody needs before."""
        if self._asked_for_models:
            return
        self._asked_for_models = True
        future = fetch_models(self._panel._host.engine)

        def arrived(done: Any) -> None:
            self._panel._models = done.result()

        future.add_done_callback(arrived)

    def on_form(self, message: Message, buffers: Buffers) -> None:
        """Something was typed or chosen; the form is taken in already."""

    def on_submit(self, message: Message, buffers: Buffers) -> None:
        """Generate."""
        self._panel.submit()

    def on_another(self, message: Message, buffers: Buffers) -> None:
        """Another take."""
        self._panel.another()

    def on_cancel(self, message: Message, buffers: Buffers) -> None:
        """Stop."""
        self._panel.cancel()

    def on_settle(self, message: Message, buffers: Buffers) -> None:
        """The cell is copied: what it names must be there."""
        self._panel._values(settle=True)

    def on_picture(self, message: Message, buffers: Buffers) -> None:
        """A picture that the face does not have."""
        part = self._panel._shelf.get(str(message["id"]))
        if part is not None:
            self._panel._push(part)

    def on_select(self, message: Message, buffers: Buffers) -> None:
        """A picture of the gallery was chosen."""
        number = int(message["number"])
        if -1 <= number < len(self._panel.images):
            self._panel.selected = number
