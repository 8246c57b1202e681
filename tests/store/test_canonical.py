"""The key of a request: what changes it and what must not, on any machine and in any version."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gemimg_magic.core.canonical import canonical, difference, dump, key, key_of, likeness
from gemimg_magic.core.errors import PromptError
from gemimg_magic.core.messages import ImagePart, ImageRequest, assistant, system, user
from gemimg_magic.inputs import picture_parts
from support.gateway import png


def ask(*parts, **fields):
    return ImageRequest(fields.pop("model", "m"), (user(*(parts or ("a fox",))),), **fields)


def test_a_key_is_the_same_for_ever():
    """Stores are committed to git: a change of this value would make every one of them useless."""
    request = ImageRequest(
        "gemini-nano-banana-2.1",
        (system("Be brief."), user("a fox 狐", ImagePart(b"\x89PNG\r\n\x1a\n", "image/png"))),
        temperature=0.5,
        aspect="16:9",
        params={"top_p": 0.1},
        take=2,
    )

    assert key(request) == "21df633e0bbe60a1de254f81bf69dc4828bf4c700b49cf51bfe11ab3a3b168c4"


@pytest.mark.parametrize(
    "other",
    [
        ask("a fox "),
        ask("A fox"),
        ask(model="n"),
        ask(aspect="1:1"),
        ask(size="1K"),
        ask(seed=0),
        ask(temperature=0),
        ask(max_tokens=4095),
        ask(take=1),
        ask(params={"top_p": 1}),
        ask(png(), "a fox"),
        ask("a fox", png()),
        ImageRequest("m", (system("a fox"),)),
        ImageRequest("m", (user("a fox"), assistant("yes"))),
    ],
)
def test_what_is_asked_changes_the_key(other):
    assert key(other) != key(ask())


def test_how_it_is_asked_does_not():
    assert key(ask(stream=True)) == key(ask())
    assert key(ask("a\r\nfox")) == key(ask("a\nfox"))
    assert key(ask(temperature=1)) == key(ask(temperature=1.0))
    assert key(ask(max_tokens=4096)) == key(ask())
    assert key(ask(params={"a": 1, "b": {"x": 1, "y": 2}})) == key(
        ask(params={"b": {"y": 2, "x": 1}, "a": 1})
    )
    assert key(ask(params={"top_p": None})) == key(ask())


def test_no_text_is_made_equal_to_another():
    """Composed and decomposed letters are different prompts; a model may draw them differently."""
    assert key(ask("caf\u00e9")) != key(ask("cafe\u0301"))


def test_opaque_fields_of_a_turn_count():
    said = [ImageRequest("m", (assistant("yes", extras={"signature": s}), user("go"))) for s in "ab"]

    assert key(said[0]) != key(said[1])
    assert len(dump(canonical(said[0]))) < 500


def test_pixels_count_where_the_bytes_are_the_encoders():
    """The same array gives other PNG bytes with another zlib or Pillow; it is the same request."""
    pixels = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    from_array, from_pillow = (picture_parts(value)[0] for value in (pixels, Image.fromarray(pixels)))
    otherwise = ImagePart(png(), "image/png", content_id=from_array.content_id)

    assert key(ask(from_array)) == key(ask(from_pillow)) == key(ask(otherwise))
    assert key(ask(picture_parts(pixels[::-1])[0])) != key(ask(from_array))


def test_a_picture_counts_by_its_bytes_wherever_it_came_from(tmp_path):
    data = png("teal")
    (tmp_path / "teal.png").write_bytes(data)

    assert key(ask(picture_parts(tmp_path / "teal.png")[0])) == key(ask(picture_parts(data)[0]))


@pytest.mark.parametrize("odd", [{1}, object(), float("nan"), float("inf"), {1: 2}, b"x"])
def test_what_is_no_json_is_refused_before_it_is_sent(odd):
    with pytest.raises(PromptError, match="not JSON"):
        key(ask(params={"odd": odd}))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_the_canonical_text_says_what_the_value_says(value):
    """A record is read back and its key computed again: the text must survive that."""
    text = dump(value)

    assert dump(json.loads(text)) == text


def test_what_differs_is_said_in_few_words():
    old, new = (
        canonical(ask("a red fox in the snow")),
        canonical(ask("a blue fox in the snow", model="n", seed=4)),
    )

    assert (
        difference(old, new)
        == "model is n, not m; the prompt says 'blue', not 'red'; seed is 4 instead of unset"
    )
    assert difference(old, old) == "an earlier turn is another"
    assert "pictures" in difference(old, canonical(ask("a red fox in the snow", png())))
    assert (
        likeness(old, old)
        > likeness(old, new)
        > likeness(old, canonical(ask("w", model="z", take=1, seed=1)))
    )


def test_the_key_comes_from_the_form():
    assert key(ask()) == key_of(canonical(ask()))
