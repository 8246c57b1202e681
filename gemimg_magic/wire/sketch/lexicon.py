"""The words that the sketch server knows, as tables."""

from __future__ import annotations

import re
from typing import TypeVar

from .things import KINDS

Value = TypeVar("Value")


def _words(table: dict[Value, str]) -> dict[str, Value]:
    """Turn "value: its words" round; an underscore stands for a space."""
    return {word.replace("_", " "): value for value, words in table.items() for word in words.split()}


NUMBERS: dict[str, int] = _words(
    {
        1: "a an one single",
        2: "two pair couple both",
        3: "three",
        4: "four few some",
        5: "five several group bunch",
        6: "six herd",
        7: "seven",
        8: "eight",
        9: "nine many flock",
        10: "ten",
        11: "eleven",
        12: "twelve dozen",
        20: "twenty",
        30: "thirty",
        50: "fifty",
        60: "hundred",
    }
)

SIZES: dict[str, float] = _words(
    {
        0.45: "tiny",
        0.65: "small little",
        0.5: "mini miniature",
        0.8: "short",
        1.35: "big large",
        1.3: "tall",
        1.7: "huge massive",
        1.8: "giant gigantic enormous",
    }
)

STYLES: dict[str, str] = _words(
    {
        "watercolour": "watercolour watercolor aquarelle",
        "ink": "ink line_drawing line_art lineart woodcut linocut pen_drawing engraving",
        "pixel": "pixel_art pixelart 8_bit 8bit pixel pixels",
        "oil": "oil_painting in_oil oils oil impressionist van_gogh",
        "blueprint": "blueprint",
        "neon": "neon cyberpunk",
        "pencil": "pencil charcoal_drawing pencil_drawing crayon",
        "poster": "poster travel_poster screen_print",
        "flat": "flat minimal minimalist vector",
    }
)

SETTINGS: dict[str, str] = _words(
    {
        "forest": "forest woods wood jungle",
        "trees": "trees",
        "mountains": "mountain mountains alps peaks volcano",
        "sea": "sea ocean lake waves water river harbour harbor bay",
        "city": "city skyline town street",
        "village": "village",
        "meadow": "meadow field fields grass hill hills park garden landscape",
        "desert": "desert dunes",
        "beach": "beach island shore coast",
        "space": "space galaxy cosmos universe",
        "stars": "stars starry",
        "sky": "sky",
        "underwater": "underwater aquarium reef",
        "room": "room table desk kitchen",
        "snow": "snow snowy arctic ice",
    }
)

TIMES: dict[str, str] = _words(
    {
        "night": "night midnight moonlight moonlit nighttime",
        "sunset": "sunset dusk evening twilight",
        "dawn": "sunrise dawn morning",
        "day": "day noon daylight",
    }
)

SEASONS: dict[str, str] = _words(
    {
        "winter": "winter snow snowy frozen frosty christmas",
        "autumn": "autumn autumnal fall",
        "spring": "spring",
        "summer": "summer",
    }
)

WEATHER: dict[str, str] = _words(
    {
        "snow": "snow snowing snowfall snowflakes blizzard",
        "rain": "rain rainy raining storm stormy",
        "fog": "fog foggy mist misty",
        "clouds": "cloudy clouds",
        "sun": "sunny",
    }
)

SYNONYMS: dict[str, str] = _words(
    {
        "fox": "foxes vixen",
        "wolf": "wolves coyote husky",
        "cat": "kitten kitty tabby lynx tiger",
        "dog": "puppy puppies hound corgi beagle",
        "rabbit": "bunny bunnies hare",
        "bear": "teddy",
        "bird": "sparrow robin bluebird chick",
        "fish": "goldfish fishes",
        "butterfly": "butterflies moth",
        "tree": "oak maple",
        "pine": "fir spruce conifer",
        "flower": "rose tulip daisy daisies sunflower poppy poppies",
        "mushroom": "toadstool",
        "leaf": "leaves",
        "apple": "cherry tomato",
        "house": "home cottage hut cabin barn",
        "tower": "skyscraper building office",
        "castle": "palace",
        "boat": "ship sailboat yacht",
        "car": "taxi van truck bus",
        "rocket": "spaceship spacecraft shuttle",
        "robot": "android",
        "cup": "mug coffee tea teacup",
        "hat": "cap",
        "book": "notebook",
        "lantern": "lamp candle",
        "umbrella": "parasol",
        "person": "man woman men women people boy girl child children astronaut",
        "face": "portrait smiley smile",
        "bar chart": "chart graph histogram barchart",
        "circle": "disc disk dot ball sphere",
        "oval": "ellipse",
        "square": "box cube",
        "rectangle": "rect",
        "triangle": "pyramid",
        "diamond": "rhombus gem",
        "ring": "donut doughnut hoop",
        "cross": "plus",
        "spiral": "swirl",
        "air balloon": "hot-air_balloon",
        "planet": "mars saturn earth",
    }
)

