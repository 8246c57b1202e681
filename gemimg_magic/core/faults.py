"""What servers say when something is wrong, in every shape it comes -> our errors.

The shapes: OpenAI's ``error`` object or string, vLLM's ``object: error``, Google's with ``status`` and
``details``, FastAPI's ``detail``, new-api's ``success: false``, Portkey's ``status: failure``, wrappers
with a ``code`` other than 0, HTML and plain text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from .errors import APIError, status_error
from .text import shorten

_STATUS_WORDS = {
    # google.rpc.Code as mapped to HTTP in google/rpc/code.proto
    "INVALID_ARGUMENT": 400,
    "FAILED_PRECONDITION": 400,
    "OUT_OF_RANGE": 400,
    "UNAUTHENTICATED": 401,
    "PERMISSION_DENIED": 403,
    "NOT_FOUND": 404,
    "RESOURCE_EXHAUSTED": 429,
    "INTERNAL": 500,
    "UNAVAILABLE": 503,
    "DEADLINE_EXCEEDED": 504,
}
# Between name and value may stand quotes escaped any number of times: JSON in a string in JSON.
_NEXT = r"[\\\"'\s:=]{1,12}"
_WAITS = [
    re.compile(rf"retry_?delay{_NEXT}([0-9.]{{1,12}})s", re.IGNORECASE),
    re.compile(rf"retry[_-]after(?:_seconds)?{_NEXT}([0-9.]{{1,12}})\b(?!\s*ms)", re.IGNORECASE),
    re.compile(
        r"(?:retry|try again) (?:in|after) (?:about )?((?:[0-9.]{1,12}\s*(?:h|ms|m|s)[a-z]{0,6}\s*){1,3})",
        re.I,
    ),
]
_AMOUNT = re.compile(r"([0-9.]+)\s*(h|ms|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_TITLE = re.compile(r"<(title|h1)[^>]*>(.*?)</\1", re.IGNORECASE | re.DOTALL)
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_REQUEST_ID = re.compile(r"request id:?\s*([\w-]{6,80})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """What the server said: its words, and its marks as sent."""

    message: str
    code: str | int | None = None
    type: str | None = None
    param: str | None = None
    status: int | None = None

    def raised(self, **more: Any) -> APIError:
        """The error to raise; its class by the status, where the server gave one."""
        make = status_error(self.status) if self.status else APIError
        mark = self.code or self.type or (f"HTTP {self.status}" if self.status else "no code")
        message = self.message
        if not message.strip():
            message = f"The server reported an error without a message ({mark})."
        return make(message, code=self.code, type=self.type, param=self.param, **more)


def find_fault(document: Any) -> Fault | None:
    """The error that a document reports, if it does.

    >>> find_fault({"error": {"message": "slow down", "code": "429"}}).status
    429
    """
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if error and not isinstance(error, bool):
        return _fault(error, document)
    errors = document.get("errors")
    if errors and isinstance(errors, list):
        return _fault(errors[0], document)
    if any(document.get(key) for key in ("choices", "candidates", "output")):
        return None
    detail = document.get("detail")
    if detail:
        return Fault(_detail(detail))
    said = document.get("message", document.get("msg"))
    failed = (
        document.get("object") == "error"
        or document.get("type") == "error"
        or document.get("success") is False
        or document.get("status") in ("failure", "fail", "error")
        or (said and document.get("code") not in (None, 0, "0", "", 200, "200", "ok", "success"))
    )
    return _fault(document, {}) if failed else None


def http_fault(status: int, documents: Iterable[Any], text: str) -> Fault:
    """The error of an HTTP status of 400 and more, whatever its body.

    >>> http_fault(502, [], "<html><title>502 Bad Gateway</title>").message
    '502 Bad Gateway'
    """
    for document in documents:
        fault = find_fault(document)
        if fault is None and isinstance(document, dict):
            said = document.get("message") or document.get("msg")
            fault = Fault(_words(said)) if said else None
        if fault is not None:
            return Fault(fault.message, fault.code, fault.type, fault.param, status)
    return Fault(plain(text) or f"HTTP {status} with an empty body.", status=status)


def plain(text: str) -> str:
    """The words of an HTML page or of a plain text, in one line.

    >>> plain("<html><head><title>413 Too Large</title></head><body><h1>413 Too Large</h1>nginx")
    '413 Too Large'
    """
    if text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        text = (title.group(2) if title else "").strip() or _MARKUP.sub(" ", text)
    return shorten(text, 500)


def _fault(error: Any, around: Mapping[str, Any]) -> Fault:
    if not isinstance(error, dict):
        return Fault(_words(error), _code(around.get("code")), _name(around.get("type")))
    metadata = error.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    said = next((error[k] for k in ("message", "msg", "detail", "error", "reason") if error.get(k)), "")
    message = _words(said)
    raw = metadata.get("raw")
    if raw and _words(raw) not in message:
        message = f"{message} ({shorten(_words(raw), 500)})" if message else _words(raw)
    code = _code(error.get("code"))
    status = _status(code) or _status(error.get("status")) or _status(metadata.get("error_type"))
    kind = _name(error.get("type")) or _name(metadata.get("error_type"))
    kind = kind if kind != "error" or "error" not in error else None
    if not message and isinstance(error.get("status"), str):
        message = error["status"]
    return Fault(message, code, kind, _name(error.get("param")), status)


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        inner = value.get("message") or value.get("error")
        if inner:
            return _words(inner) if not isinstance(inner, dict) else _compact(inner)
    return _compact(value)


def _compact(value: Any) -> str:
    try:
        return shorten(json.dumps(value, ensure_ascii=False), 2000)
    except (ValueError, RecursionError):
        return "(not readable)"


def _detail(detail: Any) -> str:
    """FastAPI's ``detail``: a text, or the list of a validation error."""
    if not isinstance(detail, list):
        return _words(detail)
    lines = []
    for item in detail[:20]:
        if isinstance(item, dict) and isinstance(item.get("msg"), str):
            place = item.get("loc")
            where = ".".join(map(str, place[:8])) if isinstance(place, list) else ""
            lines.append(f"{where}: {item['msg']}" if where else item["msg"])
        else:
            lines.append(_words(item))
    return "; ".join(lines)


