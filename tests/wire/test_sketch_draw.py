"""The sketch server draws what the words say and really edits pictures."""

import colorsys
import io
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from gemimg_magic.wire.sketch.changes import PICTURE
from gemimg_magic.wire.sketch.colours import COLOURS
from gemimg_magic.wire.sketch.draw import draw
from gemimg_magic.wire.sketch.edit import edit
from gemimg_magic.wire.sketch.groups import Placed
from gemimg_magic.wire.sketch.layout import arrange
from gemimg_magic.wire.sketch.lettering import mark_box, sign, unsign
from gemimg_magic.wire.sketch.stage import set_stage
from gemimg_magic.wire.sketch.styles import REDRAWN
from gemimg_magic.wire.sketch.things import KINDS
from gemimg_magic.wire.sketch.words import read_scene

SMALL = (256, 256)


def sketch(text, size=SMALL, seed=0):
    return draw(read_scene(text, seed), size)


def places(text, size=(1024, 1024)) -> list[Placed]:
    scene = read_scene(text)
    return arrange(scene, set_stage(scene), size)


def blobs(image, colour, near=70):
    """Count the connected areas whose colour is near to a given one."""
    wide, high = image.size
    pixels = image.load()
    left = {
        (x, y)
        for x in range(wide)
        for y in range(high)
        if sum(abs(a - b) for a, b in zip(pixels[x, y], colour, strict=True)) < near
    }
    areas = []
    while left:
        heap, area = [left.pop()], 0
        while heap:
            x, y = heap.pop()
            area += 1
            for spot in ((x + 1, y), (x - 1, y), (x, y + 1), (x, y - 1)):
                if spot in left:
                    left.remove(spot)
                    heap.append(spot)
        areas.append(area)
    return len([area for area in areas if area > wide * high / 2000])


def difference(one, other):
    """Return the mean difference of two pictures, 0 to 255."""
    change = ImageChops.difference(one, other).resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    return sum(change) / 3


