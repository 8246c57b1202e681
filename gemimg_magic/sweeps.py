"""A sweep: one prompt over lists of values, or over the rows of a table, as one grid of pictures."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from .batch import Batch
from .budget import Spending
from .core.errors import Cancelled, NoImageError, PartialError, PromptError
from .core.messages import ImagePart, Part, TextPart
from .core.options import checked
from .core.secret import Secret
from .core.text import did_you_mean, shorten
from .engine import Engine, Prompt
from .grid import Cell, Grid, Place, spelled
from .inputs import flatten, parts_of, type_name
from .jobs import Job
from .settings import Settings
from .spread import Bound, Compose, Spread, cells_of, check_names, rows_of, spread_of


class Sweep:
    """A grid while it is being filled.

    Args:
        engine: what asks.
        grid: the grid; its cells are filled in place.
        mode: how the store is used, where that differs from the settings.
        parallel: requests at a time, where that differs from the settings.
        max_cost: US dollars that all of them together may cost, or None.
        executor: whose workers send the requests, or None.
    """

    def __init__(
        self,
        engine: Engine,
        grid: Grid,
        *,
        mode: str | None = None,
        parallel: int | None = None,
        max_cost: float | None = None,
        executor: Any = None,
    ) -> None:
        self.grid = grid
        self.fresh: list[tuple[Place, Cell]] = []
        """The cells that have been filled, in that order."""
        self._cells = grid.open_cells()
        self.spending = Spending(max_cost)
        """What the new answers cost."""
        how: dict[str, Any] = {"parallel": parallel, "max_cost": self.spending, "executor": executor}
        again = engine.asking(mode=mode or _mode_again(engine), **how)
        asking = engine.asking(mode=mode, **how)
        # A refusal is recorded. To ask for its cell once more means to ask the gateway.
        refused = {id(cell.request) for _, cell in self._cells if isinstance(cell.error, NoImageError)}
        self.batch = Batch(
            lambda request: (again if id(request) in refused else asking)(request),
            [cell.request for _, cell in self._cells],
            self._note,
        )

    def _note(self, number: int) -> None:
        place, cell = self._cells[number]
        completion = self.batch.completions.get(number)
        if completion is None:
            cell.error = self.batch.failures[number]
        else:
            image = completion.image
            name = f"{self.grid.name or 'grid'}[{spelled(self.grid.key(place))}]"
            image = replace(image, name=name, alt=cell.alt or image.alt)
            cell.image, cell.error = cell.finish(image) if cell.finish else image, None
        self.fresh.append((place, cell))

    def close(self) -> Grid:
        """The grid as it is now; what has not come counts as a failure."""
        noted = {place for place, _ in self.fresh}
        for number, (place, _) in enumerate(self._cells):
            if place not in noted and number in {*self.batch.completions, *self.batch.failures}:
                self._note(number)  # it came just when all was stopped
        for _, cell in self._cells:
            if cell.image is None and cell.error is None:
                cell.error = Cancelled("It was stopped before its picture came.")
        return self.grid

    def raise_for_failures(self, *, keep_going: bool | None = None) -> None:
        """Raise where pictures are missing.

        Args:
            keep_going: True never raises, False always does; None raises only where nothing came.

        Raises:
            PartialError: some failed; ``grid`` has the others.
            GemimgError: all failed; the first error.
        """
        failures = self.grid.failures
        if not failures or keep_going or (keep_going is None and self.grid.images):
            return
        first = next(iter(failures.values()))
        if not self.grid.images:
            raise first
        raise PartialError(
            self.grid.told_failures,
            hint=f"The others are kept; {self.grid.name or 'grid'}.retry() asks again for the missing ones.",
            errors=tuple(failures.values()),
            grid=self.grid,
        )


def sweep(
    prompt: Prompt | Callable[..., Prompt],
    *,
    x: Any = None,
    y: Any = None,
    each: Any = None,
    n: int = 1,
    images: Iterable[Any] = (),
    mode: str | None = None,
    keep_going: bool | None = None,
    engine: Engine | None = None,
    executor: Any = None,
    **options: Any,
) -> Grid:
    """Make a picture for every combination of values, and wait for all of them.

    ``sweep("a {{style}} fox", x={"style": ["oil", "ink"]}, y={"size": ["1K", "2K"]})``

    Args:
        prompt: text in which ``{{name}}`` stands for the value of that name; parts or a whole request, as for
            :func:`~gemimg_magic.imagine`; or a function that takes the names and returns one of these.
        x: name -> values, side by side; ``("style", values)`` does, too. The name of a request's option
            sets it.
        y: the same, from top to bottom.
        each: rows: a list of mappings or a DataFrame; columns are names.
        n: takes of each.
        images: reference pictures for all of them.
        mode: how the store is used: ``auto``, ``replay``, ``record`` or ``off``.
        keep_going: True returns the grid whatever failed; False raises if anything did; None raises only
            where nothing came.
        engine: what asks; one with the environment's settings unless given.
        executor: whose workers send the requests; see :meth:`Engine.start`.
        options: as for :meth:`Engine.request`, with a list for another axis; any other name is a field of the
            settings (``parallel=8``), or an axis where it has a list.

    Returns:
        The pictures by their coordinates; ``failures`` has the errors of those that did not come.

    Raises:
        PromptError: something is wrong with the axes; nothing was sent.
        PartialError: some failed, and ``keep_going`` is False.
        GemimgError: all failed.
    """
    spreads, asked, own = _sorted(x, y, each, options)
    if not spreads:
        raise PromptError(
            "There is nothing to vary.", hint='Give x={"style": ["oil", "ink"]}, y=... or each=...'
        )
    parallel = own.get("parallel")
    limit = checked("max_cost", own.get("max_cost"))
    mine = Engine(**own) if engine is None else engine
    compose, used = _composer(prompt, spreads, flatten(images, mine.picture_at), asked)
    check_names(spreads, used)
    axes, cells = cells_of(mine, spreads, checked("n", n), compose)
    grid = Grid(axes, cells, prompt=prompt if isinstance(prompt, str) else "", engine=mine)
    running = Sweep(mine, grid, mode=mode, parallel=parallel, max_cost=limit, executor=executor)
    _finished(running, mine if engine is None else None)
    running.raise_for_failures(keep_going=keep_going)
    return grid


def ask_again(
    grid: Grid,
    *,
    parallel: int | None,
    mode: str | None,
    max_cost: float | None,
    executor: Any,
    engine: Engine | None,
) -> Grid:
    """Ask for the cells of a grid that have no picture; see :meth:`Grid.retry`."""
    mine = engine or Engine()
    running = Sweep(mine, grid, mode=mode, parallel=parallel, max_cost=max_cost, executor=executor)
    _finished(running, mine if engine is None else None)
    return grid


def _finished(running: Sweep, closing: Engine | None) -> None:
    """Run a sweep to its end."""
    job = Job(running.batch.run)
    try:
        job.result()
    finally:
        job.cancel()
        running.close()
        if closing is not None:
            closing.close()


def _mode_again(engine: Engine) -> str:
    return "record" if engine.settings.mode == "auto" else engine.settings.mode


def _sorted(
    x: Any, y: Any, each: Any, options: dict[str, Any]
) -> tuple[list[Spread], dict[str, Any], dict[str, Any]]:
    """The axes, the request's options and the settings among what was given."""
    if isinstance(options.get("api_key"), str):
        # A traceback may print this frame's variables.
        options["api_key"] = Secret(options["api_key"], "api_key")
    requests = set(inspect.signature(Engine.request).parameters) - {"self", "prompt"}
    settings = {entry.name for entry in fields(Settings)}
    spreads = [rows_of(each)] if each is not None else []
    spreads += [spread_of(name, values) for name, values in _pairs(x, "x")]
    spreads += [spread_of(name, values, "down") for name, values in _pairs(y, "y")]
    asked: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in options.items():
        varies = isinstance(value, list | tuple | range) or (
            isinstance(value, Mapping) and name not in requests | settings
        )
        if varies and name not in ("history", "images"):
            lone = sum(spread.axis.side == "across" for spread in spreads) == 1
            spreads.append(spread_of(name, value, "down" if lone else "across"))
        elif name in requests:
            asked[name] = value
        elif name in settings:
            own[name] = value
        else:
            raise PromptError(
                f"There is no option {name!r}.",
                hint=did_you_mean(name, [*requests, *settings, "x", "y", "each", "n"])
                or "A list makes it an axis.",
            )
    return spreads, asked, own


