"""A contact sheet: pictures in labelled rows and columns, as one picture. Same cells, same bytes."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, NamedTuple

from .messages import ImagePart
from .pictures import open_picture

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

# Opaque and pale, so that it reads the same on a light and on a dark page.
_PAPER, _INK, _FAINT = (250, 250, 248), (32, 33, 36), (110, 112, 118)
_EMPTY, _FAILED, _RED = (232, 233, 236), (253, 232, 230), (168, 32, 26)
_WIDTH, _LARGEST, _SMALLEST = 1000, 256, 40
_GAP, _MARGIN, _TEXT = 8, 12, 15
# So many in one direction get a line of their own; rows of a table, which nobody placed, flow before that.
FEW, FEW_ROWS = 6, 3


@dataclass(frozen=True, slots=True)
class Head:
    """What stands at the head of a row or column, or below a picture."""

    text: str
    picture: ImagePart | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the cells of a grid stand.

    Args:
        columns: the heads above; empty where each cell has its words below.
        rows: the heads at the left; empty likewise.
        captions: the words below each cell, where there are no heads; else empty.
        across: how many cells side by side.
        down: how many one below the other.
        cell: the largest width and height of a picture, in pixels.
    """

    columns: tuple[Head, ...]
    rows: tuple[Head, ...]
    captions: tuple[str, ...]
    across: int
    down: int
    cell: tuple[int, int]


class Tile(NamedTuple):
    """What stands in a cell: a picture, already small; or why there is none; or nothing yet."""

    picture: Image.Image | None = None
    problem: str = ""