def hue_of_middle(image):
    wide, high = image.size
    spot = image.crop((int(wide * 0.3), int(high * 0.45), int(wide * 0.7), int(high * 0.8))).resize((24, 24))
    strong = [
        colorsys.rgb_to_hsv(*(value / 255 for value in spot.getpixel((x, y))))
        for x in range(24)
        for y in range(24)
    ]
    hues = sorted(h for h, s, v in strong if s > 0.55 and v > 0.2)
    return hues[len(hues) // 2]


@pytest.mark.parametrize(("word", "count"), [("three", 3), ("five", 5), ("one", 1)])
def test_as_many_circles_as_asked(word, count):
    picture = sketch(f"{word} red circles on a white background")

    assert blobs(picture, COLOURS["red"], 110) == count


def test_left_of_is_left_and_colours_are_kept():
    picture = sketch("three red circles left of a blue square on a white background")

    assert blobs(picture, COLOURS["red"], 110) == 3
    assert blobs(picture, COLOURS["blue"], 130) == 1
    circles = [
        item.box[0]
        for item in places("three red circles left of a blue square")
        if item.thing.kind == "circle"
    ]
    squares = [
        item.box[0]
        for item in places("three red circles left of a blue square")
        if item.thing.kind == "square"
    ]
    assert max(circles) < min(squares)


def test_between_two_trees_is_between():
    items = places("a bird between two trees")
    bird = next(item.box for item in items if item.thing.kind == "bird")
    trees = sorted(item.box[0] for item in items if item.thing.kind == "tree")

    assert trees[0] < bird[0] < trees[1]


def test_above_is_higher_and_big_is_larger():
    items = {item.thing.kind: item.box for item in places("a star above a house")}
    assert items["star"][1] < items["house"][1]

    big, small = places("a big circle")[0].box, places("a small circle")[0].box
    assert big[2] > small[2] * 1.3


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_thing_is_drawn_inside_the_picture(kind):
    with_it, without = sketch(f"a {kind} on a white background"), sketch("on a white background")

    assert difference(with_it, without) > 0.2


def test_the_letters_are_where_the_words_are():
    with_words = sketch('a poster that says "HELLO"', (512, 512))
    other_words = sketch('a poster that says "OTTER"', (512, 512))
    box = (60, 180, 450, 330)

    assert difference(with_words.crop(box), other_words.crop(box)) > 4


def test_a_gradient_runs_from_one_colour_to_the_other():
    picture = sketch("gradient from teal to pink")
    first, last = picture.getpixel((4, 4)), picture.getpixel((250, 200))

    assert sum(abs(a - b) for a, b in zip(first, COLOURS["teal"], strict=True)) < 60
    assert last[0] > first[0] + 80


def test_the_background_is_as_asked():
    corner = sketch("a heart on a yellow background").getpixel((3, 250))

    assert corner[0] > 200
    assert corner[2] < 120


def test_night_is_darker_than_day_and_winter_is_lighter_than_night():
    def light(text):
        return sketch(text).convert("L").resize((1, 1)).getpixel((0, 0))

    assert light("a fox at night") < light("a fox") - 40
    assert light("a fox in the snow") > light("a fox at night") + 60


def test_another_seed_is_another_picture_of_the_same_thing():
    pictures = {sketch("a fox", seed=seed).tobytes() for seed in range(4)}

    assert len(pictures) == 4


def test_the_same_words_give_the_same_bytes():
    assert sketch("a robot in the rain").tobytes() == sketch("a robot in the rain").tobytes()


@pytest.mark.parametrize("style", sorted(REDRAWN))
def test_every_style_is_another_picture_of_the_wanted_size(style):
    plain, styled = read_scene("a fox"), read_scene(f"a fox, {style}")
    assert styled.style == style
    assert draw(styled, (300, 200)).size == (300, 200)
    assert difference(draw(plain, SMALL), draw(styled, SMALL)) > 3


@pytest.mark.parametrize("size", [(8, 8), (40, 16), (176, 1456), (1456, 176), (17, 300)])
def test_any_size(size):
    assert sketch('a fox and a moon that says "HI" in watercolour', size).size == size
    assert sketch("oil painting of a city", size).size == size


@given(st.text(max_size=120))
@settings(max_examples=60, deadline=None)
def test_any_text_is_drawn(text):
    assert sketch(text, (48, 48)).size == (48, 48)


_KNOWN = """a fox|two trees|under|holding|a red hat|left of|in front of|between|at night|"HI"|on|inside
in the snow|, watercolour|wearing|a zebra|sixty stars|the sea|on a pink background|in a city|and|with
a huge moon|a cup"""
_BITS = st.sampled_from(_KNOWN.replace("\n", "|").split("|"))


@given(st.lists(_BITS, max_size=9))
@settings(max_examples=60, deadline=None)
def test_any_sentence_is_drawn(bits):
    assert sketch(" ".join(bits), (64, 40)).size == (64, 40)


def test_one_picture_is_drawn_quickly_and_is_small():
    started = time.process_time()
    picture = sketch("a fox in the snow", (1024, 1024))
    spent = time.process_time() - started
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=4)

    assert spent < 1.0
    assert len(file.getvalue()) < 1_000_000


def test_the_mark_is_readable_on_light_and_dark():
    for shade in (0, 255, 128):
        plain = Image.new("RGB", (400, 300), (shade, shade, shade))
        left, top, right, low = mark_box(plain.size)
        corner = sign(plain).crop((left, top, right, low)).convert("L")
        darkest, lightest = corner.getextrema()
        assert lightest - darkest > 120


def test_the_mark_can_be_taken_off_again():
    plain = Image.linear_gradient("L").resize((400, 400)).convert("RGB")

    assert difference(unsign(sign(plain)), plain) < 1.0


@pytest.fixture(scope="module")
def fox():
    return sketch("a fox", (320, 320))


@pytest.fixture(scope="module")
def boat():
    return sketch("a boat on the sea", (320, 240))


_EDITS = """
make it greyscale|black and white|sepia|make the fox blue|change the theme colour to red|tint it green|warmer
colder|brighter|darker|more contrast|less contrast|rotate 180 degrees|rotate 12 degrees|upside down
crop to the middle|square crop|blur it|sharpen|mirror it|flip vertically|add a blue frame|pixelate|posterize
add the caption "WINTER"|invert the colours|add a vignette|make it night|as a watercolour|ink drawing
pencil sketch|oil painting|add a moon|with a red hat|pixel art|neon|blueprint|sunset|a birthday card
"""