def _pairs(given: Any, which: str) -> list[tuple[str, Any]]:
    if given is None:
        return []
    if isinstance(given, Mapping):
        return list(given.items())
    if isinstance(given, Sequence) and len(given) == 2 and isinstance(given[0], str):
        return [(given[0], given[1])]
    raise PromptError(
        f"{which} is a {type_name(given)}, not a name with its values.",
        hint=f'Write {which}={{"style": ["oil", "ink"]}}.',
    )


def _composer(
    prompt: Any, spreads: Sequence[Spread], references: Sequence[Part], asked: dict[str, Any]
) -> tuple[Compose, set[str]]:
    """What makes the prompt of a cell, and the names that it uses."""
    memo = {key: parts for spread in spreads for key, parts in spread.parts.items()}
    names = {name for spread in spreads for bound in spread.bindings for name in bound}
    if isinstance(prompt, str):
        pieces = _pieces(prompt, names)
        used = {piece.name for piece in pieces if isinstance(piece, _Name)}

        def compose(bound: Bound) -> tuple[Prompt, dict[str, Any]]:
            parts = [part for piece in pieces for part in _filled(piece, bound, memo)]
            return [*references, *_joined(parts)], asked

        return compose, used

    def call(bound: Bound) -> tuple[Prompt, dict[str, Any]]:
        made = prompt(**_wanted(prompt, bound)) if callable(prompt) else prompt
        if references and not isinstance(made, str) and not isinstance(made, Iterable):
            raise PromptError("A whole request has its pictures already.", hint="Leave out images=.")
        parts = [TextPart(made)] if isinstance(made, str) else made
        return ([*references, *parts] if references else parts), asked

    return call, names if callable(prompt) else set()


