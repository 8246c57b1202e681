"""The coordinates of a grid: the values along each axis, how they are looked up, and how they are called."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from .errors import CoordinateError
from .messages import ImagePart
from .text import did_you_mean, shorten

Side = Literal["across", "down"]
_LABEL = 48


@dataclass(frozen=True)
class Axis:
    """One axis of a grid.

    Args:
        name: what varies along it.
        keys: a coordinate for each position.
        labels: a short text for each position.
        pictures: the picture at each position, where the values are pictures; else empty.
        rows: the row at each position, where the axis is a table; else empty.
        side: whether a sheet shows it across or down.
    """

    name: str
    keys: tuple[Hashable, ...]
    labels: tuple[str, ...]
    pictures: tuple[ImagePart | None, ...] = ()
    rows: tuple[Mapping[str, Any], ...] = ()
    side: Side = "across"

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def _positions(self) -> dict[Any, int]:
        return {key: position for position, key in reversed([*enumerate(self.keys)])}

    def find(self, key: Any) -> int | None:
        """The position of a coordinate, or None. Rows are found by number or by a value only they hold.

        >>> table([{"sku": "A-1", "tint": "red"}, {"sku": "B-2", "tint": "red"}]).find("B-2")
        1
        """
        try:
            if key in self._positions:
                return self._positions[key]
        except TypeError:
            return None  # what has no hash is no coordinate
        if isinstance(key, ImagePart):
            return next((n for n, picture in enumerate(self.pictures) if picture == key), None)
        if self.rows:
            if isinstance(key, int) and -len(self.rows) <= key < 0:
                return len(self.rows) + key
            holders = [n for n, row in enumerate(self.rows) if any(_same(v, key) for v in row.values())]
            return holders[0] if len(holders) == 1 else None
        return self.labels.index(key) if key in self.labels else None

    def position(self, key: Any) -> int:
        """The position of a coordinate.

        Raises:
            CoordinateError: there is no such value on this axis.
        """
        found = self.find(key)
        if found is None:
            named = [*self.labels, *self.unique_values()] if self.rows else self.labels
            raise CoordinateError(
                f"There is no {shorten(repr(key), 60)} on the axis {self.name}.",
                hint=did_you_mean(str(key), named) or f"It has {len(self)} values.",
            )
        return found

    def unique_values(self) -> list[str]:
        """The texts that are found in one row only."""
        counted = Counter(value for row in self.rows for value in row.values() if isinstance(value, str))
        return [value for value, count in counted.items() if count == 1]


def _same(value: Any, key: Any) -> bool:
    return isinstance(value, str | int | float) and isinstance(key, str | int | float) and value == key


def axis(
    name: str,
    values: Sequence[Any],
    side: Side = "across",
    *,
    keys: Sequence[Any] | None = None,
    pictures: Sequence[ImagePart | None] = (),
) -> Axis:
    """The axis of some values. A coordinate is the value itself where it is text or a number, else its place.

    Args:
        name: what varies.
        values: one for each position.
        side: whether a sheet shows it across or down.
        keys: names of the values, where they have any.
        pictures: the picture that each value is, or None.

    >>> axis("style", ["oil", "ink"]).keys, axis("mark", [{1}, {2}]).keys
    (('oil', 'ink'), (0, 1))
    """
    names = keys or [value if _is_plain(value) else getattr(value, "name", "") for value in values]
    whole = len(set(names)) == len(names) and "" not in names
    labels = [_label(n) if whole else f"{name} {at}" for at, n in enumerate(names)]
    return Axis(
        name,
        tuple(names if whole else range(len(values))),
        tuple(shorten(label, _LABEL) for label in labels),
        tuple(pictures) if any(pictures) else (),
        side=side,
    )


def table(rows: Sequence[Mapping[str, Any]]) -> Axis:
    """The axis of the rows of a table. A coordinate is the row's number; labels are of its first key column.

    >>> table([{"kind": "cup", "sku": "A-1"}, {"kind": "cup", "sku": "B-2"}]).labels
    ('A-1', 'B-2')
    """
    columns = dict.fromkeys(name for row in rows for name in row)
    texts = ([str(row.get(column, "")) for row in rows] for column in columns if _tells(rows, column))
    labels = next((found for found in texts if len(set(found)) == len(rows)), None)
    labels = labels or [f"row {number}" for number in range(len(rows))]
    return Axis(
        "row",
        tuple(range(len(rows))),
        tuple(shorten(label, _LABEL) for label in labels),
        rows=tuple(rows),
        side="down",
    )


def _tells(rows: Sequence[Mapping[str, Any]], column: str) -> bool:
    """Whether a column could name the rows."""
    return all(isinstance(row.get(column), str | int) for row in rows)


def _label(key: Any) -> str:
    if isinstance(key, tuple):
        return " · ".join(_label(part) for part in key)
    return "default" if key is None else str(key)


def _is_plain(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float)


def takes(count: int) -> Axis:
    """The axis of several takes.

    >>> takes(2).keys
    (0, 1)
    """
    return Axis("take", tuple(range(count)), tuple(f"take {number + 1}" for number in range(count)))
