"""Reads the changes to a picture that a text asks for, in the order of its words."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageOps

from . import retouch, styles
from .colours import COLOURS, RGB
from .lexicon import kind_of_word
from .overlay import add
from .things import KINDS
from .tokens import LONGEST, read_colour, tokens
from .words import read_scene

PICTURE = "\ufffc"
Change = Callable[[Image.Image], Image.Image]
Make = Callable[["re.Match[str]", str], Change | None]


@dataclass(frozen=True, slots=True)
class Step:
    """One change that the words ask for, and where in the words it was asked."""

    at: int
    end: int
    name: str
    change: Change


def _always(change: Change) -> Make:
    return lambda match, text: change


def _bright(by: float) -> Make:
    return _always(lambda image: retouch.bright(image, by))


def _contrast(by: float) -> Make:
    return _always(lambda image: retouch.contrast(image, by))


def _vivid(by: float) -> Make:
    return _always(lambda image: retouch.vivid(image, by))


def _warm(by: float) -> Make:
    return _always(lambda image: retouch.warm(image, by))


def _style(name: str) -> Make:
    return lambda match, text: lambda image: styles.apply(name, image, key=text)


def _colour_in(text: str) -> RGB | None:
    words = tokens(text)
    return next(
        (colour for at in range(len(words)) if (colour := read_colour(words, at)[0]) is not None), None
    )


def _rotation(match: re.Match[str], text: str) -> Change | None:
    phrase = match.group(0).lower()
    number = re.search(r"\d+(?:\.\d+)?", phrase)
    degrees = float(number.group()[:8]) if number else 180.0 if "upside" in phrase else 90.0
    if re.search(r"anti-?clockwise|counter-?clockwise|\bleft\b", phrase):
        degrees = -degrees
    return lambda image: retouch.rotate(image, degrees)


def _flip(match: re.Match[str], text: str) -> Change | None:
    if re.search(r"vertical|top to bottom", match.group(0), re.IGNORECASE):
        return ImageOps.flip
    return ImageOps.mirror


def _crop(match: re.Match[str], text: str) -> Change | None:
    phrase = match.group(0).lower()
    words = {
        "left": "left",
        "right": "right",
        "top": "top",
        "upper": "top",
        "bottom": "bottom",
        "lower": "bottom",
    }
    part = next((part for word, part in words.items() if word in phrase), None)
    part = part or ("square" if "square" in phrase else "middle")
    return lambda image: retouch.crop(image, part)


def _frame(match: re.Match[str], text: str) -> Change | None:
    colour = _colour_in(match.group(0)) or (92, 62, 46)
    return lambda image: retouch.frame(image, colour)


def _recolour(match: re.Match[str], text: str) -> Change | None:
    words, colour = set(tokens(match.group("noun") or "")), _colour_in(match.group("colour"))
    if colour is None:
        return None
    if words & {"background", "backdrop", "sky"}:
        down_to = 0.62 if "sky" in words else 1.0
        return lambda image: retouch.replace_ground(image, colour, down_to=down_to)
    if words & {
        "theme",
        "picture",
        "image",
        "photo",
        "everything",
        "all",
        "whole",
        "colours",
        "colors",
        "mood",
    }:
        return lambda image: retouch.tint(image, colour)
    kinds = [found[0] for word in words if (found := kind_of_word(word))]
    now = KINDS[kinds[-1]].colour if kinds else None
    return lambda image: retouch.recolour(image, colour, now)


def _tint(match: re.Match[str], text: str) -> Change | None:
    colour = _colour_in(match.group(0))
    return None if colour is None else lambda image: retouch.tint(image, colour, 0.75)


def _add(match: re.Match[str], text: str) -> Change | None:
    scene = read_scene(match.group("what"))
    return (lambda image: add(image, scene)) if scene.things else None


_NAMES = "|".join(sorted((name.replace(" ", "[ -]") for name in COLOURS), key=len, reverse=True))
_COLOUR = rf"(?:(?:light|dark|pale|deep|bright) )?(?:(?:{_NAMES})\b|#[0-9a-f]{{6}}\b|#[0-9a-f]{{3}}\b)"
_WAY = r"(?:anti-?clockwise|counter-?clockwise|clockwise|left|right)"
_PART = r"(?:square|middle|cent(?:re|er)|left|right|top|bottom|upper|lower)"
_VERB = r"(?:make|turn|paint|add|put|rotate|crop|blur|mirror|flip|change|colou?r|frame|tint)"
_RULES: tuple[tuple[str, tuple[str, ...], Make], ...] = (
    (
        "grey",
        (r"gr[ea]y ?-?scale", r"black[ -]and[ -]white", r"\bb&w\b", "monochrome", r"desaturate\w*"),
        _always(retouch.grey),
    ),
    ("grey", (r"remove (?:the |all )*colou?rs?", r"without colou?rs?"), _always(retouch.grey)),
    ("sepia", (r"\bsepia\b", r"\bvintage\b", r"old photo\w*"), _always(retouch.sepia)),
    ("invert", (r"\binvert\w*", r"\bnegative\b"), _always(ImageOps.invert)),
    (
        "rotate",
        (
            rf"\b(?:rotat|turn|spin)\w*\b(?: \w+){{0,4}}? (?:by )?\d+(?:\.\d+)?"
            rf"(?: ?°| deg(?:ree)?s?)?(?: to the)?(?: {_WAY}\b)?",
            r"upside[ -]down",
            rf"\brotat\w*\b(?:(?: \w+){{0,3}} {_WAY}\b)?",
            rf"\bturn(?: it| this)? (?:on its side|to the {_WAY}|{_WAY}\b)",
        ),
        _rotation,
    ),
    ("flip", (r"\b(?:mirror|flip)\w*\b(?:(?: \w+){0,3} (?:horizontally|vertically|top to bottom))?",), _flip),
    (
        "crop",
        (
            rf"\bcrop\w*\b(?: (?:to|it|this|the|a|into|in|out))*(?: {_PART}\b)?(?: half)?",
            r"\b(?:left|right|top|bottom|upper|lower) half\b",
            r"\bzoom(?:ed)? in\b",
        ),
        _crop,
    ),
    ("blur", (r"\bblur\w*", r"\bout of focus\b", r"\bsoften\w*"), _always(retouch.blur)),
    ("sharpen", (r"\bsharp(?:en|er)\w*", r"\bcrisp\w*"), _always(retouch.sharpen)),
    ("brighter", (r"\bbright(?:er|en)\w*", r"\blighter\b", r"\blighten\w*"), _bright(1.45)),
    ("darker", (r"\bdark(?:er|en)\w*",), _bright(0.62)),
    ("less contrast", (r"\b(?:less|lower|reduce(?: the)?) contrast",), _contrast(0.65)),
    ("contrast", (r"\bcontrast\w*",), _contrast(1.45)),
    ("muted", (r"\bmuted\b", r"\bfaded?\b", r"less (?:colou?rful|saturat\w+)"), _vivid(0.45)),
    ("vivid", (r"\bsaturat\w*", r"\bvivid\b", r"\bcolou?rful\b"), _vivid(1.7)),
    ("warmer", (r"\bwarm(?:er)?\b",), _warm(1.0)),
    ("colder", (r"\bcold(?:er)?\b", r"\bcool(?:er)?\b"), _warm(-1.0)),
    ("pixelate", (r"\bpixelat\w*", r"\bmosaic\b"), _always(retouch.pixelate)),
    ("posterize", (r"\bposteri[sz]e\w*",), _always(retouch.posterize)),
    ("vignette", (r"\bvignett\w*",), _always(retouch.vignette)),
    ("night", (r"\b(?:at |by |into |it )?night(?:time)?\b",), _always(retouch.night)),
    ("sunset", (r"\b(?:at )?(?:sunset|dusk|golden hour)\b",), _always(retouch.sunset)),
    (
        "frame",
        (
            r"(?:\b(?:add|put|with|in|draw)\b )?(?:\ban? |\bthe )?(?:(?!and\b|then\b)[a-z#0-9]+ ){0,3}?"
            r"(?:frame|border)\b(?: in [a-z]+)?",
        ),
        _frame,
    ),
    ("watercolour", (r"\bwater ?colou?r\w*", r"\baquarelle\b"), _style("watercolour")),
    ("pencil", (r"\bpencil\b(?: (?:drawing|sketch))?", r"\bgraphite\b"), _style("pencil")),
    (
        "ink",
        (r"\b(?:pen and )?ink\b(?: drawing| sketch)?", r"\bline (?:art|drawing)\b", "woodcut"),
        _style("ink"),
    ),
    ("pixel art", (r"\bpixel[ -]?art\b", r"\b8[ -]?bit\b"), _style("pixel")),
    ("oil", (r"\boil\b(?: painting| paint)?", r"\bimpressionist\w*", r"\bvan gogh\b"), _style("oil")),
    ("blueprint", (r"\bblueprint\b",), _style("blueprint")),
    ("neon", (r"\bneon\b",), _style("neon")),
    ("poster", (r"\bposter\b",), _style("poster")),
    (
        "tint",
        (
            rf"\btint\w*\b(?: (?:it|this|the|picture|image|with|in|to|a))* {_COLOUR}",
            rf"\bin (?:tones|shades) of {_COLOUR}",
            rf"\b{_COLOUR} (?:tint|theme)\b",
        ),
        _tint,
    ),
    (
        "recolour",
        (
            r"\b(?:make|turn|paint|colou?r|recolou?r|change|dye|set)\b (?P<noun>(?:[\w']+ ){0,5}?)"
            rf"(?:(?:to|into|in|be) )?(?P<colour>{_COLOUR})",
        ),
        _recolour,
    ),
    (
        "recolour",
        (
            r"\b(?P<noun>(?:theme|colou?rs?|background)(?: \w+){0,3}?) (?:to|is|are|should be) "
            rf"(?P<colour>{_COLOUR})",
        ),
        _recolour,
    ),
    (
        "add",
        (
            rf"\b(?:add|include|draw|give (?:it|her|him|them)|put|place|wearing|with)\b "
            rf"(?P<what>[^.;{PICTURE}\n]+?)"
            rf"(?=,? (?:and|then|but) {_VERB}\b|[.;\n]|$)",
        ),
        _add,
    ),
)


def _rule_steps(name: str, pattern: str, make: Make, text: str, taken: list[Step]) -> list[Step]:
    found: list[Step] = []
    for match in re.finditer(pattern, text, re.IGNORECASE):
        inside = any(match.start() < step.end and step.at < match.end() for step in taken)
        if match.group(0) and not inside and (change := make(match, text)) is not None:
            found.append(Step(match.start(), match.end(), name, change))
    return found


def read_steps(text: str) -> list[Step]:
    """Find the changes that a text asks for, in the order of its words."""
    steps: list[Step] = []
    for name, patterns, make in _RULES:
        for pattern in patterns:
            steps += _rule_steps(name, pattern, make, text[:LONGEST], steps)
    return sorted(steps, key=lambda step: step.at)