def layout(
    columns: Sequence[Head],
    rows: Sequence[Head],
    *,
    shape: float = 1.0,
    side: int | None = None,
    few: int = FEW,
) -> Layout:
    """Lay out a table, or let a long line of cells flow.

    Args:
        columns: heads above.
        rows: heads at the left.
        shape: height of the pictures divided by their width.
        side: width of a picture in pixels; what fits a page unless given.
        few: so many cells in one line do not flow.

    >>> layout([Head("a")] * 30, [Head("")]).across
    6
    >>> layout([Head("")], [Head("a")] * 6, few=FEW_ROWS).across
    3
    """
    count = len(columns) * len(rows)
    flows = min(len(columns), len(rows)) == 1 and count > few
    across = len(columns)
    if flows:
        across = min(count, max(few, ceil(sqrt(count))))
    gutter = 0 if flows or not any(head.text for head in rows) else 130
    width = side or max(_SMALLEST, min(_LARGEST, (_WIDTH - gutter) // across - _GAP))
    height = round(width * max(0.3, min(shape, 2.0)))
    line = rows if len(columns) == 1 else columns
    captions = tuple(head.text for head in line) if flows else ()
    return Layout(
        () if flows else tuple(columns),
        () if flows else tuple(rows),
        captions,
        across,
        ceil(count / across),
        (width, height),
    )


def thumbnail(picture: ImagePart, cell: tuple[int, int]) -> Image.Image:
    """A small copy of a picture that fits a cell, upright and without transparency.

    Raises:
        ValueError: the picture cannot be decoded.
    """
    from PIL import Image, ImageOps

    try:
        small = open_picture(picture.data)
        small.draft("RGB", cell)
        small = ImageOps.exif_transpose(small)
        if small.mode not in ("RGB", "L"):
            small = small.convert("RGBA")
        shrink = int(max(small.width / cell[0], small.height / cell[1]) / 2)
        small = small.reduce(shrink) if shrink > 1 else small
        small.thumbnail(cell, Image.Resampling.LANCZOS)
    except Exception as problem:
        raise ValueError(f"the picture is damaged ({type(problem).__name__})") from problem
    paper = Image.new("RGB", small.size, "white")
    paper.paste(small, mask=small if small.mode == "RGBA" else None)
    return paper


def sheet(plan: Layout, tiles: Mapping[int, Tile], *, status: str = "") -> Image.Image:
    """Draw a sheet.

    Args:
        plan: where everything stands.
        tiles: what stands in each cell, counted row by row; a missing one is still to come.
        status: a line below all, while it is being filled.
    """
    from PIL import Image, ImageDraw, ImageFont

    font: ImageFont.FreeTypeFont | ImageFont.ImageFont = ImageFont.load_default(_TEXT)
    ruler = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    width, _ = plan.cell
    gutter = max((_head_width(ruler, head, font) for head in plan.rows), default=0)
    head_lines = max((len(_wrapped(ruler, h.text, font, width, 2)) for h in plan.columns), default=0)
    top = head_lines * (_TEXT + 4) + (_TEXT * 3 if any(h.picture for h in plan.columns) else 0)
    below = 2 * (_TEXT + 2) if plan.captions else 0
    left, first = _MARGIN + gutter, _MARGIN + top
    heights = [_row_height(plan, tiles, row) for row in range(plan.down)]
    tops = [first + sum(heights[:row]) + row * (below + _GAP) for row in range(plan.down)]
    size = (
        left + plan.across * (width + _GAP) - _GAP + _MARGIN,
        tops[-1] + heights[-1] + below + _MARGIN + (_TEXT + 10 if status else 0),
    )
    paper = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(paper)
    for column, head in enumerate(plan.columns):
        _draw_head(paper, pen, head, (left + column * (width + _GAP), _MARGIN, width, top), font, centre=True)
    for row, head in enumerate(plan.rows):
        place = (_MARGIN, tops[row], gutter - _GAP, heights[row])
        _draw_head(paper, pen, head, place, font, centre=False)
    for number in range(len(plan.captions) or plan.across * plan.down):
        x = left + number % plan.across * (width + _GAP)
        y, height = tops[number // plan.across], heights[number // plan.across]
        _draw_tile(paper, pen, tiles.get(number, Tile()), (x, y, width, height), font)
        if plan.captions:
            lines = _wrapped(pen, plan.captions[number], font, width, 2)
            _write(pen, lines, (x, y + height + 2, width), font, _INK, centre=True)
    if status:
        pen.text((_MARGIN, size[1] - _MARGIN - _TEXT - 2), status, fill=_FAINT, font=font)
    return paper


def _row_height(plan: Layout, tiles: Mapping[int, Tile], row: int) -> int:
    """As high as the highest picture of the row."""
    here = (tiles.get(row * plan.across + column, Tile()).picture for column in range(plan.across))
    width, height = plan.cell
    return max((small.height for small in here if small is not None), default=min(height, width * 3 // 4))


def _head_width(
    pen: ImageDraw.ImageDraw, head: Head, font: ImageFont.FreeTypeFont | ImageFont.ImageFont
) -> int:
    if not head.text and head.picture is None:
        return 0
    return int(min(150, max(pen.textlength(head.text, font), 48 if head.picture else 0))) + 2 * _GAP


def _draw_head(
    paper: Image.Image,
    pen: ImageDraw.ImageDraw,
    head: Head,
    box: tuple[int, int, int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    *,
    centre: bool,
) -> None:
    x, y, width, height = box
    lines = _wrapped(pen, head.text, font, width, 2 if centre else 4)
    block = len(lines) * (_TEXT + 3)
    small = thumbnail(head.picture, (width, 3 * _TEXT - 4)) if head.picture is not None else None
    pixels = small.height + 4 if small is not None else 0
    start = y + (height - block - pixels - (4 if centre else 0)) // (1 if centre else 2)
    if small is not None:
        paper.paste(small, (x + (width - small.width) // 2 if centre else x, start))
    _write(pen, lines, (x, start + pixels, width), font, _INK, centre=centre)


def _draw_tile(
    paper: Image.Image,
    pen: ImageDraw.ImageDraw,
    tile: Tile,
    box: tuple[int, int, int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
) -> None:
    x, y, width, height = box
    if tile.picture is not None:
        small = tile.picture
        paper.paste(small, (x + (width - small.width) // 2, y + (height - small.height) // 2))
        return
    fill = _FAILED if tile.problem else _EMPTY
    pen.rectangle((x, y, x + width - 1, y + height - 1), fill=fill, outline=_RED if tile.problem else None)
    if tile.problem:
        room = max(1, height // (_TEXT + 3) - 1)
        lines = _wrapped(pen, tile.problem, font, width - 2 * _GAP, room)
        start = y + (height - len(lines) * (_TEXT + 3)) // 2
        _write(pen, lines, (x + _GAP, start, width - 2 * _GAP), font, _RED, centre=True)


def _wrapped(
    pen: ImageDraw.ImageDraw,
    text: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    width: int,
    most: int,
) -> list[str]:
    """The text in lines that fit; what is left over ends in an ellipsis."""
    if not text:
        return []
    letters = max(3, int(width / max(1.0, pen.textlength("n", font) * 0.95)))
    lines = textwrap.wrap(text, letters, max_lines=most, placeholder="…", break_long_words=True)
    return [_cut(pen, line, font, width) for line in lines]


def _cut(
    pen: ImageDraw.ImageDraw, line: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int
) -> str:
    while len(line) > 1 and pen.textlength(line, font) > width:
        line = line.rstrip("…")[:-1] + "…"
        if line == "…":
            break
    return line


def _write(
    pen: ImageDraw.ImageDraw,
    lines: Sequence[str],
    place: tuple[int, int, int],
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    fill: tuple[int, int, int],
    *,
    centre: bool,
) -> None:
    x, y, width = place
    for line in lines:
        shift = max(0, (width - pen.textlength(line, font)) / 2) if centre else 0
        pen.text((x + shift, y), line, fill=fill, font=font)
        y += _TEXT + 3
