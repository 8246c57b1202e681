"""Where pictures, text and thoughts stand in a document: every place that DIALECTS of gateways use.

Pure walking: what is found goes to a Sink, in the order in which people should see it. Nothing is
validated, everything unknown is passed over, and `index` is used for choices only, never for pictures:
gateways number those all alike, anew in each chunk, or at random.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

PICTURE_KEYS = (
    "image_url", "imageUrl", "inline_data", "inlineData", "b64_json", "url", "image", "images", "base64",
    "image_base64", "data", "source", "file_data", "fileData", "file_uri", "fileUri", "result",
)  # fmt: skip
EXTRA_KEYS = (
    "reasoning_details", "provider_specific_fields", "extra_content", "signature", "thought_signature",
    "thought_signatures", "thinking_blocks",
)  # fmt: skip
_ANSWERS = ("choices", "candidates", "output")
_WRAPPERS = ("data", "response", "result")
_BLOCKS = ("content_blocks", "multi_mod_content", "multimodal_contents", "parts")
_DEPTH = 6


class Sink(Protocol):
    """Takes what is found. ``choice`` tells the answers apart; it is the gateway's number or the position."""

    def text(self, choice: int, text: str, place: str) -> None:
        """Text of the answer."""

    def aside(self, choice: int, text: str, place: str) -> None:
        """Text that stands in a second place; gateways repeat it there, or write it there alone."""

    def thought(self, choice: int, text: str, place: str) -> None:
        """Reasoning."""

    def picture(self, choice: int, value: str, place: str, *, draft: bool = False) -> None:
        """A picture's value: data URI, base64 or address."""

    def whole(self, choice: int) -> None:
        """What follows for this choice is the whole message, not a piece of it."""

    def extras(self, choice: int, key: str, value: Any) -> None:
        """An opaque field that goes back with the turn."""

    def finished(self, choice: int, reason: Any, native: Any) -> None:
        """Reasons as sent; either may be None."""


def unwrap(document: dict[str, Any]) -> dict[str, Any]:
    """The answer inside of a wrapper such as ``{"code": 0, "data": {"choices": ...}}``.

    >>> unwrap({"code": 0, "data": {"choices": []}})
    {'choices': []}
    """
    for _ in range(_DEPTH):
        if any(key in document for key in _ANSWERS):
            break
        inner = next((d for k in _WRAPPERS if isinstance(d := document.get(k), dict) and _is_answer(d)), None)
        if inner is None:
            break
        document = inner
    return document


def _is_answer(value: dict[str, Any]) -> bool:
    return any(key in value for key in (*_ANSWERS, *_WRAPPERS))


def walk(document: dict[str, Any], sink: Sink) -> None:
    """Everything that a document brings, to the sink."""
    for position, choice in enumerate(dicts(document.get("choices"))):
        _choice(choice, position, sink)
    for position, candidate in enumerate(dicts(document.get("candidates"))):
        _candidate(candidate, position, sink)
    if not document.get("choices"):
        for key in ("data", "images", "image"):
            for value in picture_values(document.get(key)):
                sink.picture(0, value, key)
        _output(document, sink)


def _choice(choice: dict[str, Any], position: int, sink: Sink) -> None:
    number = _number(choice, position)
    reason = choice.get("finish_reason", choice.get("finishReason"))
    sink.finished(number, reason, _native(choice))
    for key in ("delta", "message"):
        body = choice.get(key)
        if body is None:
            continue
        if key == "message":
            sink.whole(number)
        if isinstance(body, str):
            sink.text(number, body, key)
        elif isinstance(body, dict):
            _body(body, number, key, sink)
    if isinstance(choice.get("text"), str):
        sink.text(number, choice["text"], "text")


def _native(choice: dict[str, Any]) -> Any:
    """The model's own finish reason; LiteLLM keeps it among the provider's fields."""
    provider = choice.get("provider_specific_fields")
    inner = provider.get("native_finish_reason") if isinstance(provider, dict) else None
    return choice.get("native_finish_reason", inner)


