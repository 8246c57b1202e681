"""Whatever a server sends, as HTTP and as JSON, through client and store: a picture, or our error.

`GEMIMG_FUZZ_SECONDS` says for how long; the default keeps the whole of the tests short.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import time
from pathlib import Path

import httpx
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from gemimg_magic.core.canonical import canonical
from gemimg_magic.core.errors import GemimgError
from gemimg_magic.core.limits import Limits
from gemimg_magic.core.messages import ImageRequest, user
from gemimg_magic.core.preview import mime_bundle
from gemimg_magic.core.profiles import find_profile
from gemimg_magic.core.secret import Secret
from gemimg_magic.recall import Recall
from gemimg_magic.wire.client import Client
from gemimg_magic.wire.store import Store

SECONDS = float(os.environ.get("GEMIMG_FUZZ_SECONDS", "20"))
KEY = "canary-fuzz-5512ee"
SECRET = Secret(KEY, "a test", "https://gateway.example")
CORPUS = Path(__file__).parents[1] / "corpus"
CASES = json.loads((CORPUS / "expected.json").read_text("utf-8"))["cases"]
BODIES = {name: ((CORPUS / name).read_bytes(), case["http"]) for name, case in CASES.items()}

WORDS = rb"""
null [] {} "" -1 1e999 "\ud800" \u0000 " \ } ] , : data: [DONE] true ![ data:image/png;base64, <think> NaN
https://a.example/b.png "error":{"message": "choices": "finish_reason": "usage": "images":[ iVBORw0KGgo
""".split()
WORDS += [b"\n\n", b"\r", b"\xff", b"\x00", b"9" * 400, b"{" * 40, b"[" * 1500, b"A" * 2000, KEY.encode()]
JUNK = st.one_of(st.binary(max_size=8), st.sampled_from(WORDS))
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), JUNK), max_size=5)
STATUS = st.sampled_from(
    [200, 200, 200, 201, 204, 206, 301, 307, 400, 401, 404, 413, 418, 429, 500, 503, 529, 599]
)
HEADER = st.one_of(
    st.tuples(
        st.sampled_from(
            [
                "content-type",
                "retry-after",
                "x-request-id",
                "location",
                "content-encoding",
                "date",
                "x-litellm-response-cost",
                "retry-after-ms",
                "content-length",
            ]
        ),
        st.one_of(
            st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
            st.sampled_from(
                [
                    "text/event-stream",
                    "application/json",
                    "gzip",
                    "identity",
                    "br",
                    "-1",
                    "1e9",
                    "nan",
                    "inf",
                    "Wed, 21 Oct 2099 07:28:00 GMT",
                    "https://[::1",
                    "//",
                    KEY,
                    "http://127.0.0.1:1/",
                    "0",
                    "99999999999",
                ]
            ),
        ),
    ),
)


class Pieces(httpx.AsyncByteStream):
    """A body in pieces that may break off."""

    def __init__(self, data: bytes, size: int, fault: Exception | None) -> None:
        self._data, self._size, self._fault = data, size, fault

    async def __aiter__(self):
        for at in range(0, len(self._data), self._size):
            yield self._data[at : at + self._size]
        if self._fault is not None:
            raise self._fault


FAULTS = [
    None,
    None,
    httpx.ReadError("reset"),
    httpx.RemoteProtocolError("short"),
    httpx.ReadTimeout("slow"),
    OSError(5),
]


async def asked(response: httpx.Response, store: Store, stream: bool, mode: str):
    """One request through client, store and display; what came of it."""

    def answer(_: httpx.Request) -> httpx.Response:
        return response

    client = Client(
        "https://gateway.example/v1",
        profile=find_profile("custom"),
        key=SECRET,
        limits=Limits(total=5, idle=5, reply_bytes=4_000_000, document_bytes=1_000_000),
        retries=0,
        transport=httpx.MockTransport(answer),
    )
    request = ImageRequest("m", (user("a fox"),), stream=stream)
    recall = Recall(store, mode, keeps=True)
    events = []
    try:
        made = await recall.answer(
            request, lambda emit, journal: client.complete(request, emit, journal), events.append
        )
        [mime_bundle(image) for image in (*made.images, *made.drafts)]
        again = store.lookup(canonical(request))
        # What cannot be recorded (the key stands in the picture) is said.
        assert again is not None or made.warnings
        said = repr(made)
        assert made.images
    except GemimgError as problem:
        said = f"{problem!r} {problem} {problem.completion!r}"
        "".join(problem._render_traceback_())
    finally:
        await client.aclose()
    assert KEY not in said
    assert KEY not in repr(events)


class Out(Exception):
    """The time is over."""


def test_fuzzing_raises_nothing_but_our_errors(tmp_path, capsys):
    count, began, number = 0, time.monotonic(), 0
    loop = asyncio.new_event_loop()

    @settings(
        max_examples=400,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )
    @given(
        st.sampled_from(sorted(BODIES)), EDITS, st.one_of(st.none(), STATUS), st.lists(HEADER, max_size=3),
        st.sampled_from([1, 7, 97, 1448, 70_000]), st.sampled_from(FAULTS), st.booleans(), st.booleans(),
    )  # fmt: skip
    def one(name, edits, status, headers, size, fault, stream, packed):
        nonlocal count
        if time.monotonic() - began > SECONDS:
            return  # the rest of a round, in no time
        body, http = BODIES[name]
        for where, length, junk in edits:
            at = int(where * len(body))
            body = body[:at] + junk + body[at + length :]
        size = max(size, len(body) // 2000)
        told = [*http.get("headers", {}).items(), *headers]
        if packed:
            body = gzip.compress(body, 1)
            told.append(("content-encoding", "gzip"))
        response = httpx.Response(
            status or http.get("status", 200),
            headers=[(name, value.encode("latin-1", "replace")) for name, value in told],
            stream=Pieces(body, size, fault),
        )
        count += 1
        loop.run_until_complete(
            asked(response, Store(tmp_path / "imagined", keys=[SECRET], day="2026-01-01"), stream, "record")
        )

    try:
        while time.monotonic() - began < SECONDS:
            number += 1
            seed(number)(one)()
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
    with capsys.disabled():
        print(f"\n{count:,} mutated replies in {SECONDS:g} s")
    assert count > 5 * SECONDS
    written = b"".join(path.read_bytes() for path in (tmp_path / "imagined").rglob("*") if path.is_file())
    assert KEY.encode() not in written
