"""Pictures by address, for those who switched that on: public https hosts only, capped, timed, without a key.

A prompt or a server chooses the address, so it must not reach what only this machine can: its own services,
the network it stands in, a cloud's metadata. The name is resolved once, every address that it has is looked
at, and the connection goes to one of these and nowhere else.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from ..core.address import is_public
from ..core.errors import DecodeError, PromptError
from ..core.text import inert, shorten
from .faults import HTTP_ERRORS, reason
from .inflate import pieces
from .network import PoolTransport
from .sockets import LargeReads

SECONDS = 30.0
LARGEST = 64 * 1024 * 1024
_FAULTS: tuple[type[BaseException], ...] = (*HTTP_ERRORS, DecodeError)
_BY_HAND = "Download it and name the file."


class _Refused(Exception):
    """The address leads to a place that is not public."""


class _PublicOnly(LargeReads):
    """Connections to public addresses, checked after the name was resolved."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Resolve once, refuse the name if one of its addresses is not public, and connect to the first."""
        try:
            async with asyncio.timeout(timeout):
                found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise httpcore.ConnectTimeout("its name was not resolved in time") from None
        except (OSError, UnicodeError) as problem:
            raise httpcore.ConnectError(str(problem)) from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not addresses or not all(map(is_public, addresses)):
            raise _Refused
        failure: Exception = httpcore.ConnectError("no address answers")
        for address in addresses[:4]:
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as problem:
                failure = problem
        raise failure


async def fetch(url: str) -> bytes:
    """The bytes at an address. Whether they are a picture is for the caller to see.

    Args:
        url: an https address.

    Raises:
        PromptError: it is not to be fetched, or could not be; the message names the host alone, since the
            rest of an address may be a secret.
    """
    host = _checked(url)
    try:
        async with asyncio.timeout(SECONDS):
            return await _read(url, host)
    except TimeoutError:
        raise PromptError(
            f"The picture at {host} did not come within {SECONDS:g} s.", hint=_BY_HAND
        ) from None
    except _Refused:
        raise PromptError(
            f"{host} is in a private network or on this machine; pictures are not fetched from there.",
            hint=_BY_HAND,
        ) from None
    except _FAULTS as problem:
        why = shorten(inert(reason(problem)), 120)
        raise PromptError(f"The picture at {host} cannot be fetched: {why}.", hint=_BY_HAND) from None


def _checked(url: str) -> str:
    """The host of an address that may be fetched."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme.lower() != "https" or not host or parts.username is not None or not url.isprintable():
        raise PromptError(
            "This address is not fetched: only those like https://host/picture.png are.", hint=_BY_HAND
        )
    return shorten(inert(host), 100)


async def _read(url: str, host: str) -> bytes:
    headers = {"User-Agent": "gemimg-magic", "Accept": "image/*", "Accept-Encoding": "identity"}
    transport = PoolTransport(backend=_PublicOnly())
    timeout = httpx.Timeout(SECONDS, connect=10.0)
    async with (
        httpx.AsyncClient(transport=transport, trust_env=False, headers=headers, timeout=timeout) as client,
        client.stream("GET", url) as response,
    ):
        if response.is_redirect:
            raise PromptError(
                f"{host} sends the request for the picture on to another address; that is not followed.",
                hint="Name the address that it ends at, or download the picture.",
            )
        if response.status_code != 200:
            raise PromptError(f"{host} answered {response.status_code} instead of a picture.", hint=_BY_HAND)
        announced = response.headers.get("content-length", "")
        if announced.isdecimal() and int(announced[:20]) > LARGEST:
            raise _too_large(host)
        body = bytearray()
        async for piece in pieces(response):
            body += piece
            if len(body) > LARGEST:
                raise _too_large(host)
        return bytes(body)


def _too_large(host: str) -> PromptError:
    return PromptError(f"The file at {host} is larger than {LARGEST // (1024 * 1024)} MiB.", hint=_BY_HAND)
