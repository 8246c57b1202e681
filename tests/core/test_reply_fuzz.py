"""Whatever bytes come, in whatever pieces: the same result, and no error but our own."""

from __future__ import annotations

import base64
import io
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from gemimg_magic.core.completions import Completion, TextDelta
from gemimg_magic.core.errors import APIError, GemimgError
from gemimg_magic.core.reply import ReplyReader

CORPUS = Path(__file__).parents[1] / "corpus"
HTTP = {
    name: case["http"]
    for name, case in json.loads((CORPUS / "expected.json").read_text("utf-8"))["cases"].items()
}
BODIES = {name: (CORPUS / name).read_bytes() for name in HTTP}


def png(seed: int, size: int = 120) -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (size, size), random.Random(seed).randbytes(size * size * 3)).save(out, "PNG")
    return out.getvalue()


def result(name: str, pieces: list[bytes], broken: str | None = None) -> tuple[Any, ...]:
    """All that a reply amounts to, comparable."""
    reader = ReplyReader(**HTTP[name]) if name else ReplyReader()
    shown: list[str] = []
    for piece in pieces:
        shown += [event.text for event in reader.feed(piece) if isinstance(event, TextDelta)]
    try:
        completion: Completion | None = reader.finish(broken)
        said: tuple[Any, ...] = ()
    except GemimgError as error:
        completion = error.completion
        said = (type(error), str(error))
        if isinstance(error, APIError):
            said += (error.code, error.type, error.param, error.retry_after, error.request_id)
    assert completion is not None
    parts = [(c.message.parts, c.message.extras, c.finish_reason, c.reasoning) for c in completion.choices]
    json.dumps(completion.document).encode()
    assert all(image.data and image.width for image in completion.images)
    return (
        said,
        completion.text,
        parts,
        (completion.images, completion.drafts, completion.image_urls),
        (completion.warnings, completion.usage, completion.form, completion.id, completion.model),
        completion.document,
        "".join(shown)[:9] if name.endswith(".sse") else "",  # JSON in crumbs may be told at the end only
    )


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    pieces, at, n = [], 0, 0
    while at < len(data):
        pieces.append(data[at : at + cuts[n % len(cuts)]])
        at += cuts[n % len(cuts)]
        n += 1
    return pieces


CUTS = st.lists(st.integers(1, 400), min_size=1, max_size=12)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(st.sampled_from(sorted(BODIES)), CUTS)
def test_the_pieces_do_not_matter(name: str, cuts: list[int]) -> None:
    assert result(name, cut(BODIES[name], cuts)) == result(name, [BODIES[name]])


WORDS = b"""
null [] {} "" -1 1e999 "\\ud800" \\u0000 " \\ } ] , : data: [DONE] \xff \x00 true ![ data:image/png;base64,
<think> NaN "choices" "error" "usage" "message" "images" https://a/b.png
"""
LONG = [b"", b"\n\n", b"\r", b"data: ", b"9" * 400, b"{" * 40, b"[" * 1500, b"A" * 2000]
JUNK = st.one_of(st.binary(max_size=6), st.sampled_from(WORDS.split() + LONG))


@settings(max_examples=700, deadline=None, derandomize=True)
@given(
    st.sampled_from(sorted(BODIES)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), JUNK), min_size=1, max_size=4),
    st.booleans(),
    CUTS,
)
def test_mutated_replies_raise_only_our_errors(name: str, edits: list, broke: bool, cuts: list[int]) -> None:
    body = BODIES[name]
    for where, length, junk in edits:
        at = int(where * len(body))
        body = body[:at] + junk + body[at + length :]
    broken = "reset" if broke else None

    assert result(name, cut(body, cuts), broken) == result(name, [body], broken)


KEYS = """
choices message delta content images image image_url url type text parts candidates error code usage
data output finish_reason index audio detail metadata b64_json id promptFeedback blockReason
content_blocks reasoning thought inlineData created model response completion_tokens
completion_tokens_details image_tokens reasoning_details errors success result
"""
TEXTS = ["data:image/png;base64,iVBORw0KGgo=", "https://a/b.png", "stop", "SAFETY"]
VALUES = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.sampled_from(TEXTS)
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5),
    ),
    max_leaves=25,
)


@settings(max_examples=700, deadline=None, derandomize=True)
@given(VALUES, st.sampled_from([200, 400, 429, 503]), st.booleans())
def test_known_keys_with_any_values(value: Any, status: int, stream: bool) -> None:
    body = json.dumps(value).encode()
    reader = ReplyReader(status=status)
    reader.feed(b"data: " + body + b"\n\n" if stream else body)
    said = "a completion"
    try:
        reader.finish()
    except GemimgError as error:
        said = str(error)
    assert said


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from(["md", "bare", "image", "text", "spaced"])),
        min_size=1,
        max_size=4,
    ),
    st.lists(st.integers(100, 30_000), min_size=1, max_size=6),
    st.integers(60, 40_000),
    st.booleans(),
)
def test_large_pictures_in_any_pieces(items: list, cuts: list[int], width: int, stream: bool) -> None:
    content, images = "", []
    for seed, style in items:
        uri = "data:image/png;base64," + base64.b64encode(png(seed)).decode()
        content += {
            "md": f"a ![x]({uri}) b",
            "bare": f" {uri}\n",
            "text": "words ",
            "image": "",
            "spaced": f"![x]({uri[:9000]}\n{uri[9000:]})",
        }[style]
        images += [{"image_url": {"url": uri}}] if style == "image" else []
    if stream:
        events = [{"delta": {"content": content[i : i + width]}} for i in range(0, len(content), width)] + [
            {"delta": {"images": images}}
        ]
        body = b"".join(b"data: %s\n\n" % json.dumps({"choices": [event]}).encode() for event in events)
    else:
        body = json.dumps({"choices": [{"message": {"content": content, "images": images}}]}).encode()
    wanted = [png(seed) for seed, style in items if style in ("md", "bare", "spaced")] + [
        png(seed) for seed, style in items if style == "image"
    ]
    whole = result("", [body])

    assert result("", cut(body, cuts)) == whole
    assert [image.data for image in whole[3][0]] == list(dict.fromkeys(wanted))


@pytest.mark.parametrize("name", [n for n in sorted(BODIES) if b"base64" in BODIES[n]])
def test_a_cut_reply_never_gives_half_a_picture(name: str) -> None:
    body = BODIES[name]
    full = result(name, [body])[3][0]
    for at in range(0, len(body), 5):
        for broken in ("reset", None):
            assert set(result(name, [body[:at]], broken)[3][0]) <= set(full)
