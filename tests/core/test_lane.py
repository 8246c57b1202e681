"""Streams of many small events are read in runs; the result is that of reading each event by itself."""

from __future__ import annotations

from typing import Any

import pytest

from gemimg_magic.core import reply
from gemimg_magic.core.completions import TextDelta
from gemimg_magic.core.reply import ReplyReader
from gemimg_magic.core.sse import SSEDecoder
from support.replies import JPEG, chunk, noise, sse, uri

PICTURE = noise(60)
BEFORE, BEHIND = b'{"a":"', b'"}'


def texts(text: str, size: int) -> list[dict]:
    return [chunk(content=text[at : at + size]) for at in range(0, len(text), size)]


STEPS = texts(f"Here: ![a]({uri(PICTURE)}) and it is done. ", 97)
MIDDLE = len(STEPS) // 2
LONG = f"![a]({uri(noise(150))}) and it is done. "
HALF, REST = STEPS[:MIDDLE], STEPS[MIDDLE:]
STREAMS = {
    "plain": sse(*STEPS),
    "two pictures": sse(*STEPS, *texts(f"![b]({uri(JPEG, 'image/jpeg')}) – so.", 5)),
    "five characters": sse(*texts(f"![a]({uri(PICTURE)})", 5)),
    "a comment between": sse(*HALF, b": PING", *REST),
    "another event between": sse(*HALF, chunk(reasoning_content="hm"), *REST),
    "another choice between": sse(*HALF, chunk(index=1, content="Second."), *REST),
    "usage between": sse(*HALF, {"usage": {"total_tokens": 9}, "choices": []}, *REST),
    "an escape between": sse(*HALF, chunk(content="\n"), *REST),
    "a picture of its own between": sse(
        *HALF, chunk(images=[{"image_url": {"url": uri(JPEG, "image/jpeg")}}]), *REST
    ),
    "a long event between": sse(
        *texts(LONG[:3000], 97), chunk(content=LONG[3000:43_000]), *texts(LONG[43_000:], 97)
    ),
    "an error at the end": sse(*STEPS, {"error": {"message": "out of order"}}, done=False),
    "words that are no ASCII": sse(*STEPS, *texts("Schöne Grüße, 你好 🎉, und noch mehr.", 3)),
    "no space": sse(*STEPS).replace(b"data: ", b"data:"),
    "CR LF": sse(*STEPS).replace(b"\n", b"\r\n"),
    "CR": sse(*STEPS).replace(b"\n", b"\r"),
    "ids that differ": sse(*({**step, "id": f"x{number}"} for number, step in enumerate(STEPS))),
    "two data lines": sse(*HALF, b'data: {"choices":\ndata: []}', *REST),
    "cut": sse(*STEPS, *HALF)[:-40],
    "no end": sse(*STEPS, done=False)[:-2],
}


def read(body: bytes, size: int) -> tuple[Any, ...]:
    """All that a reply amounts to, comparable."""
    reader = ReplyReader()
    shown = ""
    for at in range(0, len(body), size):
        for event in reader.feed(body[at : at + size]):
            if isinstance(event, TextDelta) and not event.reasoning:
                shown += event.text
    completion = reader.finish()
    choices = [(choice.message.parts, choice.reasoning) for choice in completion.choices]
    images = [image.data for image in completion.images]
    # When the last words are told depends on the pieces.
    return images, choices, completion.warnings, completion.usage, completion.document, shown[:6]


@pytest.mark.parametrize("name", STREAMS)
def test_runs_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = STREAMS[name]
    with monkeypatch.context() as slow:
        slow.setattr(ReplyReader, "_around", lambda self: None)
        expected = [read(body, size) for size in (1, len(body))]
    assert expected[0] == expected[1]

    for size in (7, 64, 500, 1448, 4096, 65536):
        assert read(body, size) == expected[0], size


def test_most_events_are_read_in_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    take = reply.ReplyReader._take

    def counted(self: ReplyReader, frames: list) -> None:
        found.extend(frames)
        take(self, frames)

    monkeypatch.setattr(ReplyReader, "_take", counted)
    images, *_ = read(STREAMS["five characters"], 4096)

    assert images == [PICTURE]
    assert len(found) < STREAMS["five characters"].count(b"data:") / 10


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b'data: {"a":"x"}\n\ndata: {"a":"y"}\n\ndata: {"a', [b'{"a":"xy"}']),
        (b'data:{"a":"x"}\n\ndata:{"a":"y"}\n\n\n', [b'{"a":"xy"}']),
        (b'data: {"a":"x"}\n\ndata:{"a":"y"}\n\n', [b'{"a":"x"}', b'{"a":"y"}']),
        (b'data: {"a":"x"}\n\n: hi\n\ndata: {"a":"y"}\n\n', [b'{"a":"x"}', b'{"a":"y"}']),
        (b'data: {"a":"x\\n"}\n\n', [b'{"a":"x\\n"}']),
        (b'data: {"a":"x","b":"y"}\n\n', [b'{"a":"x","b":"y"}']),
        (b'data: {"a":"x"}\n\ndata: {"b":"y"}\n\n', [b'{"a":"x"}', b'{"b":"y"}']),
        (b'data: {"a":"x"}\n\ndata: {"b":1}\n\n', [b'{"a":"x"}', b'{"b":1}']),
        (b'event: e\ndata: {"a":"x"}\n\n', [b'{"a":"x"}']),
        (b'data: {"a":"x"}\ndata: 1\n\ndata: {"a":"y"}\n\n', [b'{"a":"x"}\n1', b'{"a":"y"}']),
        (b'data: {"a":""}\n\n', [b'{"a":""}']),
        (b"data: 1\n\n", [b"1"]),
    ],
)
def test_a_run_begins_with_the_bytes_and_holds_nothing_else(data: bytes, found: list) -> None:
    assert SSEDecoder().feed(data, (BEFORE, BEHIND)) == found

    for at in range(len(data)):
        decoder = SSEDecoder()
        events = [*decoder.feed(data[:at]), *decoder.feed(data[at:], (BEFORE, BEHIND))]
        assert b"".join(map(value, events)) == b"".join(map(value, found)), at


def value(event: bytes) -> bytes:
    """What an event says, whether it came alone or in a run."""
    return event.removeprefix(BEFORE).removesuffix(BEHIND)
