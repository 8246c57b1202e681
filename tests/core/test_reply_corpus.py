"""Every recorded reply of the corpus, whole and in pieces of every kind, gives what `expected.json` says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gemimg_magic.core.completions import Completion, ImageArrived, TextDelta
from gemimg_magic.core.errors import (
    APIError,
    BlockedError,
    CutShortError,
    GemimgError,
    LostImageError,
    NoImageError,
    RefusedError,
)
from gemimg_magic.core.reply import ReplyReader

CORPUS = Path(__file__).parents[1] / "corpus"
EXPECTED = json.loads((CORPUS / "expected.json").read_text("utf-8"))
CASES = EXPECTED["cases"]
OUTCOMES = {"text_only": RefusedError, "blocked": BlockedError, "truncated": CutShortError, "error": APIError}


def read(case: str, pieces: list[bytes]):
    http = CASES[case]["http"]
    reader = ReplyReader(status=http["status"], headers=http["headers"])
    events = [event for piece in pieces for event in reader.feed(piece)]
    try:
        return reader.finish(), None, events
    except GemimgError as error:
        return error.completion, error, events


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[i : i + size] for i in range(0, len(data), size)]


def check(case: str, pieces: list[bytes]) -> None:
    expected = CASES[case]
    completion, error, events = read(case, pieces)
    check_outcome(expected, completion, error)
    assert completion is not None
    assert " ".join(completion.text.split()) == " ".join(expected["text"].split())
    assert [(i.sha256, i.media_type) for i in completion.images] == [
        (i["sha256"], i["mime"]) for i in expected["images"]
    ]
    assert list(completion.image_urls) == expected["image_urls"]
    assert completion.finish_reason == expected["finish_reason"]
    assert [d.sha256 for d in completion.drafts] == [d["sha256"] for d in expected.get("drafts", [])]
    if "primary_index" in expected:
        assert completion.image is completion.images[expected["primary_index"]]
    if "native_finish_reason" in expected:
        assert completion.choices[0].native_finish_reason == expected["native_finish_reason"]
    if "reasoning" in expected:
        assert completion.choices[0].reasoning == expected["reasoning"]
    for name, value in expected.get("usage", {}).items():
        assert getattr(completion.usage, name) == value
    shown = "".join(e.text for e in events if isinstance(e, TextDelta))
    assert "base64" not in shown
    assert "![" not in shown
    arrived = [e.image for e in events if isinstance(e, ImageArrived)]
    assert [i for i in arrived if i not in completion.drafts][: len(completion.images)] == arrived
    json.dumps(completion.document)


def check_outcome(expected: dict, completion: Completion | None, error: GemimgError | None) -> None:
    outcome = expected["outcome"]
    if outcome == "image" and expected["images"]:
        assert error is None
    elif outcome in ("image", "empty"):
        assert isinstance(error, NoImageError)
        assert type(error) in (NoImageError, LostImageError)
    else:
        assert type(error) is OUTCOMES[outcome] or (outcome == "error" and isinstance(error, APIError))
    if wanted := expected["error"]:
        assert isinstance(error, APIError)
        assert wanted["message_contains"] in error.message
        assert (error.code, error.type, error.retry_after) == (
            wanted["code"],
            wanted["type"],
            wanted["retry_after"],
        )


@pytest.mark.parametrize("case", CASES)
def test_whole(case: str) -> None:
    check(case, [(CORPUS / case).read_bytes()])


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("case", CASES)
def test_in_pieces(case: str, size: int) -> None:
    check(case, cut((CORPUS / case).read_bytes(), size))


@pytest.mark.parametrize("case", [c for c in CASES if (CORPUS / c).stat().st_size < 2000])
def test_split_at_every_byte(case: str) -> None:
    data = (CORPUS / case).read_bytes()
    for at in range(len(data) + 1):
        check(case, [data[:at], data[at:]])


def test_the_corpus_is_complete() -> None:
    files = {p.name for p in CORPUS.iterdir() if p.is_file()} - {"expected.json"}

    assert files == set(CASES)
    assert len(CASES) == 82
