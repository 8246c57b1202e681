"""Draws things over a picture that is already there."""

from __future__ import annotations

from dataclasses import replace

from PIL import Image

from .draw import things
from .scene import Scene
from .stage import Stage, set_stage
from .things import KINDS


def add(image: Image.Image, scene: Scene) -> Image.Image:
    """Draw the things of a scene over a picture, at twice the size where that is cheap."""
    times = 2 if image.width * image.height < 4_000_000 else 1
    large = image.resize((image.width * times, image.height * times), Image.Resampling.BICUBIC)
    base = set_stage(scene)
    clear = Stage("land", "day", base.sky, base.far, base.mid, base.near, ((255, 255, 255), 0.0), 0.6)
    things(large, _overlay(scene), clear)
    return large.reduce(times) if times > 1 else large


def _overlay(scene: Scene) -> Scene:
    """Give things that are added a place where they leave the picture visible."""
    spots = {"hat": (0.46, 0.27), "crown": (0.46, 0.25), "sun": (0.8, 0.18), "moon": (0.8, 0.18)}
    side = iter(((0.82, 0.72), (0.16, 0.74), (0.82, 0.3), (0.16, 0.3)))
    moved = []
    for thing in scene.things:
        place = thing.place or spots.get(thing.kind)
        if place is None and (thing.count > 3 or KINDS.get(thing.kind, KINDS["fox"]).home == "sky"):
            moved.append(thing)
            continue
        place = place or next(side, (0.5, 0.8))
        moved.append(
            replace(
                thing, size=thing.size * (1.5 if thing.kind in spots else 0.9), place=place, relation=None
            )
        )
    return Scene(tuple(moved), ("sky",), key=scene.key, seed=scene.seed, colours=scene.colours)
