"""The pictures of a sweep, by their coordinates."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from .core.axes import Axis
from .core.completions import GeneratedImage
from .core.errors import CoordinateError, GemimgError, SettingsError
from .core.messages import ImageRequest
from .core.preview import SIDE, mime_bundle
from .core.settled import Settled
from .core.sheet import FEW, FEW_ROWS, Head, Layout, Tile, layout, sheet, thumbnail
from .core.takes import Takes
from .core.text import inert, shorten

if TYPE_CHECKING:
    from .engine import Engine

Place = tuple[int, ...]


@dataclass(slots=True)
class Cell:
    """One cell: what is asked, and what came of it.

    Args:
        request: the request.
        image: the picture, once it is here.
        error: why there is none.
        alt: a text alternative for it; the prompt if empty.
        finish: what is done to the picture when it comes, also when it was asked for once more.
    """

    request: ImageRequest
    image: GeneratedImage | None = None
    error: GemimgError | None = None
    alt: str = ""
    finish: Callable[[GeneratedImage], GeneratedImage] | None = None


class Grid(Mapping[Any, GeneratedImage], Settled):
    """The pictures of a sweep, by their coordinates: ``grid["ink", "2K"]``, or ``grid["ink"]`` with one axis.

    Rows are found by number, or by a value that only they hold: ``grid[7]``, ``grid["SKU-7"]``. With takes,
    the number of a take is one more coordinate: ``grid["ink", "2K", 0]``; without it there is a list of all.
    Coordinates that are left out, or given as ``:``, stand for all: ``grid["ink"]`` is a smaller grid. As a
    mapping it holds the pictures that came; ``failures`` has the others.

    Args:
        axes: what varies, in the order of the coordinates.
        cells: the cells by their places along the axes.
        name: the variable that it was bound to.
        prompt: the prompt as it was written.
        engine: what ``retry()`` asks; one with the environment's settings unless given. It is not pickled.
    """

    def __init__(
        self,
        axes: Sequence[Axis],
        cells: Mapping[Place, Cell],
        *,
        name: str = "",
        prompt: str = "",
        engine: Engine | None = None,
    ) -> None:
        self.axes = tuple(axes)
        self.name, self.prompt = name, prompt
        self._cells = dict(cells)
        self._engine = engine

    def __getitem__(self, coordinates: Any) -> Any:
        """The picture there; the takes there; or a smaller grid, where coordinates are left out.

        Raises:
            CoordinateError: there is nothing there, or what was asked for there failed.
        """
        place = self._place(coordinates)
        open_axes = [axis for axis, position in zip(self.axes, place, strict=True) if position is None]
        if not open_axes:
            return self._picture(self._cells[tuple(p for p in place if p is not None)])
        found = {at: cell for at, cell in self._cells.items() if _matches(at, place)}
        if len(open_axes) < len(self.axes) and [axis.name for axis in open_axes] == ["take"]:
            images = [cell.image for cell in found.values() if cell.image is not None]
            return Takes(images) if images else self._picture(next(iter(found.values())))
        kept = [number for number, position in enumerate(place) if position is None]
        cells = {tuple(at[number] for number in kept): cell for at, cell in found.items()}
        return Grid(open_axes, cells, name=self.name, prompt=self.prompt, engine=self._engine)

    def _place(self, coordinates: Any) -> tuple[int | None, ...]:
        given = coordinates if isinstance(coordinates, tuple) else (coordinates,)
        if len(given) > len(self.axes):
            names = ", ".join(axis.name for axis in self.axes)
            raise CoordinateError(f"{len(given)} coordinates are too many.", hint=f"The axes are {names}.")
        if len(given) == 1 < len(self.axes) and not isinstance(given[0], slice):
            # A value that only another axis has needs no colon before it.
            homes = [number for number, axis in enumerate(self.axes) if axis.find(given[0]) is not None]
            if homes and homes[0] > 0 and len(homes) == 1:
                return tuple(
                    axis.find(given[0]) if number == homes[0] else None
                    for number, axis in enumerate(self.axes)
                )
        padded = itertools.chain(given, itertools.repeat(slice(None)))
        return tuple(
            None if key == slice(None) else axis.position(key)
            for axis, key in zip(self.axes, padded, strict=False)
        )

    def _picture(self, cell: Cell) -> GeneratedImage:
        if cell.image is not None:
            return cell.image
        why = (
            f"{type(cell.error).__name__}: {shorten(cell.error.message, 160)}" if cell.error else "no answer"
        )
        raise CoordinateError(f"There is no picture there ({why}).", hint=".retry() asks again.")

    def __iter__(self) -> Iterator[Any]:
        return (self.key(at) for at, cell in self._cells.items() if cell.image is not None)

    def __len__(self) -> int:
        return sum(cell.image is not None for cell in self._cells.values())

    def key(self, at: Place) -> Any:
        """The coordinates of a place along the axes."""
        keys = tuple(axis.keys[position] for axis, position in zip(self.axes, at, strict=True))
        return keys[0] if len(keys) == 1 else keys

    @property
    def shape(self) -> tuple[int, ...]:
        """The number of values along each axis."""
        return tuple(len(axis) for axis in self.axes)

    @property
    def images(self) -> tuple[GeneratedImage, ...]:
        """The pictures that came, in the order of their coordinates."""
        return tuple(cell.image for cell in self._cells.values() if cell.image is not None)

    @property
    def failures(self) -> dict[Any, GemimgError]:
        """Coordinates -> the error, for every picture that did not come."""
        return {self.key(at): cell.error for at, cell in self._cells.items() if cell.error is not None}

    def retry(
        self,
        *,
        parallel: int | None = None,
        mode: str | None = None,
        max_cost: float | None = None,
        executor: Any = None,
    ) -> Grid:
        """Ask again for what failed or was interrupted, and for nothing else.

        A recorded refusal is asked again, too. What fails once more stays in ``failures``.

        Args:
            parallel: requests at a time, where that differs from the settings.
            mode: how the store is used, where that differs from the settings.
            max_cost: US dollars that all of them together may cost.
            executor: whose workers send the requests; see :meth:`Engine.start`.

        Returns:
            The grid itself.
        """
        from .sweeps import ask_again

        return ask_again(
            self, parallel=parallel, mode=mode, max_cost=max_cost, executor=executor, engine=self._engine
        )

    def open_cells(self) -> list[tuple[Place, Cell]]:
        """The cells that have no picture, each with its place."""
        return [(at, cell) for at, cell in self._cells.items() if cell.image is None]

    def contact_sheet(self, *, side: int | None = None) -> GeneratedImage:
        """All pictures in labelled rows and columns, as one PNG picture with a text alternative.

        Args:
            side: width of each picture in pixels; what fits a page unless given.
        """
        plan = self.layout(side)
        return self.drawn(plan, self.tiles(plan))

    def drawn(self, plan: Layout, tiles: Mapping[int, Tile]) -> GeneratedImage:
        """A sheet of tiles that were made before."""
        buffer = io.BytesIO()
        sheet(plan, tiles).save(buffer, "PNG")
        picture = GeneratedImage.of(buffer.getvalue())
        return replace(picture, name=f"{self.name or 'grid'} sheet", alt=self.alt)

    def layout(self, side: int | None = None) -> Layout:
        """Where each cell stands on a sheet, pictures across and down."""
        sizes = [cell.image.size for cell in self._cells.values() if cell.image is not None]
        shape = max((height / width for width, height in sizes), default=1.0)
        few = FEW_ROWS if any(axis.rows for axis in self.axes) else FEW
        return layout(self._heads("across"), self._heads("down"), shape=shape, side=side, few=few)

    def tiles(self, plan: Layout, but: Container[int] = ()) -> dict[int, Tile]:
        """What stands in each cell of a sheet, without those that are known."""
        cells = [(self.number(at), cell) for at, cell in self._cells.items()]
        return {number: tile_of(cell, plan.cell) for number, cell in cells if number not in but}

    def number(self, at: Place) -> int:
        """The number of a cell on a sheet, counted row by row."""
        number = 0
        for side in ("down", "across"):
            for axis, position in zip(self.axes, at, strict=True):
                if axis.side == side:
                    number = number * len(axis) + position
        return number

    def _heads(self, side: str) -> list[Head]:
        axes = [axis for axis in self.axes if axis.side == side]
        if not axes:
            return [Head("")]
        places = itertools.product(*(range(len(axis)) for axis in axes))
        return [_head(axes, place) for place in places]

    @property
    def alt(self) -> str:
        """What a sheet shows, in words."""
        sides = [
            f"{axis.name} {side}: {shorten(', '.join(axis.labels), 200)}"
            for side in ("across", "down")
            for axis in self.axes
            if axis.side == side
        ]
        failed = "; ".join(f"{key} failed" for key in itertools.islice(self.failures, 20))
        told = [f"Contact sheet of {self.summary}", *sides, shorten(self.prompt, 200).rstrip(". "), failed]
        return inert(". ".join(part for part in told if part) + ".")

    @property
    def summary(self) -> str:
        """``3×2 · 5 pictures · 1 failed``: stable from run to run."""
        count, failed = len(self), len(self.failures)
        size = "×".join(str(length) for length in self.shape)
        pictures = f"{count} picture" + ("" if count == 1 else "s")
        return " · ".join([size, pictures, *([f"{failed} failed"] if failed else [])])

    @property
    def places(self) -> tuple[Place, ...]:
        """The places of all cells along the axes, in the order of the coordinates."""
        return tuple(self._cells)

    @property
    def told_failures(self) -> str:
        """``2 of 6 pictures failed, the first at ['oil', '1K'] with …``; empty where none did."""
        failures = self.failures
        if not failures:
            return ""
        key, first = next(iter(failures.items()))
        return (
            f"{len(failures)} of {len(self._cells)} pictures failed, the first at [{spelled(key)}] "
            f"with {type(first).__name__}: {shorten(first.message, 160)}"
        )

    @property
    def df(self) -> Any:
        """A pandas DataFrame: one row for each cell, with its coordinates, picture and error.

        Raises:
            SettingsError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise SettingsError(
                "The table needs pandas, which is not installed.", hint="pip install pandas"
            ) from None
        return pd.DataFrame([self._record(at, cell) for at, cell in self._cells.items()])

    def _record(self, at: Place, cell: Cell) -> dict[str, Any]:
        record: dict[str, Any] = {}
        for axis, position in zip(self.axes, at, strict=True):
            record |= axis.rows[position] if axis.rows else {axis.name: axis.keys[position]}
        image = cell.image
        facts = {
            "image": image,
            "width": image.width if image else None,
            "height": image.height if image else None,
            "sha256": image.sha256 if image else None,
            "error": f"{type(cell.error).__name__}: {cell.error.message}" if cell.error else None,
        }
        return record | {name if name not in record else f"{name}_": fact for name, fact in facts.items()}

    def __getstate__(self) -> dict[str, Any]:
        # An engine holds connections and a key.
        return {**self.__dict__, "_engine": None}

    def __repr__(self) -> str:
        axes = ", ".join(f"{axis.name} ({len(axis)})" for axis in self.axes)
        return f"<Grid {inert(' · '.join(filter(None, [self.name, self.summary])))}: {inert(axes)}>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        return self.bundle()

    def bundle(
        self, embed: str = "preview", picture: GeneratedImage | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a front end shows: the contact sheet, and the same words in every run.

        Args:
            embed: ``none`` leaves the picture out.
            picture: the sheet, where it was drawn before.
        """
        data, metadata = mime_bundle(
            picture or self.contact_sheet(), "none" if embed == "none" else "preview"
        )
        data["text/plain"] = inert(" · ".join(filter(None, [self.name, self.summary])))
        return data, metadata


def spelled(key: Any) -> str:
    """Coordinates as they stand between the brackets.

    >>> spelled(("ink", 3)), spelled(7)
    ("'ink', 3", '7')
    """
    return ", ".join(repr(part) for part in (key if isinstance(key, tuple) else (key,)))


def tile_of(cell: Cell, size: tuple[int, int]) -> Tile:
    """What stands on a sheet for a cell."""
    if cell.image is not None:
        small = cell.image.recorded_preview
        try:
            return Tile(thumbnail(small if small and max(size) <= SIDE // 2 else cell.image, size))
        except ValueError as problem:
            return Tile(problem=str(problem))
    if cell.error is not None:
        return Tile(problem=f"{type(cell.error).__name__}: {shorten(cell.error.message, 120)}")
    return Tile()


def _matches(at: Place, place: Sequence[int | None]) -> bool:
    return all(wanted is None or wanted == here for wanted, here in zip(place, at, strict=True))


def _head(axes: Sequence[Axis], place: Place) -> Head:
    pairs = list(zip(axes, place, strict=True))
    text = " · ".join(inert(axis.labels[position]) for axis, position in pairs)
    pictures = [axis.pictures[position] for axis, position in pairs if axis.pictures]
    return Head(text, next((picture for picture in pictures if picture is not None), None))
