"""How long to wait: for the next useful byte, and before the next try."""

from __future__ import annotations

import random
import re

from ..core.errors import APIError, APIStatusError, APITimeoutError

_RETRIED = frozenset({408, 409, 429, 500, 502, 503, 504, 524, 529})
_FINAL_CODES = frozenset(
    {"convert_request_failed", "model_not_found", "insufficient_user_quota", "insufficient_quota"}
)
# Gateways answer with other statuses than the service behind them; its own words are in the message.
# `[404]` and the like is how 9router writes the status that it hides behind a 503.
_FINAL_TEXT = re.compile(
    r"\blimit: 0\b|\bAPI_KEY_INVALID\b|\bINVALID_ARGUMENT\b|\bNOT_FOUND\b|\bPERMISSION_DENIED\b"
    r"|\bUNAUTHENTICATED\b|\[4(?!08|09|29)\d\d\]|\bbilling (?:account|details|is|not)\b"
)
_PASSING_TEXT = re.compile(r"\bUNAVAILABLE\b|\bRESOURCE_EXHAUSTED\b")
_LONGEST_WAIT = 60.0
_LINE = 64  # so much of a line is kept to know its kind
_SMALL = 4096  # more bytes at once are never heartbeats alone


def pause(problem: APIError, attempt: int) -> float | None:
    """Seconds to wait before the next try; None when it would be of no use, or could be billed twice.

    >>> pause(APIStatusError("no such model", status_code=404), 0)
    >>> 5 <= pause(APIStatusError("slow down", status_code=429, retry_after=5), 0) <= 6
    True
    """
    if isinstance(problem, APIStatusError):
        if not _passes(problem):
            return None
    elif problem.status_code is not None or isinstance(problem, APITimeoutError):
        return None
    stated = problem.retry_after or 0.0
    if stated > _LONGEST_WAIT:
        return None
    backoff: float = min(0.5 * 2**attempt, 8.0)
    return stated + backoff * random.uniform(0.5, 1.0)  # noqa: S311  spreads clients, hides nothing


def _passes(problem: APIStatusError) -> bool:
    """Whether the server may do better the next time, by its status and by its words."""
    status = problem.status_code or 0
    if status < 400 or problem.code in _FINAL_CODES or "limit: 0" in problem.message:
        return False
    if _PASSING_TEXT.search(problem.message):
        return True
    return status in _RETRIED and not _FINAL_TEXT.search(problem.message)


class Heartbeats:
    """Tells the bytes of an answer from those that only keep the line open: comments, blank lines.

    >>> beats = Heartbeats()
    >>> beats.useful(b": ping\\n\\n"), beats.useful(b": pi"), beats.useful(b"ng"), beats.useful(b"\\ndata: {")
    (False, False, False, True)
    """

    __slots__ = ("_line",)

    def __init__(self) -> None:
        self._line = b""  # how the line began that has not ended

    def useful(self, piece: bytes) -> bool:
        """Whether something of an answer is in these bytes."""
        if len(piece) > _SMALL:
            start = piece.rfind(b"\n") + 1
            self._line = piece[start : start + _LINE] if start else (self._line or piece[:_LINE])
            return True
        *whole, part = (self._line + piece).split(b"\n")
        self._line = part[:_LINE]
        return any(line.strip() and not line.startswith(b":") for line in (*whole, part))