def _body(body: dict[str, Any], number: int, where: str, sink: Sink) -> None:
    for key in ("reasoning_content", "reasoning", "thinking"):
        if isinstance(body.get(key), str) and body[key]:
            sink.thought(number, body[key], f"{where}.{key}")
            break
    content = body.get("content")
    if isinstance(content, str):
        sink.text(number, content, f"{where}.content")
    else:
        _parts(content, number, f"{where}.content parts", sink, aside=False)
    for key in ("images", "image"):
        for item in _items(body.get(key)):
            draft = isinstance(item, dict) and item.get("thought") is True
            for value in picture_values(item):
                sink.picture(number, value, f"{where}.{key}", draft=draft)
    for key in _BLOCKS:
        _parts(body.get(key), number, f"{where}.{key}", sink, aside=True)
    audio = body.get("audio")
    if isinstance(audio, dict) and isinstance(audio.get("data"), str):
        sink.picture(number, audio["data"], f"{where}.audio")
    for key in ("b64_json", "inline_data", "inlineData", "image_url"):
        for value in picture_values(body.get(key)):
            sink.picture(number, value, f"{where}.{key}")
    if isinstance(body.get("refusal"), str):
        sink.aside(number, body["refusal"], f"{where}.refusal")
    for key in EXTRA_KEYS:
        if body.get(key):
            sink.extras(number, key, body[key])


def _parts(parts: Any, number: int, place: str, sink: Sink, *, aside: bool) -> None:
    """A list of parts in any spelling: OpenAI's, Anthropic's, Google's, Portkey's stream blocks."""
    say = sink.aside if aside else sink.text
    for item in _items(parts):
        if isinstance(item, str):
            say(number, item, place)
            continue
        if not isinstance(item, dict):
            continue
        part = item["delta"] if isinstance(item.get("delta"), dict) else item
        kind = part.get("type")
        thought = part.get("thought") is True or kind in ("thinking", "reasoning", "redacted_thinking")
        text = _text(part.get("thinking") or part.get("reasoning") or part.get("text") or part.get("refusal"))
        if text:
            (sink.thought if thought or part.get("thinking") else say)(number, text, place)
        for value in picture_values(part):
            sink.picture(number, value, place, draft=thought)
        for key in ("thoughtSignature", "thought_signature"):
            if isinstance(part.get(key), str):
                sink.extras(number, "thought_signatures", [part[key]])


def _candidate(candidate: dict[str, Any], position: int, sink: Sink) -> None:
    """Google's native form, camel or snake case."""
    number = _number(candidate, position)
    reason = candidate.get("finishReason", candidate.get("finish_reason"))
    sink.finished(number, reason, None)
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else content
    _parts(parts, number, "candidates", sink, aside=False)


def _output(document: dict[str, Any], sink: Sink) -> None:
    """The Responses API: a list of items, or the piece of a stream that shows an unfinished picture."""
    for item in dicts(document.get("output")):
        if item.get("type") == "reasoning":
            _parts(item.get("summary"), 0, "output", _Thoughts(sink), aside=False)
        else:
            for value in picture_values(item.get("result")):
                sink.picture(0, value, "output")
            _parts(item.get("content"), 0, "output", sink, aside=False)
    partial = document.get("partial_image_b64")
    if isinstance(partial, str):
        sink.picture(0, partial, "output", draft=True)


class _Thoughts:
    """Turns the text of a list of parts into thoughts."""

    def __init__(self, sink: Sink) -> None:
        self.text = self.aside = self.thought = sink.thought
        self.picture, self.whole = sink.picture, sink.whole
        self.extras, self.finished = sink.extras, sink.finished


def picture_values(value: Any, depth: int = _DEPTH) -> Iterator[str]:
    """The texts that stand where a picture is expected: data URIs, base64, addresses, or junk.

    >>> list(picture_values({"type": "image_url", "image_url": {"url": "data:..."}, "index": 0}))
    ['data:...']
    """
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, list) and depth:
        for item in value:
            yield from picture_values(item, depth - 1)
    elif isinstance(value, dict) and depth:
        for key in PICTURE_KEYS:
            found = next(iter_ := picture_values(value.get(key), depth - 1), None)
            if found is not None:
                yield found
                yield from iter_
                break


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("value", value.get("text"))
    return value if isinstance(value, str) else ""


def _number(choice: dict[str, Any], position: int) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else position


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def dicts(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; an object alone counts as a list of one.

    >>> dicts([1, {"a": 2}]), dicts({"a": 2}), dicts(None)
    ([{'a': 2}], [{'a': 2}], [])
    """
    return [item for item in _items(value) if isinstance(item, dict)]
