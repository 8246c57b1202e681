"""A short cut for streams that cut a picture into thousands of events which differ in one text only.

Exact by construction: an event is taken only where its bytes around the text equal those of an event that
was read in full, and where the text holds no quote and no backslash, so that it is the JSON string's value.
"""

from __future__ import annotations

import re
from typing import Any

_KEY = re.compile(rb'"content"\s*:\s*"')


def plain_text(event: Any) -> tuple[int, str] | None:
    """The position and the text of an event that brings text for one choice and nothing else of its own.

    What else it says may be repeated without effect: ids, usage (the last counts), a finish reason.

    >>> plain_text({"id": "1", "choices": [{"index": 0, "delta": {"content": "a"}, "finish_reason": None}]})
    (0, 'a')
    """
    if not isinstance(event, dict) or event.get("error"):
        return None
    choices = event.get("choices")
    if not isinstance(choices, list) or len(choices) != 1 or not isinstance(choices[0], dict):
        return None
    choice = choices[0]
    delta = choice.get("delta")
    if not isinstance(delta, dict) or not isinstance(delta.get("content"), str):
        return None
    index = choice.get("index")
    scalars = (
        all(not v or k in ("content", "role") for k, v in delta.items())
        and all(not isinstance(v, list | dict) or not v or k == "delta" for k, v in choice.items())
        and all(
            not isinstance(v, list | dict) or not v or k in ("choices", "usage") for k, v in event.items()
        )
    )
    if not scalars or choice.get("message") or choice.get("text") or choice.get("error"):
        return None
    return index if isinstance(index, int) and not isinstance(index, bool) else 0, delta["content"]


class Lane:
    """Remembers what stands around the text of the last plain event.

    >>> lane = Lane()
    >>> lane.learn(b'{"delta":{"content":"a"}}', "a"), lane.text(b'{"delta":{"content":"bc"}}')
    (None, b'bc')
    """

    __slots__ = ("_around", "_before", "_behind", "_unused")

    def __init__(self) -> None:
        self._unused = 0
        self.forget()

    def forget(self) -> None:
        """The next event must be read in full."""
        self._before = self._behind = b""
        self._around = 0

    def learn(self, event: bytes, text: str) -> None:
        """Take a plain event as the pattern of the next ones, where its text stands in it as it is."""
        self._unused += 1
        if self._unused > 8 and self._unused % 32:
            return  # every event differs, by an id or a time: learning is rarely worth it
        keys = _KEY.findall(event)
        if len(keys) != 1:
            return
        start = event.index(keys[0]) + len(keys[0])
        stop = start + len(text.encode("utf-8", "replace"))
        if event[start:stop].decode("utf-8", "replace") == text and event[stop : stop + 1] == b'"':
            self._before, self._behind = event[:start], event[stop:]
            self._around = len(self._before) + len(self._behind)

    @property
    def around(self) -> tuple[bytes, bytes] | None:
        """What stands before and behind the text of an event that follows the pattern; None without one."""
        return (self._before, self._behind) if self._before else None

    def text(self, event: bytes) -> bytes | None:
        """The text of an event that follows the pattern, as UTF-8; None where it has to be read in full."""
        if not self._before or len(event) < self._around:
            return None
        if not (event.startswith(self._before) and event.endswith(self._behind)):
            return None
        self._unused = 0
        text = event[len(self._before) : len(event) - len(self._behind)]
        return None if b'"' in text or b"\\" in text else text
