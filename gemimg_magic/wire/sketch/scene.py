"""What a prompt asks for, as values: the words become a Scene, and the Scene becomes a picture."""

from __future__ import annotations

from dataclasses import dataclass

from .colours import RGB

RELATIONS = (
    "left",
    "right",
    "above",
    "below",
    "beside",
    "between",
    "front",
    "behind",
    "on",
    "in",
    "hold",
    "wear",
)


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a thing stands as seen from another thing.

    Args:
        kind: One of `RELATIONS`.
        to: The place of the other thing in `Scene.things`.
        also: The second thing of "between".
    """

    kind: str
    to: int
    also: int | None = None


@dataclass(frozen=True, slots=True)
class Thing:
    """One noun of the prompt.

    Args:
        kind: The name of a drawing, or "motif" for a noun that nobody drew.
        noun: The word as written.
        count: How many there are.
        size: 1.0 is ordinary.
        colour: The colour that was asked for.
        place: A point of the picture, 0 to 1 across and down.
        relation: Where it stands as seen from another thing.
    """

    kind: str
    noun: str = ""
    count: int = 1
    size: float = 1.0
    colour: RGB | None = None
    place: tuple[float, float] | None = None
    relation: Relation | None = None


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that decides a picture, apart from its size in pixels."""

    things: tuple[Thing, ...] = ()
    settings: tuple[str, ...] = ()
    time: str = ""
    season: str = ""
    weather: tuple[str, ...] = ()
    background: RGB | None = None
    gradient: tuple[RGB, ...] = ()
    lettering: tuple[str, ...] = ()
    style: str = ""
    colours: tuple[RGB, ...] = ()
    key: str = ""
    seed: int = 0


@dataclass(slots=True)
class Pending:
    """The words in front of a noun that has not come yet."""

    count: int | None = None
    size: float = 1.0
    colour: RGB | None = None
    place: tuple[float | None, float | None] = (None, None)
    article: bool = False
    unknown: str = ""
