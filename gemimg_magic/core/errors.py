"""Every way a request can fail, as one tree.

Each message says what happened; ``hint`` says what to do next.

    GemimgError
    ├── PromptError                 the cell is wrong: an unknown option or name, not a picture
    │   ├── KeyTypedError               it seems to hold an API key
    │   └── CoordinateError             a grid has no picture there; a KeyError, too
    ├── SettingsError               a bad address, a key that belongs to another host
    │   └── MissingAPIKey
    ├── APIError                    the server said "error", also inside HTTP 200 or in mid-stream
    │   ├── APIConnectionError      it could not be reached, or the line broke
    │   │   └── APITimeoutError
    │   └── APIStatusError          an HTTP status of 400 and more
    │       ├── BadRequestError             400 and any other 4xx
    │       │   └── UnprocessableEntityError    422
    │       ├── AuthenticationError         401
    │       ├── PermissionDeniedError       402, 403
    │       ├── NotFoundError               404
    │       ├── RateLimitError              429, with ``retry_after``
    │       └── InternalServerError         5xx
    ├── NoImageError                a good reply without a whole picture
    │   ├── RefusedError                the model answered with text
    │   ├── BlockedError                a content filter stopped it
    │   ├── LostImageError              billed, but the gateway dropped the picture
    │   └── CutShortError               the reply ended inside the picture
    ├── DecodeError                 a reply in no known form
    ├── ReplayMiss                  nothing recorded for this request
    ├── StoreError                  a record or picture that is damaged or cannot be written
    ├── WorkerError                 a worker of an executor failed before it had an answer
    ├── BudgetError                 the next request would pass the limit set on money
    ├── PartialError                some requests of several failed
    └── Cancelled                   the job was cancelled

The names of the API branch are those of the OpenAI libraries.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from .text import inert, scrub

if TYPE_CHECKING:
    from .completions import Completion


class GemimgError(Exception):
    """Base of every error raised on purpose.

    Args:
        message: what happened, one sentence.
        hint: what to do next, one sentence; empty when there is nothing to add.
        completion: what the reply did contain, where a reply came.
    """

    def __init__(self, message: str, *, hint: str = "", completion: Completion | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.completion = completion

    def __str__(self) -> str:
        # A server's words reach terminals this way, and a key that was typed reaches a log.
        return inert(scrub(f"{self.message} {self.hint}".strip()))

    def scrubbed(self, secrets: Iterable[str]) -> GemimgError:
        """The same error with every given secret hidden, whatever text of it the server wrote.

        Args:
            secrets: texts to hide.
        """
        secrets = tuple(secrets)
        for name, value in vars(self).items():
            if isinstance(value, str):
                setattr(self, name, scrub(value, secrets))
        self.args = (self.message,)
        return self

    def _render_traceback_(self) -> list[str]:
        """One red line instead of a traceback; IPython asks for it by this name."""
        return [f"\x1b[31m{type(self).__name__}\x1b[0m: {' '.join(str(self).split())}"]


class PromptError(GemimgError):
    """The cell, line or call is wrong; nothing was sent."""


class KeyTypedError(PromptError):
    """A cell, line or prompt seems to hold an API key. Its traceback, which would show it, is never shown."""


class CoordinateError(PromptError, KeyError):
    """A grid has no picture at these coordinates: there is no such cell, or its request failed."""


class SettingsError(GemimgError):
    """The configuration is wrong; nothing was sent."""


class MissingAPIKey(SettingsError):
    """The chosen gateway wants a key and none is configured."""


class APIError(GemimgError):
    """The server, or the way to it, reported an error.

    Args:
        message: the server's own words where it gave any, scrubbed of secrets.
        code: the server's error code as sent (text or number), or None.
        type: the server's error type, or None.
        param: the request field that the server blames, or None.
        request_id: the id to quote to the gateway's support, or None.
        model: the model that was asked, or None.
        retry_after: seconds to wait: the largest that header and message name, or None.
        status_code: the HTTP status, or None where no head arrived.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        completion: Completion | None = None,
        code: str | int | None = None,
        type: str | None = None,  # noqa: A002  the wire's name
        param: str | None = None,
        request_id: str | None = None,
        model: str | None = None,
        retry_after: float | None = None,
        status_code: int | None = None,
    ) -> None:
        super().__init__(message, hint=hint, completion=completion)
        self.code = code
        self.type = type
        self.param = param
        self.request_id = request_id
        self.model = model
        self.retry_after = retry_after
        self.status_code = status_code


class APIConnectionError(APIError):
    """The server could not be reached, or the connection broke before an answer."""


class APITimeoutError(APIConnectionError):
    """The server did not answer, or stopped answering, in time."""


class APIStatusError(APIError):
    """The server answered with an HTTP status of 400 or more."""


class BadRequestError(APIStatusError):
    """HTTP 400 (and other 4xx): the server does not accept the request."""


class UnprocessableEntityError(BadRequestError):
    """HTTP 422: the server understood the request but refuses a field of it."""


class AuthenticationError(APIStatusError):
    """HTTP 401: the key is missing, wrong or expired."""


class PermissionDeniedError(APIStatusError):
    """HTTP 402 or 403: no credit left, no right to the model, or moderation."""


class NotFoundError(APIStatusError):
    """HTTP 404: no such address or model."""


class RateLimitError(APIStatusError):
    """HTTP 429: too many requests, or the quota is used up."""


class InternalServerError(APIStatusError):
    """HTTP 5xx: the gateway or the service behind it failed."""


class NoImageError(GemimgError):
    """A reply came, but no whole picture in it. ``completion`` holds what there was."""


class RefusedError(NoImageError):
    """The model answered with text instead of a picture."""


class BlockedError(NoImageError):
    """A content filter stopped the prompt or the picture."""


class LostImageError(NoImageError):
    """The usage says that a picture was made and billed, but the gateway did not deliver it."""


class CutShortError(NoImageError):
    """The reply ended inside the picture."""


class DecodeError(GemimgError):
    """The reply is in no form that is known, or passes a cap."""


class ReplayMiss(GemimgError):
    """Replay was asked for and nothing is recorded for this request."""


class StoreError(GemimgError):
    """A record or picture in the store is damaged, or the store cannot be used."""


class WorkerError(GemimgError):
    """A worker of an executor died, or could not be reached, before it had an answer."""


class BudgetError(GemimgError):
    """The next request would pass the limit set with ``max_cost``; it was not sent."""


class PartialError(GemimgError):
    """Some requests of several failed; what came is kept.

    Args:
        errors: what went wrong with each that failed.
        grid: the :class:`~gemimg_magic.Grid` with what came, where it was a sweep; else None.
    """

    def __init__(
        self, message: str, *, hint: str = "", errors: tuple[GemimgError, ...] = (), grid: Any = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.errors = errors
        self.grid = grid


class Cancelled(GemimgError):
    """The job was cancelled before it had a result."""


_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    402: PermissionDeniedError,
    403: PermissionDeniedError,
    404: NotFoundError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error(status: int) -> type[APIStatusError]:
    """The class for an HTTP status of 400 or more.

    >>> status_error(429).__name__, status_error(418).__name__, status_error(524).__name__
    ('RateLimitError', 'BadRequestError', 'InternalServerError')
    """
    return _BY_STATUS.get(status, InternalServerError if status >= 500 else BadRequestError)