PAIRS: dict[str, str] = _words(
    {
        "bar chart": "bar_chart bar_graph",
        "air balloon": "air_balloon",
        "pine": "fir_tree pine_tree christmas_tree",
        "bare tree": "bare_tree",
        "bear": "teddy_bear polar_bear",
        "crescent": "crescent_moon half_moon",
        "fox": "red_panda",
        "tree": "apple_tree oak_tree",
        "hat": "top_hat",
        "cup": "coffee_cup cup_of mug_of",
        "boat": "sailing_boat",
        "star": "shooting_star",
    }
)

EMPTY_PAIRS = frozenset({"night sky"})

PLACES: dict[str, tuple[float | None, float | None]] = {
    "left": (0.22, None),
    "right": (0.78, None),
    "top": (None, 0.22),
    "upper": (None, 0.22),
    "bottom": (None, 0.8),
    "lower": (None, 0.8),
    "centre": (0.5, 0.5),
    "center": (0.5, 0.5),
    "middle": (0.5, 0.5),
    "corner": (None, None),
}

RELATION_WORDS = (
    ("left", ("to the left of", "left of", "on the left of")),
    ("right", ("to the right of", "right of", "on the right of")),
    ("front", ("in front of", "before")),
    ("on", ("on top of", "sitting on", "standing on", "lying on", "on", "upon", "atop")),
    ("above", ("flying over", "above", "over")),
    ("below", ("below", "under", "beneath", "underneath")),
    ("beside", ("next to", "beside", "near", "alongside", "by", "and beside", "close to")),
    ("between", ("between",)),
    ("behind", ("behind",)),
    ("in", ("inside of", "inside", "in", "within")),
    ("hold", ("holding", "carrying", "reading", "with")),
    ("wear", ("wearing",)),
)

_QUIET = """
travel sizes shapes things kinds objects items
caption label heading signature rock rocks cliff stone stones ground floor
4k 8k a above across add after again against all along also among an and angle angry another any are
around art artwork as aspect at away back backdrop background banner based be beautiful before behind
being below beside best between big blocked bottom brave bright but by can card carrying center centre
cinematic clean close cold color colored colors colour coloured colours cool corner could cover create
cut cute dark deep design detail detailed did different do does done down draft draw drawing drinking
during each eating every false few flying for foreground format from front full generate get give good
got gradient had half happy has have having hd he her here high his holding how i icon illustrate
illustration image imagine in inside inspired into is it it's its json jumping just keep kind left less
lettering letters light lighting like logo lonely look looking looks lovely lower macro made make many
may me middle might model modern more much must my near new next nice no not null of off old on one only
onto or other our out outside over paint painting pale pastel pattern photo photograph photography
photorealistic picture place playful playing please pretty prompt put quality ratio reading reads
realistic really render resolution retro right running sad same say saying says scene set shade shall
she shot should show side simple sitting size sketch sleeping sleepy slow smiling so soft some sort
standing sticker style styled subject swimming text texture than that the their then there these they
this those three through tiny title titled to together tone tones too top transparent true two type uhd
under up upper use used using version very view vintage vivid walking wallpaper warm was we wearing what
when where which while who why wide will with within without word words would you young your
"""
QUIET = frozenset(_QUIET.split())


def kind_of_word(word: str) -> tuple[str, bool] | None:
    """Return the drawing that a word names and whether the word is a plural."""
    for form, plural in ((word, False), *((single, True) for single in _singles(word))):
        name = SYNONYMS.get(form, form)
        if name in KINDS:
            return name, plural or word in {"foxes", "people", "men", "women", "children", "leaves", "wolves"}
    return None


def _singles(word: str) -> list[str]:
    forms = []
    if word.endswith("ies") and len(word) > 4:
        forms.append(word[:-3] + "y")
    if word.endswith("es") and len(word) > 4:
        forms.append(word[:-2])
    if word.endswith("s") and len(word) > 3 and not word.endswith("ss"):
        forms.append(word[:-1])
    return forms


def style_of(text: str) -> str:
    """Return the style that a text names; an oil lamp is not an oil painting."""
    padded = f" {text} "
    for words in sorted(STYLES, key=len, reverse=True):
        if f" {words} " in padded and not (
            words == "oil" and re.search(r" oil (?:lamp|lantern|rig|tank)", padded)
        ):
            return STYLES[words]
    return ""
