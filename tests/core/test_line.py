"""The line of a magic: options at its start, the prompt as typed behind them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemimg_magic.core.errors import PromptError
from gemimg_magic.core.line import parse
from gemimg_magic.core.options import OPTIONS, by_flag, checked, usage


@pytest.mark.parametrize(
    ("line", "values", "rest"),
    [
        ("", {}, ""),
        ("it's a cat", {}, "it's a cat"),
        ("-o cat it's a cat's life", {"out": ("cat",)}, "it's a cat's life"),
        ("-o a,b,c x", {"out": ("a", "b", "c")}, "x"),
        ("-q -o fox", {"quiet": True, "out": ("fox",)}, ""),
        ("--aspect 16:9 --ar=9:16 x", {"aspect": "9:16"}, "x"),
        ("-s 2k x", {"size": "2K"}, "x"),
        ("-t 0 x", {"temperature": 0.0}, "x"),
        ("--stream --no-stream x", {"stream": False}, "x"),
        ("-i fox -i crops[0] x", {"images": ("fox", "crops[0]")}, "x"),
        ('-i "my fox.png" x', {"images": ('"my fox.png"',)}, "x"),
        ('-i f(a, "b c")[1] x', {"images": ('f(a, "b c")[1]',)}, "x"),
        ('--system "Be brief, \\"please\\"." x', {"system": 'Be brief, "please".'}, "x"),
        ("--param top_p 0.5 --param user ann x", {"param": (("top_p", "0.5"), ("user", "ann"))}, "x"),
        ("-- -5 degrees", {}, "-5 degrees"),
        ("-5 degrees", {}, "-5 degrees"),
        ("- a list item", {}, "- a list item"),
        ('{"json": [1, 2]} $5 \\frac{a}{b}', {}, '{"json": [1, 2]} $5 \\frac{a}{b}'),
    ],
)
def test_options_are_read_and_the_rest_stays_as_typed(line, values, rest):
    typed = parse(line)

    assert dict(typed.values) == values
    assert typed.rest == rest


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("--bogus x", "There is no option --bogus. See %%imagine?"),
        ("--aspct 16:9", "Did you mean --aspect?"),
        ("--ou fox x", "Did you mean --out?"),
        ("-a 16-9 x", "It takes a ratio such as 16:9."),
        ("-t 3 x", "It takes a number from 0 to 2."),
        ("-t warm x", "It takes a number from 0 to 2."),
        ("-t nan x", "It takes a number from 0 to 2."),
        ("--max-tokens 0 x", "It takes a whole number from 1 up."),
        ("-s huge x", "It takes 512, 1K, 2K or 4K."),
        ("-o 2fast x", "It takes a variable name"),
        ("-o", "-o needs NAME"),
        ("-o -q x", "-o needs NAME"),
        ("-i [1, 2", "is not closed with ]"),
        ('--system "open', "is not closed"),
        ("--api-key sk-abcdefghijklmnopqrstuv x", "seems to hold an API key"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_way_out(line, says):
    with pytest.raises(PromptError) as caught:
        parse(line)

    assert says in str(caught.value)
    assert "abcdefghijklmnopqrstuv" not in str(caught.value)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from([*by_flag(OPTIONS), "x", "[", '"', "1:1", "=", "-"])).map(" ".join)
)
def test_no_line_raises_anything_else(line):
    try:
        typed = parse(line)
    except PromptError:
        return
    assert typed.rest in line


def test_values_from_python_follow_the_same_rules():
    assert checked("aspect", "16:9") == "16:9"
    assert checked("seed", None) is None
    with pytest.raises(PromptError, match="0 to 2"):
        checked("temperature", 2.5)


def test_every_option_is_explained_once():
    flags = [flag for option in OPTIONS for flag in option.flags]

    assert len(flags) == len(set(flags))
    assert all(option.help and flag in usage(OPTIONS) for option in OPTIONS for flag in option.flags)
