"""The display of a sweep: one contact sheet that fills in while somebody watches, and stays."""

from __future__ import annotations

import io
import sys
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import publish_display_data

from ..core.completions import Answered, Event
from ..core.sheet import Layout, Tile, sheet
from ..core.text import inert
from ..grid import tile_of
from ..sweeps import Sweep
from .terminal import is_terminal, show
from .view import View


class SweepView(View):
    """What one cell shows of one sweep.

    Args:
        shell: the running IPython.
        label: what is being made, in a few words.
        sweep: the sweep, whose cells are filled as they come.
        quiet: show nothing at all.
    """

    interval = 1.0

    def __init__(self, shell: InteractiveShell, label: str, sweep: Sweep, *, quiet: bool = False) -> None:
        self._sweep = sweep
        self._tiles: dict[int, Tile] = {}
        self._plan: Layout | None = None
        self._made = 0
        self._line = not quiet and is_terminal(shell) and sys.stdout.isatty()
        super().__init__(shell, label, quiet=quiet)

    def take(self, event: Event | None) -> None:
        """Take in an event."""
        super().take(event)
        if isinstance(event, Answered):
            self._note = ""

    def refresh(self) -> None:
        """Bring what is shown up to date, now and then."""
        super().refresh()
        if self._line and self._is_due():
            sys.stdout.write(f"\r\x1b[2K{self._progress()}")
            sys.stdout.flush()

    def _progress(self) -> str:
        batch, grid = self._sweep.batch, self._sweep.grid
        total, done = len(batch.requests), len(batch.completions)
        facts = [f"{self._label} …", f"{done} of {total} done", f"{len(batch.sent)} running"]
        if batch.failures:
            facts.append(f"{len(batch.failures)} failed")
        if total < len(grid.places):
            facts.append(f"{len(grid.places) - total} kept")
        facts.append(f"{self._clock() - self._started:.0f} s")
        money = self._sweep.spending.total
        if money.known or money.unknown:
            facts.append(str(money))
        return inert(" · ".join([*facts, *([self._note] if self._note else [])]))

    def _bundle(self) -> dict[str, Any]:
        text = self._progress()
        plan = self._catch_up()
        if not self._tiles:
            return {"text/plain": text}
        buffer = io.BytesIO()
        sheet(plan, self._tiles, status=text).save(buffer, "JPEG", quality=75)
        return {"text/plain": text, "image/jpeg": buffer.getvalue()}

    def _catch_up(self) -> Layout:
        """Make small what has come since."""
        grid = self._sweep.grid
        plan = grid.layout()
        if self._plan is None or plan.cell != self._plan.cell:
            self._tiles, self._made = {}, 0
        self._plan = plan
        fresh = self._sweep.fresh[self._made :]
        self._made += len(fresh)
        for place, cell in fresh:
            self._tiles[grid.number(place)] = tile_of(cell, plan.cell)
        return plan

    def show_grid(self, *, embed: str, count: bool) -> None:
        """Show the contact sheet, and the count of what failed where nothing else tells it."""
        if self._line:
            sys.stdout.write("\r\x1b[2K")
        if self._quiet:
            return
        grid = self._sweep.grid
        plan = self._catch_up()
        picture = grid.drawn(plan, {**grid.tiles(plan, but=self._tiles), **self._tiles})
        data, metadata = grid.bundle(embed, picture)
        if is_terminal(self._shell):
            show(self._shell, picture, data, metadata)
        else:
            self._publish(data, metadata)
        if count and grid.failures:
            publish_display_data({"text/plain": inert(grid.told_failures)})

    def clear(self) -> None:
        """Blank the placeholder: what follows is an error."""
        if self._line:
            sys.stdout.write("\r\x1b[2K")
        super().clear()
