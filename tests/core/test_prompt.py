"""The cell language: what is text stays text, byte for byte; what is not is found where it stands."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gemimg_magic.core.errors import PromptError
from gemimg_magic.core.prompt import Expression, Reference, Text, parse_prompt


def shape(prompt):
    """The pieces without their places."""
    return [
        piece.text
        if isinstance(piece, Text)
        else (piece.source,)
        if isinstance(piece, Expression)
        else (piece.label, piece.target)
        for piece in parse_prompt(prompt)
    ]


@pytest.mark.parametrize(
    "text",
    [
        '{"style": {"colour": "red"}, "n": [1, {"a": 2}]}',
        '{"a":{"b":1}}',
        r"\frac{a}{b} and $x^2$ for $5",
        "{a|b} {x} {} } }} {",
        "# A heading\n\n* it's `code` [link](http://x) ![",
        "![not closed](",
        "![alt] text",
        "two\nlines\r\nand\ttabs\u2028",
    ],
)
def test_other_languages_pass_untouched(text):
    assert shape(text) == [text]


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("{{fox}}", [("fox",)]),
        ("a {{ fox }} b", ["a ", ("fox",), " b"]),
        ("{{foxes[0].pil}}{{f(1, x=2)}}", [("foxes[0].pil",), ("f(1, x=2)",)]),
        ('{{ {"a": {"b": 1}}["a"] }}', [('{"a": {"b": 1}}["a"]',)]),
        ('{{ {"a": 1} }}', [('{"a": 1}',)]),
        ('{{{"a": 1}}}', [('{"a": 1}',)]),
        ("{{ '}}' }}", [("'}}'",)]),
        (r"\{{fox}} is \{{ text", ["{{fox}} is {{ text"]),
        (r"\![logo](x.png)", ["![logo](x.png)"]),
        ("![logo](logo.png)", [("logo", "logo.png")]),
        ("![](<my logo (1).png>)!", [("", "my logo (1).png"), "!"]),
        ("![a b](my logo.png)", [("a b", "my logo.png")]),
        ("![x](a(1).png) y", [("x", "a(1).png"), " y"]),
        ('![x](a.png "a title")', [("x", "a.png")]),
        ("![x](fox)![y](photos[1])", [("x", "fox"), ("y", "photos[1]")]),
    ],
)
def test_expressions_and_pictures_are_found(prompt, pieces):
    assert shape(prompt) == pieces


def test_raw_takes_everything_as_text():
    assert parse_prompt("{{fox}} ![a](b)", raw=True) == (Text("{{fox}} ![a](b)"),)


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("one\n  {{fox", "line 2, column 3 is not closed"),
        ("{{a b}}", "'a b' is not a Python expression"),
        ("{{}}", "there is nothing in it"),
        ("{{x = 1}}", "not a Python expression"),
    ],
)
def test_a_broken_expression_names_its_place(prompt, says):
    with pytest.raises(PromptError, match=says) as caught:
        parse_prompt(prompt)

    assert "\\{{" in str(caught.value)


@settings(max_examples=500, derandomize=True, deadline=None)
@given(st.text() | st.text(alphabet="{}![]()<>\\\"'a1 \n."))
def test_parsing_is_total(prompt):
    try:
        pieces = parse_prompt(prompt)
    except PromptError:
        return
    assert all(isinstance(piece, Text | Expression | Reference) for piece in pieces)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.text() | st.text(alphabet="{}![]()\\\"'a1 \n$"))
def test_text_without_marks_survives_byte_for_byte(prompt):
    assume("{{" not in prompt and "![" not in prompt)

    assert "".join(piece.text for piece in parse_prompt(prompt)) == prompt


def test_a_long_cell_of_braces_does_not_take_for_ever():
    with pytest.raises(PromptError):
        parse_prompt("{{" + "a}} {{b" * 20_000)