def _code(value: Any) -> str | int | None:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _status(code: Any) -> int | None:
    """The HTTP status that a code clearly is."""
    if isinstance(code, str):
        word = code.strip()
        if word.upper() in _STATUS_WORDS:
            return _STATUS_WORDS[word.upper()]
        code = int(word) if len(word) == 3 and word.isascii() and word.isdigit() else None
    return code if isinstance(code, int) and 400 <= code <= 599 else None


def request_id_in(text: str) -> str | None:
    """The request id that new-api writes into its messages.

    >>> request_id_in("no money (request id: 2026112208470000)")
    '2026112208470000'
    """
    found = _REQUEST_ID.search(text)
    return found.group(1) if found else None


def retry_after(headers: Mapping[str, str], text: str) -> float | None:
    """Seconds to wait: the largest that the headers and the text of the error name.

    Args:
        headers: with lower-case names.
        text: the body as it came; JSON nested in strings needs no unpacking.

    >>> retry_after({"retry-after": "2"}, '{"details": [{\\\\"retryDelay\\\\": \\\\"17s\\\\"}]}')
    17.0
    """
    waits = [_header_wait(headers), _number(headers.get("retry-after-ms"), 0.001)]
    for pattern in _WAITS[:2]:
        waits += [_number(found) for found in pattern.findall(text)]
    for found in _WAITS[2].findall(text):
        amounts = [_number(amount, _UNITS[unit]) for amount, unit in _AMOUNT.findall(found)]
        waits.append(sum(a for a in amounts if a is not None))
    return max((wait for wait in waits if wait is not None and wait > 0), default=None)


def _header_wait(headers: Mapping[str, str]) -> float | None:
    """``Retry-After`` (RFC 9110 section 10.2.3): seconds, or a date, read against the server's clock."""
    value = headers.get("retry-after")
    if value is None or (seconds := _number(value)) is not None:
        return seconds if value is not None else None
    from email.utils import parsedate_to_datetime

    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers.get("date", ""))
        return (until - now).total_seconds()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _number(value: str | None, unit: float = 1.0) -> float | None:
    try:
        number = float(value or "") * unit
    except ValueError:
        return None
    # A day is the most that anyone means; beyond it the value is junk.
    return number if 0 <= number <= 86400 else None
