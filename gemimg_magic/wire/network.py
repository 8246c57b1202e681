"""The road to the network: httpx on an httpcore pool with large reads, loopback past proxies."""

from __future__ import annotations

import urllib.request
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from ..core.address import is_loopback
from .sockets import LargeReads


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __aiter__(self) -> AsyncIterator[bytes]:
        pieces: AsyncIterator[bytes] = self._stream.__aiter__()
        return pieces

    async def aclose(self) -> None:
        await self._stream.aclose()


class PoolTransport(httpx.AsyncBaseTransport):
    """httpx on an httpcore pool with large reads.

    httpcore's exceptions pass through as they are; ``faults`` knows both libraries' names.

    Args:
        proxy: an HTTP proxy to go through, or None.
        tls: whether an address may be https; to read the certificates for it takes 30 ms.
        backend: what opens connections, where that is not ours.
    """

    def __init__(
        self,
        proxy: httpx.Proxy | None = None,
        *,
        tls: bool = True,
        backend: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        how: dict[str, Any] = {
            "ssl_context": httpx.create_ssl_context() if tls else None,
            "max_connections": None,
            "max_keepalive_connections": 20,
            "keepalive_expiry": 30.0,
            # HTTP/2 doubles the work for bodies of this size.
            "http2": False,
            "network_backend": backend or LargeReads(),
        }
        self._pool: httpcore.AsyncConnectionPool
        if proxy is None:
            self._pool = httpcore.AsyncConnectionPool(**how)
        else:
            self._pool = httpcore.AsyncHTTPProxy(
                proxy_url=_url(proxy.url),
                proxy_auth=proxy.raw_auth,
                proxy_headers=proxy.headers.raw,
                proxy_ssl_context=proxy.ssl_context,
                **how,
            )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the response's body is still on the wire."""
        answer = await self._pool.handle_async_request(
            httpcore.Request(
                method=request.method,
                url=_url(request.url),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()


def _url(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def transport_for(base_url: str) -> httpx.AsyncBaseTransport:
    """The way to an address: direct, or through the environment's proxy. Loopback is always direct."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    proxies = urllib.request.getproxies()
    tls = parts.scheme == "https"
    address = proxies.get(parts.scheme) or proxies.get("all")
    if not address or is_loopback(base_url) or urllib.request.proxy_bypass(host):
        return PoolTransport(tls=tls)
    proxy = httpx.Proxy(address if "://" in address else f"http://{address}")
    if proxy.url.scheme in ("http", "https"):
        return PoolTransport(proxy, tls=tls)
    return httpx.AsyncHTTPTransport(proxy=proxy)
