"""The body of a response, decompressed in small steps: a few kilobytes can claim to be a gigabyte."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

import httpx

from ..core.errors import DecodeError

_GZIP = b"\x1f\x8b"

_STEP = 256 * 1024


async def pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """The body as it arrives, each piece at most 256 KB larger than what the network gave.

    Raises:
        DecodeError: compressed in a way that was not asked for, or damaged.
    """
    if response.is_stream_consumed:
        # A transport inside this process may answer with the whole body at once.
        yield response.content
        return
    # Not `aiter_raw`: it would be one layer more for each of a stream's thousands of chunks.
    stream = response.stream
    assert isinstance(stream, httpx.AsyncByteStream)  # noqa: S101  for the type checker
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        async for piece in stream:
            yield piece
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise DecodeError(f"The reply is compressed with {encoding!r}, which was not asked for.")
    inflater = _inflater()
    begun = False
    async for piece in stream:
        while piece:
            if inflater.eof:
                # A gzip file may have several members (RFC 1952 section 2.2); anything else is padding.
                if not _GZIP.startswith(piece[:2]):
                    break
                inflater, begun = _inflater(), False
            try:
                yield inflater.decompress(piece, _STEP)
            except zlib.error as problem:
                raise DecodeError(
                    f"The compressed reply is damaged ({problem}).", hint="Try again."
                ) from None
            begun = True
            if inflater.unconsumed_tail:
                # Little has become much: let deadlines and other requests have their turn.
                await asyncio.sleep(0)
            piece = inflater.unconsumed_tail or inflater.unused_data
    if begun and not inflater.eof:
        raise httpx.DecodingError("the compressed reply ended in its middle")


def _inflater() -> zlib._Decompress:
    # 32 added to the window size: zlib reads gzip and zlib heads by itself (zlib manual, inflateInit2).
    return zlib.decompressobj(32 + zlib.MAX_WBITS)
