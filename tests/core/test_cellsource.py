"""A cell that is written from a request gives that request back when it is read."""

import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemimg_magic import Engine, GeneratedImage
from gemimg_magic.core.cellsource import Surroundings, cell_source
from gemimg_magic.core.completions import Completion, Provenance
from gemimg_magic.core.line import parse
from gemimg_magic.core.messages import ImagePart, ImageRequest, Message, TextPart, assistant, system, user
from gemimg_magic.core.options import options_at, values_of_params
from gemimg_magic.core.prompt import parse_prompt
from gemimg_magic.notebook.names import Names, joined
from support.gateway import png

FOX, CAT = GeneratedImage.of(png("red")), GeneratedImage.of(png("blue"))
NAMES = {"fox": FOX, "cats": [CAT]}
EXPRESSIONS = {FOX.data: "fox", CAT.data: "cats[0]"}


def name_of(picture):
    return EXPRESSIONS.get(picture.data)


def made_by(request):
    """A picture that this request made."""
    return replace(CAT, name="made", provenance=Provenance(request, request.model), completion=Completion())


def read(cell, **names):
    """The request that a cell means, as the front end reads it."""
    first, _, body = cell.partition("\n")
    body = body if body.endswith("\n") else body + "\n"  # IPython adds the line end
    typed = parse(re.sub(r"\s#\s.*", "", first.removeprefix("%%imagine")), options_at("cell"))
    assert typed.rest == ""
    options = dict(typed.values)
    options.pop("out", None)
    known = Names({**NAMES, **names}, {})
    pictures = [*options.pop("images", ()), *([options.pop("edit")] if "edit" in options else [])]
    front = [part for reference in pictures for part in known.picture(reference, "test")]
    if "conversation" in options:
        options["history"] = known.turns(options.pop("conversation"))
    options["params"] = values_of_params(options.pop("param", ()))
    parts = joined([*front, *known.fill(parse_prompt(body.removesuffix("\n")))])
    return Engine(profile="sketch").request(parts, **options)


# Without what no cell can hold: lone surrogates, and line ends that become \n on the way.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1)
odd_texts = st.lists(
    st.sampled_from(["{{", "}}", "{", "}", "\\", "![", "](", ")", '"', "'", "!", "[", "\n", " ", "a", "fox"]),
    min_size=1,
).map("".join)
pictures = st.sampled_from([FOX, CAT])
prompts = (
    st.lists(st.one_of(texts.map(TextPart), odd_texts.map(TextPart), pictures), min_size=1, max_size=10)
    .map(joined)
    .filter(lambda parts: any(not isinstance(part, TextPart) or part.text.strip() for part in parts))
)
lines = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=20).filter(
    lambda text: not re.search(r"(^|\s)#\s", text)
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | lines,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(lines, inner, max_size=3),
    max_leaves=5,
)
requests = st.builds(
    ImageRequest,
    model=st.sampled_from(["gemini-nano-banana-2.1", "vendor/model:free", "a b"]),
    messages=st.tuples(
        st.one_of(st.none(), lines.filter(bool).map(system)), prompts.map(lambda parts: user(*parts))
    ).map(lambda turns: tuple(turn for turn in turns if turn)),
    max_tokens=st.sampled_from([4096, 99]),
    temperature=st.none() | st.floats(0, 2),
    aspect=st.sampled_from([None, "16:9"]),
    size=st.sampled_from([None, "2K"]),
    seed=st.none() | st.integers(0, 2**53),
    stream=st.booleans(),
    params=st.dictionaries(st.from_regex(r"[a-z_]{1,8}", fullmatch=True), json_values, max_size=2).filter(
        lambda params: not re.search(r"(^|\s)#\s", str(params))
    ),
    take=st.integers(0, 9),
)


@settings(deadline=None)
@given(requests)
def test_a_cell_gives_its_request_back(request):
    assert read(cell_source(made_by(request), name_of)) == request


def test_a_plain_picture_is_a_plain_cell():
    request = ImageRequest("gemini-nano-banana-2.1", (user("a fox\n\nin snow"),), aspect="16:9")

    assert cell_source(made_by(request), name_of) == "%%imagine -o made -a 16:9\na fox\n\nin snow"


def test_options_stand_in_the_order_of_the_table():
    request = ImageRequest(
        "gemini-3-pro-image",
        (system("Be brief."), user("x")),
        max_tokens=99,
        temperature=0.5,
        aspect="16:9",
        size="2K",
        seed=0,
        params={"top_p": 0.9, "user": "ann", "zip": "12345"},
        take=2,
    )

    first = cell_source(made_by(request), name_of).splitlines()[0]

    assert first == (
        "%%imagine -o made -a 16:9 -s 2K -m gemini-3-pro-image -t 0.5 --max-tokens 99 --seed 0 "
        '--system "Be brief." --param top_p 0.9 --param user ann --param zip "\\"12345\\"" --take 2'
    )


