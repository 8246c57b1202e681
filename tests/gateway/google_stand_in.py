"""A stand-in for Google's native Gemini API, for a real gateway to be put in front of.

    with Gateway() as google:
        google.otherwise = google_stand_in.answer
        ...                                  # a gateway is told that Google is at f"{google.origin}/v1beta"
        assert pictures_in(google.last.json) == [reference]

`Gateway` is the recording server of support/gateway.py; this file only says what Google answers. It really
draws: a picture's look depends on the prompt, its shape on `imageConfig`, and a prompt with a picture gives
the same picture in grey. Words in the prompt ask for everything else; they are the keys of `_BY_WORD`.
The replies have the form of Google's API reference for `generateContent`.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

from support.gateway import Received, Reply, reply

MODEL = "gemini-2.5-flash-image"
KEY = "AIza-the-key-that-the-gateway-holds"
TOKENS_OF_A_PICTURE = 1290
REFUSAL = "I cannot draw this. Would a kite do instead?"


def draw(prompt: str, *, aspect: str = "1:1", kind: str = "PNG") -> bytes:
    """The picture for a prompt; the same prompt always gives the same bytes."""
    across, down = (int(number) * 8 for number in aspect.split(":"))
    digest = hashlib.sha256(prompt.encode()).digest()
    if "large" in prompt:  # noise cannot be compressed: more than two megabytes
        side = 900
        picture = Image.frombytes("RGB", (side, side), random.Random(digest).randbytes(3 * side * side))
    else:
        picture = Image.new("RGB", (across, down), tuple(digest[:3]))
        picture.paste(tuple(digest[3:6]), (0, 0, across // 2, down // 2))
    return _saved(picture, kind)


def greyed(picture: bytes) -> bytes:
    """What an edit makes of a picture."""
    return _saved(Image.open(io.BytesIO(picture)).convert("L"), "PNG")


def pictures_in(request: dict[str, Any]) -> list[bytes]:
    """The bytes of the pictures that came with a request."""
    return [base64.b64decode(part["data"], validate=True) for part in _inline(request)]


def prompt_in(request: dict[str, Any]) -> str:
    """The text of a request."""
    return "".join(part.get("text", "") for turn in request["contents"] for part in turn["parts"])


def answer(request: Received) -> Reply:
    """What Google says to a request."""
    place = urlsplit(request.path)
    if place.path == f"/v1beta/models/{MODEL}:generateContent":
        streamed = False
    elif place.path == f"/v1beta/models/{MODEL}:streamGenerateContent":
        streamed = True
        if place.query != "alt=sse":
            return _error(400, "INVALID_ARGUMENT", "this stand-in streams server-sent events only")
    else:
        return _error(404, "NOT_FOUND", f"{place.path} is not found for API version v1beta")
    if request.headers["x-goog-api-key"] != KEY:
        return _bad_key()
    prompt = prompt_in(request.json)
    make = next((make for word, make in _BY_WORD.items() if word in prompt), _picture)
    made = make(request.json)
    if isinstance(made, Reply):
        return made
    chunks = list(made)
    return reply(events=chunks, done=False) if streamed else reply(_whole(chunks))


# Each function below gives the chunks of a good reply, or a reply that is an error.
Chunks = Iterator[dict[str, Any]]


def _picture(request: dict[str, Any]) -> Chunks:
    sent = pictures_in(request)
    config = request.get("generationConfig", {}).get("imageConfig", {})
    picture = greyed(sent[0]) if sent else draw(prompt_in(request), aspect=config.get("aspectRatio", "1:1"))
    yield _chunk({"text": "Here "})
    yield _chunk({"text": "it is."}, _inline_data(picture))
    yield _end(pictures=1)


def _two(request: dict[str, Any]) -> Chunks:
    prompt = prompt_in(request)
    yield _chunk(_inline_data(draw(prompt + " 1")))
    yield _chunk(_inline_data(draw(prompt + " 2")))
    yield _end(pictures=2)


def _draft(request: dict[str, Any]) -> Chunks:
    prompt = prompt_in(request)
    yield _chunk({"text": "Perhaps like this?", "thought": True})
    yield _chunk({**_inline_data(draw(prompt + " draft")), "thought": True})
    yield _chunk(_inline_data(draw(prompt)))
    yield _end(pictures=1, usageMetadata={"thoughtsTokenCount": TOKENS_OF_A_PICTURE})


def _mislabelled(request: dict[str, Any]) -> Chunks:
    yield _chunk(_inline_data(draw(prompt_in(request), kind="JPEG"), "image/png"))
    yield _end(pictures=1)


def _refusal(_: dict[str, Any]) -> Chunks:
    yield _chunk({"text": REFUSAL[:9]})
    yield _chunk({"text": REFUSAL[9:]})
    yield _end()


def _blocked_prompt(_: dict[str, Any]) -> Chunks:
    yield {
        "promptFeedback": {
            "blockReason": "PROHIBITED_CONTENT",
            "blockReasonMessage": "The prompt is blocked.",
        },
        **_usage(reply_tokens=0),
    }


def _unsafe_picture(_: dict[str, Any]) -> Chunks:
    yield _stopped("IMAGE_SAFETY", "Unable to show the generated image: it violates the policy.")


def _no_picture(_: dict[str, Any]) -> Chunks:
    yield _stopped("NO_IMAGE", "Unable to show the generated image: none was made.")


def _rate_limited(_: dict[str, Any]) -> Reply:
    details = [
        {
            "@type": "type.googleapis.com/google.rpc.QuotaFailure",
            "violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel", "quotaValue": "10"}],
        },
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "17s"},
    ]
    return _error(
        429, "RESOURCE_EXHAUSTED", "You exceeded your current quota. Please retry in 16.8s.", details
    )


def _bad_key(_: object = None) -> Reply:
    info = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
    message = "API key not valid. Please pass a valid API key."
    return _error(400, "INVALID_ARGUMENT", message, [info])


def _overloaded(_: object) -> Reply:
    return _error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")


_BY_WORD: dict[str, Callable[[dict[str, Any]], Chunks | Reply]] = {
    "two": _two,
    "draft": _draft,
    "mislabelled": _mislabelled,
    "refused": _refusal,
    "blocked": _blocked_prompt,
    "unsafe": _unsafe_picture,
    "nothing": _no_picture,
    "too often": _rate_limited,
    "bad key": _bad_key,
    "overloaded": _overloaded,
}


def _saved(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def _inline(request: dict[str, Any]) -> list[dict[str, Any]]:
    # Google reads either spelling of a field's name.
    parts = [part for turn in request["contents"] for part in turn["parts"]]
    return [part[name] for part in parts for name in ("inlineData", "inline_data") if name in part]


def _inline_data(picture: bytes, media_type: str = "image/png") -> dict[str, Any]:
    return {"inlineData": {"mimeType": media_type, "data": base64.b64encode(picture).decode()}}


def _chunk(*parts: dict[str, Any]) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    return {"candidates": [candidate], **_usage(reply_tokens=0)}


def _end(pictures: int = 0, usageMetadata: dict[str, Any] | None = None) -> dict[str, Any]:
    candidate = {"content": {"role": "model", "parts": []}, "finishReason": "STOP", "index": 0}
    usage = _usage(reply_tokens=TOKENS_OF_A_PICTURE * pictures or 12, pictures=pictures)
    usage["usageMetadata"] |= usageMetadata or {}
    return {"candidates": [candidate], **usage}


def _stopped(why: str, message: str) -> dict[str, Any]:
    # Google leaves `content` out when it shows nothing.
    candidate = {"finishReason": why, "finishMessage": message, "index": 0}
    return {"candidates": [candidate], **_usage(reply_tokens=0)}


def _usage(*, reply_tokens: int, pictures: int = 0) -> dict[str, Any]:
    usage: dict[str, Any] = {"promptTokenCount": 7, "totalTokenCount": 7 + reply_tokens}
    usage["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": 7}]
    if reply_tokens:
        usage["candidatesTokenCount"] = reply_tokens
    if pictures:
        usage["candidatesTokensDetails"] = [{"modality": "IMAGE", "tokenCount": reply_tokens}]
    return {"usageMetadata": usage, "modelVersion": MODEL, "responseId": "stand-in-1"}


def _whole(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    """One reply with the parts of all chunks, as Google gives it when it does not stream."""
    whole = dict(chunks[-1])
    contents = [
        c["content"]["parts"] for chunk in chunks for c in chunk.get("candidates", []) if "content" in c
    ]
    if contents:
        parts = [part for parts in contents for part in parts]
        whole["candidates"] = [{**whole["candidates"][0], "content": {"role": "model", "parts": parts}}]
    return whole


def _error(status: int, name: str, message: str, details: list[dict[str, Any]] | None = None) -> Reply:
    error: dict[str, Any] = {"code": status, "message": message, "status": name}
    if details:
        error["details"] = details
    # Google's errors are indented, which shows in what gateways quote of them.
    return reply(
        body=json.dumps({"error": error}, indent=2).encode(),
        status=status,
        headers={"Content-Type": "application/json; charset=UTF-8"},
    )
