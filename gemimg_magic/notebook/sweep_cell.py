"""A cell with ``-x``, ``-y`` or ``--each``: one prompt, many pictures, bound as a grid."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..core.errors import PromptError
from ..core.messages import Part
from ..core.plan import Plan
from ..fetching import Fetch, refuse
from ..grid import Grid, spelled
from ..spread import SETTABLE, Bound, Spread, cells_of, check_names, rows_of, spread_of
from ..sweeps import Sweep
from .area import Area
from .binding import Interrupted
from .names import Names
from .saving import save, saved_as
from .sweep_view import SweepView
from .written import Written, words_in

if TYPE_CHECKING:
    from .magic import ImagineMagics


class SweptNames(Names):
    """The variables of a cell and, for one picture at a time, the values that vary.

    What does not depend on them is evaluated once, and a picture is encoded once.

    Args:
        global_names: the notebook's own.
        local_names: those of the function or loop that the magic stands in.
        spreads: what varies.
        fetch: gives the picture at an address, or refuses it.
    """

    def __init__(
        self,
        global_names: dict[str, Any],
        local_names: Mapping[str, Any],
        spreads: list[Spread],
        fetch: Fetch = refuse,
    ) -> None:
        super().__init__(global_names, local_names, fetch)
        self._varying = {name for spread in spreads for bound in spread.bindings for name in bound}
        self._once: dict[tuple[str, str], Any] = {}
        self._encoded: dict[int, tuple[Part, ...]] = {}
        for spread in spreads:
            self._encoded |= spread.parts
        self._around = local_names

    def bind(self, bound: Bound) -> None:
        """Give the varying names the values of one picture."""
        self._locals = {**self._around, **bound}

    def evaluate(self, source: str, place: str) -> Any:
        """The value of an expression; see the base class."""
        if words_in(source) & self._varying:
            return super().evaluate(source, place)
        if ("value", source) not in self._once:
            self._once["value", source] = super().evaluate(source, place)
        return self._once["value", source]

    def picture(self, reference: str, place: str) -> Any:
        """The pictures that a reference means; see the base class."""
        if words_in(reference) & self._varying:
            return super().picture(reference, place)
        if ("picture", reference) not in self._once:
            self._once["picture", reference] = super().picture(reference, place)
        return self._once["picture", reference]

    def known(self, value: Any) -> Any:
        """The value, or the parts that it was turned into before."""
        value = super().known(value)
        found = self._encoded.get(id(value))
        return list(found) if found else value


class SweepErrand:
    """The pictures of a sweep.

    Args:
        magics: the shell's magics, with their settings.
        sought: what the requests are made from.
        options: the other options of the cell.
        local_names: names of the function or loop around a ``%imagine``.

    Raises:
        PromptError: something is wrong with the axes or with one of the requests; nothing was sent.
    """

    def __init__(
        self,
        magics: ImagineMagics,
        sought: Written,
        options: dict[str, Any],
        local_names: Mapping[str, Any],
    ) -> None:
        self.namespace: dict[str, Any] = magics.ip.user_ns
        self._magics = magics
        self._sought = sought
        out = options.get("out", ())
        if len(out) > 1:
            raise PromptError(f"A sweep is bound to one name, not to {len(out)}.", hint=f"Write -o {out[0]}.")
        self._label = out[0] if out else "_img"
        self.names = (*out, "_img")
        spreads = _spreads(Names(self.namespace, local_names, magics.picture_at), options)
        for spread in spreads:
            for name in SETTABLE:
                if name in sought.options and name == spread.axis.name:
                    raise PromptError(f"{name} is given twice: as an axis, and as an option.")
        swept = SweptNames(self.namespace, local_names, spreads, magics.picture_at)
        # A name that the prompt uses stands there; else `style` is the option.
        self._styled = "style" not in sought.words
        self._alt, self._save = options.get("alt"), options.get("save")
        used = {*sought.words, *words_in(*filter(None, [self._alt, self._save]))}
        check_names(spreads, {*used, "style"} if self._styled else used)
        self._engine = magics.engine(profile=options.get("profile"), embed=options.get("embed"))
        self._told: dict[int, tuple[str | None, str | None, Area | None]] = {}

        def compose(bound: Bound) -> tuple[tuple[Part, ...], dict[str, Any]]:
            swept.bind(bound)
            style = bound.get("style") if self._styled else None
            if style is not None and not isinstance(style, str):
                raise PromptError("A style is text, or the name of one.")
            parts, asked, area = sought.placed(swept, style)
            self._told[len(self._told)] = (*self._filled(swept), area)
            return parts, asked

        count = options.get("n", 1)
        axes, cells = cells_of(self._engine, spreads, count, compose)
        grid = Grid(axes, cells, name=self._label, prompt=sought.text.strip(), engine=self._engine)
        self._order = {grid.key(place): number // count for number, place in enumerate(cells)}
        for number, made in enumerate(cells.values()):
            alt, _, area = self._told[number // count]
            made.alt, made.finish = alt or "", area.filled if area else None
        self._sweep = Sweep(
            self._engine,
            grid,
            mode=options.get("mode"),
            parallel=options.get("parallel"),
            max_cost=options.get("max_cost"),
            executor=swept.executor(options.get("on")),
        )
        self._metadata: bool = options.get("metadata", True)
        self._keep_going: bool = options.get("keep_going", False)
        self.batch = self._sweep.batch
        self._mode: str | None = options.get("mode")
        self._quiet: bool = options.get("quiet", False)

    @cached_property
    def view(self) -> SweepView:
        """The place of the sheet on the screen, from the first look at it."""
        return SweepView(self._magics.ip, self._label, self._sweep, quiet=self._quiet)

    def plan(self) -> Plan:
        """What would be done; nothing is sent."""
        grid = self._sweep.grid
        labels = [spelled(grid.key(place)) for place in grid.places]
        return self._engine.plan(self.batch.requests, mode=self._mode, labels=labels)

    def _filled(self, names: Names) -> tuple[str | None, str | None]:
        """The text alternative and the file of one picture."""
        alt = self._alt
        if alt is not None and not self._sought.raw:
            alt = names.text(alt, "after --alt")
        return alt, saved_as(self._save, names, raw=self._sought.raw)

    def settle(self, *, stopped: bool) -> Any:
        """Bind, show and save what came.

        Raises:
            GemimgError: something failed.
            Interrupted: the user stopped it.
        """
        grid = self._sweep.close()
        if grid.images:
            self.namespace.update(dict.fromkeys(self.names, grid))
            self._magics.history.note(list(grid.images))
            self.view.show_grid(embed=self._engine.settings.embed, count=self._keep_going)
            paths = {key: self._told[self._order[key]][1] for key in grid}
            save(
                [(grid[key], path) for key, path in paths.items() if path],
                metadata=self._metadata,
                folders=True,
            )
        else:
            self.view.clear()
        if stopped:
            raise Interrupted
        self._sweep.raise_for_failures(keep_going=None if self._keep_going else False)
        return grid


def _spreads(names: Names, options: Mapping[str, Any]) -> list[Spread]:
    """The axes that were typed, in the order of the coordinates: rows, across, down."""
    spreads = []
    if "each" in options:
        spreads.append(rows_of(names.evaluate(options["each"], "after --each")))
    for flag, side in (("x", "across"), ("y", "down")):
        for name, source in options.get(flag, ()):
            values = names.evaluate(source, f"after -{flag}")
            spreads.append(spread_of(name, values, "across" if side == "across" else "down"))
    return spreads
