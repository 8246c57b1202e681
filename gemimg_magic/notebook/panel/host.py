"""Where a panel stands: a notebook with its variables and magics, or plain Python."""

from __future__ import annotations

import contextvars
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from IPython.core.getipython import get_ipython

from ...core.completions import GeneratedImage
from ...core.preview import mime_bundle
from ...core.text import inert
from ...engine import Engine
from ..names import Names

if TYPE_CHECKING:
    from ..magic import ImagineMagics


class Host:
    """The surroundings of one panel.

    Args:
        engine: what makes the pictures; None takes the notebook's settings at each run.
    """

    def __init__(self, engine: Engine | None = None) -> None:
        self.shell = get_ipython()
        self._engine = engine
        self._place: contextvars.Context | None = None
        self._magics = _magics_of(self.shell) if self.shell is not None else None
        self.variables: dict[str, Any] = self.shell.user_ns if self.shell is not None else {}
        self.hidden: Mapping[str, Any] = self.shell.user_ns_hidden if self.shell is not None else {}

    @property
    def names(self) -> Names:
        """What expressions and references can see."""
        return Names(self.variables, {}, lambda address: self.engine.picture_at(address))

    @property
    def engine(self) -> Engine:
        """What makes the pictures, with the settings of this moment.

        Raises:
            SettingsError: they make no sense.
        """
        if self._engine is None and self._magics is None:
            self._engine = Engine()
        return self._engine or self._magics.engine()  # type: ignore[union-attr]

    @property
    def headless(self) -> bool:
        """Whether nobody can look at a widget."""
        return not is_seen(self.shell)

    def stay(self) -> None:
        """Take the cell that runs now as the one whose output gets the pictures."""
        self._place = contextvars.copy_context()

    def show(self, images: list[GeneratedImage], words: str, embed: str) -> None:
        """Put pictures into the output of the panel's cell: as plain outputs, they outlive the panel."""
        if self.shell is None:
            return
        publish = self.shell.display_pub.publish
        for image in images:
            data, metadata = mime_bundle(image, embed)
            self._there(publish, data, metadata)
        if words:
            # Text of a model is text: as Markdown or HTML it could load addresses or run scripts.
            self._there(publish, {"text/plain": inert(words)})

    def _there(self, function: Callable[..., Any], *arguments: Any) -> None:
        # A context can be entered once at a time, and runs may end side by side.
        (self._place or contextvars.Context()).copy().run(function, *arguments)

    def bind(self, variables: Mapping[str, object], images: list[GeneratedImage]) -> None:
        """Give results their names, and remember that they were made."""
        self.variables.update(variables)
        if self._magics is not None:
            self._magics.history.note(images)


def is_seen(shell: Any) -> bool:
    """Whether widgets are seen: not without a kernel, nor where a program runs a notebook from end to end."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    parent = kernel.get_parent() or {}
    # Voila runs cells as those programs do, and then shows the widgets.
    voila = os.environ.get("SERVER_SOFTWARE", "").startswith("voila")
    runs_a_cell = parent.get("header", {}).get("msg_type") == "execute_request"
    return not runs_a_cell or bool(parent["content"].get("allow_stdin")) or voila


def _magics_of(shell: Any) -> ImagineMagics:
    """The shell's magics; the extension is loaded where it was not."""
    registry = shell.magics_manager.registry
    if "ImagineMagics" not in registry:
        shell.extension_manager.load_extension("gemimg_magic")
    magics: ImagineMagics = registry["ImagineMagics"]
    return magics
