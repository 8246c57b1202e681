"""The table of drawings: which drawing belongs to a kind, how wide it is, its colour and where it lives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from . import animals, figures, nature, objects, shapes, wings
from .colours import RGB
from .pen import Pen, Tones

Drawing = Callable[[Pen, Tones], None]


@dataclass(frozen=True, slots=True)
class Kind:
    """How a thing is drawn.

    Args:
        draw: Draws it in a unit box.
        wide: Width divided by height.
        colour: Its colour when none was asked for; None takes one from the palette.
        home: "ground", "sky", "air" (flies low), "flat" (a plain shape) or "table" (an object indoors).
        tall: Height compared with a fox.
        head: Where a hat goes, in the box.
        hand: Where a held thing goes, in the box.
    """

    draw: Drawing
    wide: float = 1.0
    colour: RGB | None = None
    home: str = "ground"
    tall: float = 1.0
    head: tuple[float, float] = (0.48, 0.12)
    hand: tuple[float, float] = (0.75, 0.7)


FOX: RGB = (228, 110, 44)

KINDS: dict[str, Kind] = {
    "fox": Kind(animals.fox, 1.0, FOX, head=(0.405, 0.15), hand=(0.42, 0.8)),
    "wolf": Kind(animals.fox, 1.0, (116, 124, 138), head=(0.405, 0.15), hand=(0.42, 0.8)),
    "cat": Kind(animals.cat, 0.92, (214, 150, 84), head=(0.47, 0.17), tall=0.92),
    "dog": Kind(animals.dog, 0.94, (190, 130, 82), head=(0.475, 0.1)),
    "rabbit": Kind(animals.rabbit, 0.78, (206, 186, 170), head=(0.48, 0.27), tall=0.85),
    "bear": Kind(animals.bear, 0.86, (146, 96, 64), head=(0.5, 0.07), tall=1.15, hand=(0.83, 0.76)),
    "panda": Kind(animals.panda, 0.86, (246, 244, 240), head=(0.5, 0.07), tall=1.1, hand=(0.83, 0.76)),
    "owl": Kind(wings.owl, 0.78, (152, 112, 82), head=(0.5, 0.12), tall=0.8),
    "bird": Kind(wings.bird, 1.1, (84, 142, 206), head=(0.38, 0.15), tall=0.6),
    "birds": Kind(wings.flying_bird, 1.9, (70, 72, 92), "sky", 0.1),
    "penguin": Kind(wings.penguin, 0.74, (52, 58, 78), head=(0.5, 0.05), hand=(0.88, 0.7)),
    "fish": Kind(wings.fish, 1.5, (240, 138, 62), "sea", 0.42),
    "whale": Kind(wings.whale, 1.5, (70, 116, 164), "sea", 0.68),
    "butterfly": Kind(wings.butterfly, 1.15, (236, 140, 60), "air", 0.42),
    "tree": Kind(nature.tree, 0.86, (94, 152, 84), tall=1.5),
    "pine": Kind(nature.pine, 0.6, (62, 118, 92), tall=1.5),
    "snowy pine": Kind(nature.snowy_pine, 0.6, (62, 112, 98), tall=1.5),
    "bare tree": Kind(nature.bare_tree, 0.86, None, tall=1.4),
    "flower": Kind(nature.flower, 0.62, (232, 104, 132), tall=0.62, head=(0.5, 0.0)),
    "mushroom": Kind(nature.mushroom, 0.95, (206, 66, 56), tall=0.5),
    "cactus": Kind(nature.cactus, 0.66, (88, 150, 98), tall=0.9),
    "leaf": Kind(nature.leaf, 0.75, (206, 122, 52), "table", 0.7),
    "apple": Kind(nature.apple, 0.96, (208, 58, 52), "table", 0.7),
    "sun": Kind(nature.sun, 1.0, (252, 200, 80), "sky", 0.42),
    "moon": Kind(nature.moon, 1.0, (250, 240, 206), "sky", 0.42),
    "cloud": Kind(nature.cloud, 1.6, (250, 250, 252), "sky", 0.26),
    "rainbow": Kind(nature.rainbow, 2.0, None, "sky", 0.8),
    "snowman": Kind(nature.snowman, 0.8, (244, 247, 252), head=(0.5, 0.07), hand=(0.95, 0.3)),
    "planet": Kind(nature.planet, 1.0, (218, 150, 96), "sky", 0.6),
    "wave": Kind(nature.wave, 1.3, (46, 130, 168), "sea", 0.7),
    "house": Kind(objects.house, 1.1, (240, 222, 190), tall=1.3),
    "lighthouse": Kind(objects.lighthouse, 0.6, (206, 70, 62), tall=1.7),
    "castle": Kind(objects.castle, 1.2, (176, 168, 172), tall=1.5),
    "tower": Kind(objects.tower, 0.5, (96, 110, 140), tall=1.6),
    "boat": Kind(objects.boat, 1.0, (190, 74, 62), "sea", 0.85),
    "car": Kind(objects.car, 1.75, (206, 68, 62), tall=0.62),
    "balloon": Kind(objects.balloon, 0.62, (224, 76, 82), "air", 0.75),
    "air balloon": Kind(objects.air_balloon, 0.78, (222, 92, 74), "air", 0.85),
    "rocket": Kind(objects.rocket, 0.5, (214, 72, 66), "air", 1.2),
    "robot": Kind(objects.robot, 0.84, (124, 164, 186), "table", 1.25, (0.5, 0.1), (0.9, 0.7)),
    "cup": Kind(objects.cup, 1.0, (86, 148, 166), "table", 0.7),
    "hat": Kind(objects.hat, 1.45, (112, 74, 58), "table", 0.42),
    "crown": Kind(objects.crown, 1.35, (238, 190, 70), "table", 0.36),
    "book": Kind(objects.book, 1.35, (158, 66, 66), "table", 0.6),
    "lantern": Kind(objects.lantern, 0.66, (92, 78, 84), "table", 0.6),
    "umbrella": Kind(objects.umbrella, 1.0, (216, 82, 80), "table", 0.8),
    "cake": Kind(objects.cake, 1.1, (240, 150, 176), "table", 0.75),
    "person": Kind(figures.person, 0.48, (84, 130, 176), tall=1.35, head=(0.5, 0.05), hand=(0.82, 0.62)),
    "face": Kind(figures.face, 1.0, (250, 206, 86), "table", 0.9, (0.5, 0.04)),
    "bar chart": Kind(figures.bar_chart, 1.3, (70, 120, 182), "table", 0.9),
    "circle": Kind(shapes.circle, home="flat", tall=0.7),
    "oval": Kind(shapes.oval, home="flat", tall=0.7),
    "square": Kind(shapes.square, home="flat", tall=0.66),
    "rectangle": Kind(shapes.rectangle, home="flat", tall=0.8),
    "triangle": Kind(shapes.triangle, home="flat", tall=0.72),
    "star": Kind(shapes.star, colour=(250, 208, 84), home="flat", tall=0.7),
    "heart": Kind(shapes.heart, colour=(220, 62, 76), home="flat", tall=0.7),
    "pentagon": Kind(shapes.pentagon, home="flat", tall=0.7),
    "hexagon": Kind(shapes.hexagon, home="flat", tall=0.7),
    "octagon": Kind(shapes.octagon, home="flat", tall=0.7),
    "diamond": Kind(shapes.diamond, home="flat", tall=0.75),
    "ring": Kind(shapes.ring, home="flat", tall=0.7),
    "cross": Kind(shapes.cross, home="flat", tall=0.66),
    "arrow": Kind(shapes.arrow, wide=1.3, home="flat", tall=0.5),
    "spiral": Kind(shapes.spiral, home="flat", tall=0.75),
    "crescent": Kind(shapes.crescent, colour=(250, 232, 170), home="sky", tall=0.36),
    "line": Kind(shapes.line, home="flat", tall=0.6),
}


def kind_of(name: str, noun: str) -> Kind:
    """Return the drawing of a kind; anything unknown becomes the motif of its noun."""
    if name in KINDS:
        return KINDS[name]
    return Kind(lambda pen, tones: figures.motif(pen, tones, noun), 1.0, None, "flat", 0.85)