@pytest.mark.parametrize("words", ["", *_EDITS.strip().replace("\n", "|").split("|")])
def test_every_edit_changes_the_picture(fox, words):
    made = edit([fox], f"{PICTURE} {words}")

    assert made.size != fox.size or difference(made, fox) > 0.3


def test_greyscale_is_grey(fox):
    left, top, _, _ = mark_box(fox.size)
    made = edit([fox], "make it greyscale").crop((0, 0, left, top))
    red, green, blue = made.split()

    assert red.tobytes() == green.tobytes() == blue.tobytes()


@pytest.mark.parametrize(
    ("colour", "low", "high"), [("blue", 0.55, 0.7), ("green", 0.3, 0.45), ("purple", 0.7, 0.85)]
)
def test_recolouring_moves_the_hue_of_the_thing(fox, colour, low, high):
    assert hue_of_middle(fox) < 0.12
    assert low < hue_of_middle(edit([fox], f"make the fox {colour}")) < high


def test_recolouring_leaves_the_rest(fox):
    made = edit([fox], "make the fox blue")
    corner = (0, 0, 60, 40)

    assert difference(made.crop(corner), fox.crop(corner)) < 2


def test_rotation_turns_clockwise_unless_told_otherwise():
    picture = Image.new("RGB", (600, 400), "white")
    picture.paste((255, 0, 0), (0, 0, 100, 100))

    assert edit([picture], "rotate 90 degrees clockwise").getpixel((390, 10)) == (255, 0, 0)
    assert edit([picture], "rotate by 90 degrees anticlockwise").getpixel((10, 590)) == (255, 0, 0)
    assert edit([picture], "rotate 90 degrees").size == (400, 600)


def test_mirroring_and_flipping():
    picture = Image.new("RGB", (200, 200), "white")
    picture.paste((255, 0, 0), (0, 0, 50, 50))

    assert edit([picture], "mirror it").getpixel((190, 10)) == (255, 0, 0)
    assert edit([picture], "flip it vertically").getpixel((10, 150 + 10)) == (255, 0, 0)


def test_edits_happen_in_the_order_of_the_words():
    picture = Image.new("RGB", (200, 200), (200, 40, 40))

    grey_frame = edit([picture], "add a blue frame and make it greyscale").getpixel((2, 2))
    blue_frame = edit([picture], "make it greyscale and add a blue frame").getpixel((2, 2))
    assert len(set(grey_frame)) == 1
    assert blue_frame[2] > blue_frame[0] + 50


def test_an_edit_keeps_the_size_unless_one_is_asked_for(boat):
    assert edit([boat], "make it sepia").size == boat.size
    assert edit([boat], "make it sepia", size=(128, 256)).size == (128, 256)


def test_pictures_are_joined_as_the_words_say(fox, boat):
    beside = edit([fox, boat], f"{PICTURE} beside {PICTURE}")
    above = edit([fox, boat], f"{PICTURE} above {PICTURE}")
    on = edit([fox, boat], f"put {PICTURE} on {PICTURE}")

    assert beside.width > beside.height
    assert above.height > above.width
    assert on.size == boat.size
    assert 1 < difference(on, boat) < 80
    assert (
        len(
            {
                edit([fox, boat], f"{how} {PICTURE} {PICTURE}").tobytes()
                for how in ("collage", "blend", "beside")
            }
        )
        == 3
    )


def test_words_that_are_no_edit_draw_a_scene_around_the_picture(fox, boat):
    garden, beach = edit([fox], "in a green garden"), edit([fox], "friends on a beach")

    assert difference(garden, beach) > 3
    assert difference(garden, edit([boat.resize(fox.size)], "in a green garden")) > 3


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (9, 9)])
def test_tiny_pictures_are_edited_too(size):
    picture = Image.new("RGB", size, "orange")
    for words in (
        "greyscale",
        "watercolour",
        "oil",
        "add a frame",
        "crop to the middle",
        "rotate 30",
        "pixel art",
        "hello",
    ):
        assert edit([picture], words).width > 0
