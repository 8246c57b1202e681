"""Things with all their copies, before and after they have a place."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .dice import Dice
from .scene import Thing
from .stage import Stage
from .things import Kind, kind_of

HELD = frozenset(
    [
        "flower",
        "cup",
        "book",
        "lantern",
        "umbrella",
        "balloon",
        "heart",
        "star",
        "apple",
        "motif",
        "fish",
        "leaf",
        "mushroom",
        "cake",
        "arrow",
        "circle",
    ]
)


WORN = frozenset({"hat", "crown"})


ATTACHED = frozenset({"above", "below", "front", "behind", "on", "in", "hold", "wear"})


Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Placed:
    """One drawing at its place: left, top, width and height in pixels, and the order of drawing."""

    thing: Thing
    box: Box
    depth: float
    flip: bool = False
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """All copies of one thing, around a point on their common foot."""

    thing: Thing
    kind: Kind
    copies: tuple[tuple[float, float, float], ...]
    wide: float
    high: float


def group_of(thing: Thing, stage: Stage) -> Group:
    """Arrange the copies of a thing in rows."""
    kind = kind_of(thing.kind, thing.noun)
    if kind.home == "table" and stage.place == "land" and thing.kind != "robot":
        kind = replace(kind, tall=kind.tall * 0.8)
    count = thing.count
    step = kind.wide * 1.16
    flat = kind.home in {"flat", "table"} and stage.place in {"plain", "room"}
    across = min(count, math.ceil(math.sqrt(count * (1.0 if flat else 2.6))) if count > 3 else count)
    rows = math.ceil(count / across)
    shrink = thing.size * kind.tall / (1.0 if count == 1 else (across**0.62))
    lift = 1.14 if flat else 0.42
    copies = []
    for index in range(count):
        row, column = divmod(index, across)
        in_row = min(across, count - row * across)
        shift = 0.0 if flat or row % 2 == 0 else step * 0.25
        copies.append(
            ((column - (in_row - 1) / 2) * step * shrink + shift * shrink, row * lift * shrink, shrink)
        )
    return Group(
        thing,
        kind,
        tuple(copies),
        (across - 1) * step * shrink + kind.wide * shrink,
        shrink * (1 + (rows - 1) * lift),
    )


def scattered(count: int, over: float, dice: Dice) -> list[tuple[float, float]]:
    """Spread points over the upper part of a picture, none too near to another."""
    spots: list[tuple[float, float]] = []
    for _ in range(count):
        tries = [(dice.real(0.06, 0.94), dice.real(0.07, over)) for _ in range(14)]
        spots.append(
            max(tries, key=lambda spot: min((math.dist(spot, other) for other in spots), default=1.0))
        )
    return spots
