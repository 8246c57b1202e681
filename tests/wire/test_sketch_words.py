"""The sketch server reads nouns, colours, counts, places, letters, styles and its special words."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemimg_magic.wire.sketch.behave import read_behaviour
from gemimg_magic.wire.sketch.changes import read_steps
from gemimg_magic.wire.sketch.colours import COLOURS
from gemimg_magic.wire.sketch.lettering import take_lettering
from gemimg_magic.wire.sketch.words import read_scene


def kinds(text):
    return [(thing.kind, thing.count) for thing in read_scene(text).things]


def test_counts_colours_and_relations_belong_to_their_nouns():
    circles, square = read_scene("three red circles left of a blue square").things

    assert (circles.kind, circles.count, circles.colour) == ("circle", 3, COLOURS["red"])
    assert (square.kind, square.count, square.colour) == ("square", 1, COLOURS["blue"])
    assert circles.relation is not None
    assert (circles.relation.kind, circles.relation.to) == ("left", 1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a fox", [("fox", 1)]),
        ("two foxes", [("fox", 2)]),
        ("a dozen stars above a house", [("star", 12), ("house", 1)]),
        ("3 kittens and 2 puppies", [("cat", 3), ("dog", 2)]),
        ("a cup of coffee", [("cup", 1)]),
        ("a hot air balloon", [("air balloon", 1)]),
        ("five butterflies", [("butterfly", 5)]),
    ],
)
def test_nouns_and_counts(text, wanted):
    assert kinds(text) == wanted


@pytest.mark.parametrize(
    ("text", "colour"),
    [
        ("a #ff00aa circle", (255, 0, 170)),
        ("a #0f0 circle", (0, 255, 0)),
        ("a navy blue circle", COLOURS["navy blue"]),
        ("the circle is teal", COLOURS["teal"]),
        ("make the circle in crimson", COLOURS["crimson"]),
    ],
)
def test_colours(text, colour):
    assert read_scene(text).things[0].colour == colour


def test_light_and_dark_move_a_colour():
    light = read_scene("a light green circle").things[0].colour
    dark = read_scene("a dark green circle").things[0].colour

    assert sum(light) > sum(COLOURS["green"]) > sum(dark)


def test_there_are_at_least_forty_colours():
    assert len(COLOURS) >= 40


def test_what_joined_things_do_they_do_together():
    cat, dog, tree = read_scene("a cat and a dog under a tree").things

    assert cat.relation == dog.relation
    assert cat.relation is not None
    assert read_scene("a cat and a dog under a tree").things[cat.relation.to] is not None
    assert tree.relation is None


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("a fox in the snow", "season", "winter"),
        ("a tree in autumn", "season", "autumn"),
        ("a city at night", "time", "night"),
        ("mountains at sunset", "time", "sunset"),
        ("watercolour mountains", "style", "watercolour"),
        ("a robot, pixel art", "style", "pixel"),
        ("an oil lamp", "style", ""),
        ("a heart on a yellow background", "background", COLOURS["yellow"]),
        ("a heart, background: yellow", "background", COLOURS["yellow"]),
        ("a gradient from teal to pink", "gradient", (COLOURS["teal"], COLOURS["pink"])),
        ('a poster that says "HELLO"', "lettering", ("HELLO",)),
        ("a poster titled 'Come in'", "lettering", ("Come in",)),
        ("a sign that says WELCOME HOME on a door", "lettering", ("WELCOME HOME",)),
        ("a fox in the rain", "weather", ("rain",)),
    ],
)
def test_the_words_around_the_nouns(text, field, value):
    assert getattr(read_scene(text), field) == value


def test_places():
    heart, star = read_scene("a heart in the top left corner and a star at the bottom").things

    assert heart.place is not None
    assert heart.place[0] < 0.4
    assert heart.place[1] < 0.4
    assert star.place is not None
    assert star.place[1] > 0.6


def test_a_noun_nobody_drew_stands_for_itself():
    (thing,) = read_scene("a zebra").things

    assert (thing.kind, thing.noun) == ("motif", "zebra")


def test_json_prompts_are_not_lettering():
    assert take_lettering('{"subject": "a fox", "style": "ink"}')[1] == ()


def test_the_same_text_gives_the_same_scene():
    assert read_scene("a fox in the snow", 3) == read_scene("a fox in the snow", 3)
    assert read_scene("a fox") != read_scene("a fox!")


@given(st.text(max_size=400))
@settings(max_examples=150, deadline=None)
def test_any_text_is_a_scene(text):
    assert read_scene(text).style is not None
    read_steps(text)
    read_behaviour(text)


_KNOWN = """
a the two red fox circle tree under above between in with holding and , . left right top 99 background
gradient from to moon stars night snow sea says frame make rotate crop put on of
"""
_WORDS = st.sampled_from(_KNOWN.split())


@given(st.lists(_WORDS, max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_order_of_known_words_is_a_scene(words):
    scene = read_scene(" ".join(words))

    assert all(1 <= thing.count <= 60 for thing in scene.things)
    assert all(thing.relation is None or thing.relation.to < len(scene.things) for thing in scene.things)


@pytest.mark.parametrize(
    "text", ["", " ", "\x00\ud800", "🦊" * 2000, "a " * 50_000, '"' * 999, "(" * 5000, "9" * 5000]
)
def test_odd_texts_are_read_quickly(text):
    read_scene(text)
    read_steps(text)
    read_behaviour(text)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("make it greyscale", ["grey"]),
        ("make the fox blue", ["recolour"]),
        ("mirror it, then rotate it by 20 degrees and add a gold frame", ["flip", "rotate", "frame"]),
        ("blur it and then make it sepia", ["blur", "sepia"]),
        ("make it sepia and then blur it", ["sepia", "blur"]),
        ("add a moon", ["add"]),
        ("left half", ["crop"]),
        ("a birthday card for Anna", []),
    ],
)
def test_edits_are_read_in_the_order_of_the_words(text, wanted):
    assert [step.name for step in read_steps(text)] == wanted


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("slow: a fox", 3.0),
        ("a fox (slow)", 3.0),
        ("slow 10: a fox", 10.0),
        ("slow", 3.0),
        ("a fox, slow", 3.0),
        ("[slow 0.5] a fox", 0.5),
        ("a slow river", 0.0),
        ("a fox walks slowly", 0.0),
    ],
)
def test_slow_needs_a_clear_form(text, wait):
    assert read_behaviour(text).wait == wait


@pytest.mark.parametrize("word", ["blocked", "cut", "draft"])
def test_firm_words_need_brackets_or_a_colon(word):
    assert word in read_behaviour(f"[{word}] a fox").flags
    assert word in read_behaviour(f"{word}: a fox").flags
    assert word in read_behaviour(f"a fox ({word})").flags
    assert word not in read_behaviour(f"a {word} fox by the river").flags


def test_special_words_leave_the_prompt():
    behaviour = read_behaviour("two pictures of a cat [slow 2]")

    assert (behaviour.prompt, behaviour.pictures, behaviour.wait) == ("a cat", 2, 2.0)
