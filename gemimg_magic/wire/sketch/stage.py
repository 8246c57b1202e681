"""Decides where a scene takes place, and in which light and colours."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .colours import RGB, lighter, mix
from .dice import Dice
from .scene import Scene
from .things import kind_of


@dataclass(frozen=True, slots=True)
class Stage:
    """The place of a scene.

    Args:
        place: "plain", "room", "land", "sea", "beach", "desert", "space" or "underwater".
        time: "day", "night", "sunset" or "dawn".
        sky: The colours of the sky from the top down.
        far: The hills far away.
        mid: The hills nearer.
        near: The ground.
        veil: What the light adds to every colour, and how much of it.
        horizon: How far down the sky reaches, 0 to 1.
    """

    place: str
    time: str
    sky: tuple[RGB, ...]
    far: RGB
    mid: RGB
    near: RGB
    veil: tuple[RGB, float]
    horizon: float

    def light(self, colour: RGB) -> RGB:
        """Return a colour as it looks in the light of this place."""
        return mix(colour, self.veil[0], self.veil[1])


_Look = tuple[tuple[RGB, ...], RGB, RGB, RGB]

_DAYS: tuple[_Look, ...] = (
    (((146, 204, 222), (206, 228, 222), (252, 240, 214)), (150, 192, 186), (124, 174, 142), (104, 156, 108)),
    (((244, 200, 162), (250, 222, 188), (254, 242, 218)), (202, 186, 172), (160, 172, 136), (122, 150, 106)),
    (((132, 186, 216), (184, 216, 226), (240, 238, 222)), (138, 174, 190), (116, 166, 156), (120, 168, 106)),
    (((186, 222, 210), (222, 236, 218), (250, 244, 220)), (164, 198, 176), (136, 182, 142), (150, 172, 98)),
)
_WINTER: _Look = (
    ((160, 196, 220), (206, 224, 236), (246, 240, 234)),
    (176, 200, 218),
    (208, 222, 234),
    (240, 245, 250),
)
_AUTUMN: _Look = (
    ((196, 214, 214), (238, 222, 192), (252, 234, 202)),
    (200, 164, 132),
    (206, 146, 84),
    (184, 138, 74),
)
_SPRING: _Look = (
    ((166, 214, 232), (220, 234, 228), (252, 240, 230)),
    (166, 206, 178),
    (148, 198, 132),
    (134, 188, 104),
)
_NIGHT: _Look = (((16, 22, 58), (34, 44, 96), (78, 82, 136)), (48, 60, 110), (38, 54, 94), (30, 46, 78))
_SUNSET: _Look = (
    ((92, 74, 138), (226, 116, 108), (254, 196, 116)),
    (132, 78, 122),
    (96, 62, 104),
    (70, 50, 84),
)
_DAWN: _Look = (
    ((132, 160, 208), (240, 190, 194), (254, 226, 190)),
    (168, 162, 190),
    (138, 146, 164),
    (118, 140, 134),
)
_SPACE: _Look = (((12, 12, 36), (26, 22, 64), (54, 34, 88)), (60, 44, 100), (48, 38, 86), (38, 32, 70))
_DEEP: _Look = (
    ((84, 190, 208), (38, 132, 176), (18, 76, 128)),
    (26, 104, 150),
    (22, 88, 134),
    (206, 186, 138),
)
_PAPERS: tuple[RGB, ...] = (
    (244, 236, 222),
    (226, 236, 236),
    (240, 228, 226),
    (230, 234, 220),
    (236, 230, 240),
)
_WALLS: tuple[tuple[RGB, RGB], ...] = (
    ((226, 214, 200), (176, 134, 104)),
    ((196, 216, 214), (164, 128, 104)),
    ((238, 214, 196), (150, 112, 98)),
    ((206, 210, 226), (142, 122, 122)),
)
_VEILS: dict[str, tuple[RGB, float]] = {
    "day": ((255, 255, 255), 0.0),
    "night": ((26, 34, 92), 0.4),
    "sunset": ((210, 84, 84), 0.2),
    "dawn": ((244, 188, 198), 0.16),
}


def set_stage(scene: Scene) -> Stage:
    """Choose the place, the light and the palette of a scene."""
    dice = Dice("stage", scene.key, scene.seed)
    place = _place(scene)
    time = scene.time or ("night" if "stars" in scene.settings or _has(scene, "moon", "crescent") else "day")
    look = _look(scene, place, time, dice)
    veil = _VEILS[time] if place not in {"plain", "room"} or scene.time else _VEILS["day"]
    if place == "space":
        veil = ((60, 50, 120), 0.08)
    if place == "underwater":
        veil = ((20, 110, 160), 0.16)
    horizon = dice.real(0.56, 0.64) if place != "room" else dice.real(0.64, 0.7)
    stage = Stage(place, time, look[0], look[1], look[2], look[3], veil, horizon)
    if set(scene.weather) & {"rain", "fog"} and place not in {"plain", "room"}:
        stage = replace(stage, sky=tuple(mix(colour, (128, 138, 152), 0.5) for colour in stage.sky))
    if scene.style == "blueprint" and place == "plain":
        return replace(stage, sky=((112, 140, 168), (112, 140, 168)))
    if scene.gradient:
        return replace(stage, sky=scene.gradient)
    if scene.background is not None and place in {"plain", "room"}:
        ground = scene.background
        return replace(stage, place="plain", sky=(lighter(ground, 0.12), ground), near=ground)
    return stage


def _has(scene: Scene, *kinds: str) -> bool:
    return any(thing.kind in kinds for thing in scene.things)


def _place(scene: Scene) -> str:
    if scene.style == "blueprint" and not scene.settings:
        return "plain"
    for name in ("underwater", "space", "beach", "sea", "desert", "room"):
        if name in scene.settings:
            return name
    if scene.settings:
        return "land"
    if scene.gradient or scene.background is not None:
        return "plain"
    homes = [kind_of(thing.kind, thing.noun).home for thing in scene.things]
    if _has(scene, "fish") and all(home == "sea" for home in homes):
        return "underwater"
    if _has(scene, "rocket", "planet") and "ground" not in homes:
        return "space"
    if "sea" in homes and "ground" not in homes:
        return "sea"
    if _has(scene, "lighthouse"):
        return "sea"
    if _has(scene, "cactus"):
        return "desert"
    if any(home in {"ground", "sky", "air", "sea"} for home in homes) or (scene.time and not homes):
        return "land"
    if "table" in homes:
        return "land" if scene.weather or scene.season or scene.time else "room"
    return "land" if (scene.weather or scene.season or scene.time) and not scene.lettering else "plain"


def _look(scene: Scene, place: str, time: str, dice: Dice) -> _Look:
    if place == "space":
        return _SPACE
    if place == "underwater":
        return _DEEP
    if place == "plain":
        paper = dice.pick(_PAPERS)
        if scene.time:
            return (*_time_look(time, dice)[:1], paper, paper, paper)
        return ((lighter(paper, 0.5), paper), paper, paper, mix(paper, (120, 104, 110), 0.16))
    if place == "room":
        wall, table = dice.pick(_WALLS)
        return ((lighter(wall, 0.3), wall), wall, wall, table)
    return _seasonal(scene, _time_look(time, dice), time)


def _time_look(time: str, dice: Dice) -> _Look:
    looks = {"night": _NIGHT, "sunset": _SUNSET, "dawn": _DAWN}
    return looks.get(time) or dice.pick(_DAYS)


def _seasonal(scene: Scene, look: _Look, time: str) -> _Look:
    season = {"winter": _WINTER, "autumn": _AUTUMN, "spring": _SPRING}.get(scene.season)
    if season is None:
        return look
    if time == "day":
        return season
    share = 0.55 if scene.season == "winter" else 0.25
    return (
        look[0],
        mix(look[1], season[1], share * 0.5),
        mix(look[2], season[2], share * 0.7),
        mix(look[3], season[3], share),
    )
