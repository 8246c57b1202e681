"""The fast path is lossless: what it takes out can be put back exactly, in every chunking."""

from __future__ import annotations

import base64
import json
import random
import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemimg_magic.core.blobs import LONG_LINE, Blob, Blobs
from gemimg_magic.core.payload import Payload

DATA = random.Random(1).randbytes(60_000)
PLAIN = base64.b64encode(DATA).decode()
URL_SAFE = PLAIN.replace("+", "-").replace("/", "_")


def thin(body: bytes, size: int, blobs: Blobs) -> str:
    out = [blobs.feed(body[at : at + size]) for at in range(0, len(body), size)]
    return b"".join([*out, blobs.finish()]).decode()


TEXTS = {
    "plain": PLAIN,
    "unpadded": PLAIN.rstrip("="),
    "url-safe": URL_SAFE,
    "plain, then url-safe": PLAIN[:40_000] + URL_SAFE[40_000:],
    "url-safe, then plain": URL_SAFE[:40_000] + PLAIN[40_000:],
    "glued": PLAIN + "CLet me know." + PLAIN,
    "padding inside": PLAIN + "==" + PLAIN,
    "data uri": f"A fox: data:image/png;base64,{PLAIN} and data:image/png;base64,{PLAIN})",
    "upper case": f"DATA:IMAGE/PNG;BASE64,{PLAIN}",
    "a foreign character": PLAIN[:30_000] + "é" + PLAIN[30_000:],
    "line ends": PLAIN[:30_000] + "\n" + PLAIN[30_000:],
    "letters": "a" * 50_000,
    "slashes": "/" * 50_000,
    "backslashes": ("A" * 3000 + "\\" + "/") * 20,
    "quotes": ("A" * 3000 + '"') * 20,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("size", [1 << 20, 65_536, 4096, 1021, 61])
@pytest.mark.parametrize("slashes", [False, True])
def test_everything_can_be_put_back(text: str, size: int, slashes: bool) -> None:
    written = json.dumps({"a": text, "b": [text, 1], "c": "end"})
    written = written.replace("/", r"\/") if slashes else written
    blobs = Blobs()

    assert json.loads(blobs.restore(thin(written.encode(), size, blobs))) == json.loads(written)


def test_a_long_run_leaves_a_short_token() -> None:
    blobs = Blobs()
    body = json.dumps({"url": f"data:image/png;base64,{PLAIN}"}).encode()

    for size in (len(body), 65_536, 1000):
        assert len(thin(body, size, blobs)) < 150


def test_short_lines_pass_untouched() -> None:
    body = b"".join(b'data: {"content": "%s"}\n\n' % (b"A" * 4096) for _ in range(50))

    assert thin(body, 65_536, Blobs()) == body.decode()


def test_the_end_of_a_document_is_never_held_back() -> None:
    blobs = Blobs()

    assert blobs.feed(b'{"a": 1}') == b'{"a": 1}'


def test_no_text_can_forge_a_token() -> None:
    body = json.dumps({"a": "blob-0000000000000000-0!", "b": "A" * 20_000}).encode()
    blobs, others = Blobs(), Blobs()
    text = thin(body, 4096, blobs)

    assert blobs.mark != others.mark
    assert blobs.restore(text).encode() == body
    assert [type(p) for p in blobs.split(json.loads(text)["a"])] == [str]


def test_forgotten_blobs_are_gone() -> None:
    blobs = Blobs()
    text = thin(json.dumps({"a": PLAIN}).encode(), 65_536, blobs)
    blobs.forget(text)

    assert not any(isinstance(part, Blob) for part in blobs.split(text))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(
        st.one_of(
            st.integers(900, 3000).map(lambda n: PLAIN[:n]),
            st.integers(900, 3000).map(lambda n: URL_SAFE[:n]),
            st.sampled_from(
                ["\\", "/", '"', "=", "==", "data:image/png;base64,", "base64,", "é", "\n", ")", "-", "+"]
            ),
            st.text(max_size=5),
        ),
        max_size=30,
    ),
    st.lists(st.integers(1, 9000), min_size=1, max_size=20),
    st.booleans(),
)
def test_any_text_in_any_pieces(pieces: list[str], cuts: list[int], slashes: bool) -> None:
    text = "".join(pieces) + PLAIN[:LONG_LINE] + "".join(pieces)
    written = json.dumps([text, text])
    written = written.replace("/", r"\/") if slashes else written
    body, blobs, out, at, n = written.encode(), Blobs(), [], 0, 0
    while at < len(body):
        out.append(blobs.feed(body[at : at + cuts[n % len(cuts)]]))
        at += cuts[n % len(cuts)]
        n += 1
    out.append(blobs.finish())

    assert json.loads(blobs.restore(b"".join(out).decode())) == [text, text]


def test_memory_stays_near_the_size_of_the_data() -> None:
    data = random.Random(2).randbytes(6_000_000)
    body = b'{"a": "' + base64.b64encode(data) + b'"}'
    pieces = [body[at : at + 65_536] for at in range(0, len(body), 65_536)]
    tracemalloc.start()
    try:
        blobs = Blobs()
        text = b"".join([blobs.feed(piece) for piece in pieces] + [blobs.finish()]).decode()
        [blob] = [part for part in blobs.split(text) if isinstance(part, Blob)]
        value = blob.growing.value()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert value == data
    assert peak < 1.15 * len(data) + 500_000


@pytest.mark.parametrize("size", [1, 3, 100, 5000])
def test_payloads_end_where_the_base64_ends(size: int) -> None:
    for text in (PLAIN, URL_SAFE, PLAIN.rstrip("="), "\n".join(re.findall(".{1,76}", PLAIN))):
        raw = text[: 8000 if size < 100 else None].encode() + b") and more"
        payload = Payload()
        left = None
        for at in range(0, len(raw), size):
            left = payload.feed(raw[at : at + size])
            if left is not None:
                left += raw[at + size :]
                break
        # No picture by its bytes: taken to its end all the same, so that no base64 becomes text.
        assert left is not None
        assert left.endswith(b") and more")
