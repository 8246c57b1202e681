"""What HTTP libraries log about our requests, without the key: httpcore's DEBUG lines hold every header."""

from __future__ import annotations

import contextlib
import contextvars
import logging
from collections.abc import Iterator

from ..core.secret import Secret
from ..core.text import scrub

# The loggers that httpx 0.28 and httpcore 1.0 write to. A filter sees only what its own logger was given.
_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)

_key: contextvars.ContextVar[Secret | None] = contextvars.ContextVar("gemimg_key", default=None)


class _WithoutKey(logging.Filter):
    """Rewrites what is logged while a request of ours is on its way; what others log stays as it is."""

    def filter(self, record: logging.LogRecord) -> bool:
        key = _key.get()
        if key is not None:
            record.msg, record.args = scrub(record.getMessage(), [key.reveal()]), ()
        return True


_FILTER = _WithoutKey()


@contextlib.contextmanager
def quiet(key: Secret | None) -> Iterator[None]:
    """While this block runs, in this task, no log line of the HTTP libraries holds the key."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_FILTER)  # the same filter is kept once
    token = _key.set(key)
    try:
        yield
    finally:
        _key.reset(token)