def test_pictures_stand_where_they_stood():
    inside = ImageRequest("gemini-nano-banana-2.1", (user("Make ", FOX, " grey, like ", CAT),))
    edit = replace(inside, messages=(user(FOX, "make it blue"),))
    several = replace(inside, messages=(user(FOX, CAT, "join them"),))

    assert cell_source(made_by(inside), name_of).splitlines()[1] == "Make {{fox}} grey, like {{cats[0]}}"
    assert cell_source(made_by(edit), name_of) == "%%imagine -o made -e fox\nmake it blue"
    assert cell_source(made_by(several), name_of) == "%%imagine -o made -i fox -i cats[0]\njoin them"
    assert cell_source(made_by(replace(inside, messages=(user(FOX),))), name_of).endswith("\n{{fox}}")


def test_braces_and_marks_are_escaped():
    request = ImageRequest("gemini-nano-banana-2.1", (user(r"{{x}} ![y](z) {a} \frac{1}{2}"),))

    cell = cell_source(made_by(request), name_of)

    assert cell.splitlines()[1] == r"\{{x}} \![y](z) {a} \frac{1}{2}"


def test_a_picture_that_is_nowhere_is_named_before_anything_is_sent():
    lost = ImagePart.of(png("green"))
    request = ImageRequest("gemini-nano-banana-2.1", (user("like ", lost),))

    cell = cell_source(made_by(request), name_of)

    assert f"  # no variable holds picture_{lost.sha256[:8]} (image/png, " in cell.splitlines()[0]
    assert cell.splitlines()[1] == f"like {{{{picture_{lost.sha256[:8]}}}}}"


def test_a_file_takes_the_place_of_a_variable(private_place):
    (private_place / "a b.png").write_bytes(png("green"))
    lost = ImagePart.of(png("green"))
    near = Surroundings(name_of, lambda part: "a b.png" if part == lost else None)
    inside = ImageRequest("gemini-nano-banana-2.1", (user("like ", lost, "!"),))
    edit = replace(inside, messages=(user(lost, "bluer"),))

    assert cell_source(made_by(inside), near).splitlines()[1] == "like ![](<a b.png>)!"
    assert read(cell_source(made_by(inside), near)) == inside
    assert cell_source(made_by(edit), near) == '%%imagine -o made -e "a b.png"\nbluer'
    assert read(cell_source(made_by(edit), near)) == edit


@pytest.mark.parametrize("rules", [None, "Be brief."])
@pytest.mark.parametrize("new_rules", [False, True])
def test_a_conversation_is_continued_from_the_variable_that_holds_it(rules, new_rules):
    asked = ImageRequest("gemini-nano-banana-2.1", (*([system(rules)] if rules else []), user("a fox")))
    answer = assistant(FOX, extras={"signature": "abc"})
    first = replace(FOX, provenance=Provenance(asked, "m"))
    first = replace(first, completion=Completion(images=(first,)))
    object.__setattr__(first.completion, "choices", (_choice(answer),))
    turns = tuple(turn for turn in first.turns if not (new_rules and turn.role == "system"))
    turns = (system("Be long."), *turns) if new_rules else turns
    request = ImageRequest("gemini-nano-banana-2.1", (*turns, user("greyer")))

    cell = cell_source(made_by(request), Surroundings(name_of, conversations={"first": first.turns}))

    assert "-c first" in cell
    assert ("--system" in cell) == new_rules
    assert read(cell, first=first) == request


def _choice(message: Message):
    from gemimg_magic.core.completions import Choice

    return Choice(0, message)


def test_turns_that_no_variable_holds_are_told():
    turns = (user("a fox"), assistant(FOX), user("greyer"))

    cell = cell_source(made_by(ImageRequest("gemini-nano-banana-2.1", turns)), name_of)

    assert cell == "%%imagine -o made  # add -c NAME: 2 earlier turns are in no variable\ngreyer"


def test_several_takes_are_one_cell():
    request = ImageRequest("gemini-nano-banana-2.1", (user("a fox"),))

    assert cell_source(made_by(request), name_of, out="foxes", count=3) == "%%imagine -o foxes -n 3\na fox"


def test_what_was_not_made_here_has_no_cell():
    with pytest.raises(ValueError, match="no prompt"):
        cell_source(FOX, name_of)
