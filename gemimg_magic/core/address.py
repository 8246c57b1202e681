"""Addresses: which ones a key may go to, and which are this machine."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from .errors import SettingsError


def origin_of(url: str) -> str:
    """Scheme, host and port of an address that a key may go to.

    Raises:
        SettingsError: no http(s) address, or plain http to another machine.

    >>> origin_of("https://www.anyfast.ai/v1"), origin_of("http://127.0.0.1:8808/v1")
    ('https://www.anyfast.ai', 'http://127.0.0.1:8808')
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or " " in url:
        raise SettingsError(
            "The base URL is not a plain http(s) address.", hint="Write it like https://gateway.example/v1."
        )
    if parts.scheme == "http" and not _is_here(host):
        raise SettingsError(
            f"http://{host} is not encrypted, so no key or picture is sent there.",
            hint="Use https; plain http is for this machine (127.0.0.1) only.",
        )
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + (f":{port}" if port else "")


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine.

    >>> is_loopback("http://127.0.0.1:8808/v1"), is_loopback("https://example.org")
    (True, False)
    """
    return _is_here(urlsplit(url).hostname or "")


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not this machine, nor a private or special network.

    >>> is_public("8.8.8.8"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        # An IPv4 address in another coat: mapped, 6to4, Teredo (RFC 4291, 3056, 4380), NAT64 (RFC 6052).
        inner = [found.ipv4_mapped, found.sixtofour, *(found.teredo or ())]
        if found in _NAT64:
            inner.append(ipaddress.IPv4Address(int(found) & 0xFFFFFFFF))
        worn = [one for one in inner if one is not None]
        if worn:
            return all(is_public(str(one)) for one in worn)
    return found.is_global and not found.is_multicast and not found.is_reserved


_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
