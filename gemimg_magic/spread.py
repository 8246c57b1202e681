"""What a sweep varies: lists, mappings, tables and pictures become axes, and axes become cells."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .core.axes import Axis, Side, axis, table, takes
from .core.errors import PromptError
from .core.messages import ImagePart, ImageRequest, Part
from .core.options import OPTIONS, checked
from .core.text import did_you_mean, shorten
from .engine import Engine, Prompt
from .grid import Cell, Place
from .inputs import parts_of, type_name

SETTABLE = ("model", "aspect", "size", "temperature", "max_tokens", "seed", "system")
"""The options that an axis or a column of their name sets."""

_FIXED = frozenset(option.name for option in OPTIONS) - {*SETTABLE, "style", "images", "edit", "raw", "alt"}

Bound = Mapping[str, Any]
Compose = Callable[[Bound], tuple[Prompt, dict[str, Any]]]


@dataclass(frozen=True)
class Spread:
    """One axis of a sweep with its values.

    Args:
        axis: the coordinates.
        bindings: the names that each position binds.
        parts: id of a value that is a picture -> its parts, so that it is encoded once.
    """

    axis: Axis
    bindings: tuple[Bound, ...]
    parts: Mapping[int, tuple[Part, ...]]


def spread_of(name: str, values: Any, side: Side = "across") -> Spread:
    """An axis from a list of values, or from a mapping of names to values.

    Args:
        name: what varies; names an option or stands in the prompt as ``{{name}}``.
        values: text, numbers, pictures or None, in a list, tuple, range, 1-D array, Series or mapping.
        side: whether a contact sheet shows it across or down.

    Raises:
        PromptError: no list, an empty one, or one with a value twice.
    """
    keys = list(values) if isinstance(values, Mapping) else None
    listed = [*values.values()] if isinstance(values, Mapping) else _listed(name, values)
    if not listed:
        raise PromptError(f"The list for {name} is empty.", hint="Give it at least one value.")
    plain = Counter(value for value in listed if isinstance(value, str | int | float) or value is None)
    twice = next((value for value, count in plain.items() if count > 1), None) if keys is None else None
    if twice is not None or (keys is None and plain[None] > 1):
        raise PromptError(f"{name} has {shorten(repr(twice), 40)} twice.", hint="-n makes several takes.")
    parts = {id(v): found for v in listed if not _is_text(v) and (found := _pictures(v)) is not None}
    shown = [found[0] if (found := parts.get(id(value))) else None for value in listed]
    coordinates = axis(
        name, listed, side, keys=keys, pictures=[p if isinstance(p, ImagePart) else None for p in shown]
    )
    return Spread(coordinates, tuple({name: value} for value in listed), parts)


def rows_of(value: Any) -> Spread:
    """The axis of a table's rows: a list of mappings, or a DataFrame.

    Columns are names; the whole row is ``row``. A value that is not a number (NaN) becomes None.

    Raises:
        PromptError: it is neither, or has no rows.
    """
    if hasattr(value, "to_dict") and hasattr(value, "columns"):
        named = [name for name in getattr(value.index, "names", ()) if name is not None]
        records = (value.reset_index() if named else value).to_dict(orient="records")
    elif isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping):
        records = list(value)
    else:
        records = None
    if records is None or not all(isinstance(record, Mapping) for record in records):
        wrong = value if records is None else next(r for r in records if not isinstance(r, Mapping))
        what = "rows are" if records is None else "a row is"
        raise PromptError(
            f"The {what} a {type_name(wrong)}." if records is None else f"A row is a {type_name(wrong)}.",
            hint='Give a list of mappings, such as [{"sku": "A-1"}], or a DataFrame.',
        )
    if not records:
        raise PromptError("There are no rows.", hint="Give at least one.")
    rows = [{str(name): _present(item) for name, item in record.items()} for record in records]
    parts = {
        id(item): found
        for row in rows
        for item in row.values()
        if not _is_text(item) and (found := _pictures(item)) is not None
    }
    return Spread(table(rows), tuple({"row": row, **row} for row in rows), parts)


def _listed(name: str, values: Any) -> list[Any]:
    if hasattr(values, "tolist") and getattr(values, "ndim", 0) == 1:
        values = values.tolist()
    if (
        not isinstance(values, Iterable)
        or isinstance(values, str | bytes | set | frozenset | ImagePart)
        or hasattr(values, "__array__")
    ):
        shown = f"{name}=[{shorten(repr(values), 30)}]" if isinstance(values, str | int | float) else ""
        raise PromptError(
            f"The values of {name} are a {type_name(values)}, not a list.",
            hint=f"Write {shown}." if shown else "Give a list, or a mapping of names to values.",
        )
    return list(values)


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _pictures(value: Any) -> tuple[Part, ...] | None:
    parts = parts_of(value) if not isinstance(value, Mapping) else None
    return parts if parts and all(isinstance(part, ImagePart) for part in parts) else None


def _present(value: Any) -> Any:
    try:
        return None if value != value and isinstance(value, float) else value
    except (TypeError, ValueError):
        return value


def check_names(spreads: Sequence[Spread], used: Iterable[str]) -> None:
    """Refuse an axis that nothing depends on: all its pictures would be the same. Columns may be idle.

    Raises:
        PromptError: the name is no option and is not used; or two axes have the same name.
    """
    names = [name for spread in spreads for name in spread.bindings[0]]
    twice = next((name for name, count in Counter(names).items() if count > 1), None)
    if twice is not None:
        raise PromptError(f"{twice} varies along two axes.", hint="Give one of them another name.")
    known = {*used, *SETTABLE}
    for spread in spreads:
        name = spread.axis.name
        if not spread.axis.rows and name not in known:
            if name in _FIXED:
                raise PromptError(
                    f"{name} cannot vary in a sweep.", hint=f"Options that can: {', '.join(SETTABLE)}."
                )
            close = did_you_mean(name, [*SETTABLE, "style"]) if len(name) > 2 else ""
            close = close if close.startswith("Did") else ""
            raise PromptError(
                f"Nothing depends on {name}.", hint=f"Put {{{{{name}}}}} into the prompt. {close}".strip()
            )


def cells_of(
    engine: Engine, spreads: Sequence[Spread], count: int, compose: Compose
) -> tuple[tuple[Axis, ...], dict[Place, Cell]]:
    """All cells of a sweep, each with its request; nothing is sent.

    Args:
        engine: what makes and checks the requests.
        spreads: the axes.
        count: how many takes of each.
        compose: bound names -> the prompt, and the options that the cell sets itself.

    Raises:
        PromptError: a request is wrong; the message says which.
    """
    axes = [spread.axis for spread in spreads]
    cells: dict[Place, Cell] = {}
    for place, bound in _points(spreads):
        try:
            prompt, options = compose(bound)
            set_here = {n: _value(n, bound[n]) for n in SETTABLE if bound.get(n) is not None}
            request = engine.request(prompt, **{**options, **set_here})
        except PromptError as problem:
            raise PromptError(f"{problem.message} ({_where(axes, place)})", hint=problem.hint) from None
        cells |= _takes(place, request, count)
    return (*axes, *([takes(count)] if count > 1 else [])), cells


def _takes(place: Place, request: ImageRequest, count: int) -> dict[Place, Cell]:
    if count == 1:
        return {place: Cell(request)}
    return {(*place, n): Cell(replace(request, take=request.take + n)) for n in range(count)}


def _points(spreads: Sequence[Spread]) -> Iterator[tuple[Place, Bound]]:
    for place in itertools.product(*(range(len(spread.axis)) for spread in spreads)):
        bound: dict[str, Any] = {}
        for spread, position in zip(spreads, place, strict=True):
            bound |= spread.bindings[position]
        yield place, bound


def _value(name: str, value: Any) -> Any:
    if name in ("model", "system", "aspect") and not isinstance(value, str):
        raise PromptError(f"{name} is a {type_name(value)}, not text.")
    if isinstance(value, float) and value.is_integer() and name in ("seed", "max_tokens"):
        value = int(value)  # a column with a gap holds whole numbers as floats
    return checked(name, value)


def _where(axes: Sequence[Axis], place: Place) -> str:
    pairs = zip(axes, place, strict=True)
    return ", ".join(
        f"row {axis.keys[position]}" if axis.rows else f"{axis.name}={axis.labels[position]}"
        for axis, position in pairs
    )