def _wanted(prompt: Callable[..., Any], bound: Bound) -> Bound:
    parameters = inspect.signature(prompt).parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return bound
    return {p.name: bound[p.name] for p in parameters if p.name in bound}


class _Name:
    def __init__(self, name: str) -> None:
        self.name = name


_PLACES = re.compile(r"(\\?)\{\{(.*?)\}\}", re.DOTALL)


def _pieces(template: str, names: Iterable[str]) -> list[str | _Name]:
    """A template split into its text and its names.

    Raises:
        PromptError: what stands between the braces is not one of the names.
    """
    pieces: list[str | _Name] = []
    end = 0
    for found in _PLACES.finditer(template):
        pieces.append(template[end : found.start()])
        end = found.end()
        name = found[2].strip()
        if found[1]:
            pieces.append(found[0][1:])
        elif name in names:
            pieces.append(_Name(name))
        else:
            raise PromptError(
                f"{shorten(name, 40)!r} in the prompt is no axis or column.",
                hint=did_you_mean(name, list(names)) or "Use an f-string for other values.",
            )
    pieces.append(template[end:])
    return pieces


def _filled(piece: str | _Name, bound: Bound, memo: Mapping[int, tuple[Part, ...]]) -> tuple[Part, ...]:
    if isinstance(piece, str):
        return (TextPart(piece),)
    value = bound.get(piece.name)
    parts = memo.get(id(value)) or parts_of(value)
    if parts is None:
        raise PromptError(
            f"{piece.name} is a {type_name(value)}, not a picture or text.",
            hint="Pictures, text, numbers and lists of pictures can stand in a prompt.",
        )
    return parts


def _joined(parts: Iterable[Part]) -> list[Part]:
    joined: list[Part] = []
    for part in parts:
        if isinstance(part, TextPart) and joined and isinstance(joined[-1], TextPart):
            joined[-1] = TextPart(joined[-1].text + part.text)
        elif isinstance(part, ImagePart) or part.text:
            joined.append(part)
    return joined
