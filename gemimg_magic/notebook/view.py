"""Events become one tidy display: a placeholder with progress while somebody watches, then the pictures."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import DisplayHandle, display, publish_display_data

from ..core.completions import Event, GeneratedImage, ImageArrived, Received, Retrying
from ..core.errors import GemimgError
from ..core.preview import mime_bundle
from ..core.text import inert, shorten
from .terminal import is_terminal, show


class View:
    """What one cell shows of one job.

    Args:
        shell: the running IPython.
        label: what is being made, in a few words.
        quiet: show nothing at all.
        clock: seconds; for tests.
    """

    # Faster updates are not seen, and front ends limit the rate of messages.
    interval = 0.5

    def __init__(
        self,
        shell: InteractiveShell,
        label: str,
        *,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shell = shell
        self._quiet = quiet
        self._label = label
        self._clock = clock
        self._started = self._told = clock()
        self._received = 0
        self._left = False
        self._note = ""
        self._handle: DisplayHandle | None = None
        # A job in the background shows its end in one thread, and its progress in others.
        self._lock = threading.RLock()
        if not quiet and is_watched(shell):
            self._handle = DisplayHandle()
            self._handle.display(self._bundle(), raw=True)

    def note(self, event: Event | None) -> None:
        """Take in an event, or None for time that passes; refresh the placeholder now and then."""
        self.take(event)
        self.refresh()

    def take(self, event: Event | None) -> None:
        """Take in an event; nothing is shown yet."""
        match event:
            case Received(total=total):
                self._received = total
            case Retrying(delay=delay, reason=reason):
                self._note = f"trying again in {delay:.0f} s: {shorten(reason, 80)}"
            case ImageArrived():
                self._note = "a picture is here"
            case _:
                pass

    def refresh(self) -> None:
        """Bring the placeholder up to date, now and then."""
        with self._lock:
            if self._handle is not None and self._is_due():
                self._handle.update(self._bundle(), raw=True)

    def _is_due(self) -> bool:
        now = self._clock()
        if now - self._told < self.interval:
            return False
        self._told = now
        return True

    def _bundle(self) -> dict[str, Any]:
        return {"text/plain": self._progress()}

    def _progress(self) -> str:
        parts = [f"{self._label} …", f"{self._clock() - self._started:.0f} s"]
        if self._received:
            parts.append(f"{self._received / 1e6:.1f} MB")
        if self._note:
            parts.append(self._note)
        return inert(" · ".join(parts))

    def show(self, images: list[GeneratedImage], words: str, *, embed: str) -> None:
        """Show the pictures, then the model's text and remarks, as plain text."""
        if self._quiet:
            return
        for image in images:
            data, metadata = mime_bundle(image, embed)
            if is_terminal(self._shell):
                show(self._shell, image, data, metadata)
            else:
                self._publish(data, metadata)
        if words:
            # Text of a model is text: as Markdown or HTML it could load addresses or run scripts.
            publish_display_data({"text/plain": inert(words)})

    def _publish(self, data: dict[str, Any], metadata: dict[str, Any]) -> None:
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                handle.update(data, metadata=metadata, raw=True)
            else:
                display(data, metadata=metadata, raw=True)

    def leave(self) -> None:
        """Keep a place on the screen for what comes after the cell has ended."""
        self._left = True
        if self._quiet:
            return
        if is_terminal(self._shell):
            sys.stdout.write(f"{inert(self._label)} … goes on in the background\n")
        elif self._handle is None:
            self._handle = DisplayHandle()
            self._handle.display(self._bundle(), raw=True)

    def tell(self, problem: GemimgError) -> None:
        """Say in that place why there are no pictures, or not all: nobody waits for the error."""
        if self._quiet:
            return
        line = "\n".join(problem._render_traceback_())
        self._publish({"text/plain": f"{inert(self._label)}: {line}"}, {})

    def clear(self) -> None:
        """Blank the placeholder: what follows is an error. In the background it is told in its place."""
        if self._left:
            return
        with self._lock:
            handle, self._handle = self._handle, None
            if handle is not None:
                handle.update({"text/plain": ""}, raw=True)


def is_watched(shell: InteractiveShell) -> bool:
    """Whether somebody sees updates in place.

    Not in a terminal, which prints each as a new line; not under nbclient, papermill, nbval or Voila, which
    run cells with ``allow_stdin`` off; not inside an ``Output`` widget, where JupyterLab drops updates
    (ipywidgets issue 1844).
    """
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return False
    content = (kernel.get_parent() or {}).get("content", {})
    if not content.get("allow_stdin"):
        return False
    widgets = sys.modules.get("ipywidgets.widgets.widget")
    instances = getattr(widgets, "_instances", {}) if widgets else {}
    return not any(getattr(widget, "msg_id", "") for widget in list(instances.values()))
