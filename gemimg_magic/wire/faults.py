"""What HTTP libraries raise, turned into our errors: one table."""

from __future__ import annotations

import ssl
from typing import NamedTuple

import httpcore
import httpx

from ..core.errors import APIConnectionError, APITimeoutError


class Fault(NamedTuple):
    """What to say for one kind of exception."""

    error: type[APIConnectionError]
    message: str
    hint: str


_CONNECT_TIMEOUT = Fault(
    APITimeoutError, "{host} did not answer the connection in time.", "Check the address and the network."
)
_CONNECT = Fault(
    APIConnectionError,
    "No connection to {host}: {why}.",
    "Check that the server runs and the address is right.",
)
_SILENT = Fault(
    APITimeoutError, "{host} went silent.", "Try again, with --stream, or raise the timeout in the settings."
)
_BROKEN = Fault(APIConnectionError, "The connection to {host} broke: {why}.", "Try again.")
_PROXY = Fault(
    APIConnectionError, "The proxy refused the way to {host}: {why}.", "Check HTTPS_PROXY and NO_PROXY."
)
_ADDRESS = Fault(APIConnectionError, "{host} cannot be asked: {why}.", "Check the base URL.")

FAULTS: tuple[tuple[tuple[type[BaseException], ...], Fault], ...] = (
    (
        (httpx.ConnectTimeout, httpcore.ConnectTimeout, httpx.PoolTimeout, httpcore.PoolTimeout),
        _CONNECT_TIMEOUT,
    ),
    ((httpx.TimeoutException, httpcore.TimeoutException, TimeoutError), _SILENT),
    ((httpx.ConnectError, httpcore.ConnectError), _CONNECT),
    ((httpx.ProxyError, httpcore.ProxyError), _PROXY),
    (
        (
            httpx.NetworkError,
            httpcore.NetworkError,
            httpx.ProtocolError,
            httpcore.ProtocolError,
            ssl.SSLError,
            OSError,
        ),
        _BROKEN,
    ),
    ((httpx.DecodingError,), _BROKEN._replace(message="The reply of {host} cannot be decompressed: {why}.")),
    (
        (httpx.UnsupportedProtocol, httpcore.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects),
        _ADDRESS,
    ),
    ((httpx.HTTPError, httpx.StreamError), _BROKEN),
)

HTTP_ERRORS = tuple({kind for kinds, _ in FAULTS for kind in kinds})


def fault_of(problem: BaseException) -> Fault:
    """The row for an exception."""
    return next(fault for kinds, fault in FAULTS if isinstance(problem, kinds))


def translate(problem: BaseException, host: str, *, model: str | None = None) -> APIConnectionError:
    """Our error for an exception of the HTTP libraries or the socket."""
    fault = fault_of(problem)
    return fault.error(fault.message.format(host=host, why=reason(problem)), hint=fault.hint, model=model)


def reason(problem: BaseException) -> str:
    """The innermost words that an exception has, without object addresses."""
    while problem.__cause__ or problem.__context__:
        problem = problem.__cause__ or problem.__context__ or problem
    text = str(problem).strip() or type(problem).__name__
    return text.rstrip(".")
