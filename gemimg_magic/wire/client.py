"""One request over HTTP: sent, timed, capped, read, and tried again where that cannot cost anything."""

from __future__ import annotations

import asyncio
import contextlib
import json
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx

from ..core.address import is_loopback
from ..core.advice import advise, lacks_model, offer
from ..core.completions import Completion, Finished, Retrying
from ..core.errors import APIError, APIStatusError, APITimeoutError, DecodeError, GemimgError, NoImageError
from ..core.limits import Limits
from ..core.messages import ImageRequest
from ..core.notes import Cleaner
from ..core.profiles import Profile
from ..core.remarks import remarks
from ..core.reply import ReplyReader
from ..core.secret import Secret
from ..core.spelling import Body, spell
from ..core.text import scrub, shorten
from .faults import HTTP_ERRORS, fault_of, reason, translate
from .inflate import pieces
from .network import transport_for
from .patience import pause as wait
from .quiet import quiet
from .reading import Emit, Journal, Reading
from .sketch import handle as sketch

# Seconds that an error may wait for the list of models that makes it clearer.
_LIST_TIMEOUT = 5.0
_LONGEST_LIST = 8 * 1024 * 1024


Pause = Callable[[Retrying], Awaitable[None]]


async def _sleep(retrying: Retrying) -> None:
    await asyncio.sleep(retrying.delay)


class _KeyAuth(httpx.Auth):
    """Adds the key at the last moment, and only for the origin that it was configured for."""

    def __init__(self, key: Secret) -> None:
        self._key = key

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        url = request.url
        if f"{url.scheme}://{url.netloc.decode()}" == self._key.origin:
            request.headers["Authorization"] = f"Bearer {self._key.reveal()}"
        yield request


class Client:
    """Speaks to one gateway.

    Args:
        base_url: the address before ``/chat/completions``.
        profile: how it is spoken to.
        key: the key for it, or None.
        limits: caps and deadlines.
        retries: tries after the first, only before any answer.
        transport: what carries the request.
    """

    def __init__(
        self,
        base_url: str,
        *,
        profile: Profile,
        key: Secret | None,
        limits: Limits,
        retries: int,
        transport: httpx.AsyncBaseTransport,
    ) -> None:
        self._base_url = base_url
        self._profile = profile
        self._key = key
        self._limits = limits
        self._retries = retries
        self._host = urlsplit(base_url).netloc
        self._http = httpx.AsyncClient(
            auth=_KeyAuth(key) if key else None,
            transport=transport,
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(limits.total, connect=limits.connect),
            headers={"User-Agent": "gemimg-magic", **self._transfer(), **profile.headers},
        )
        # Made once: parsing an address is a good part of the cost of a small request.
        self._chat = httpx.URL(f"{base_url}/chat/completions")

    def _transfer(self) -> dict[str, str]:
        # Compressed base64 saves a quarter of the bytes and costs more time than it saves when near.
        return {"Accept-Encoding": "identity" if is_loopback(self._base_url) else "gzip"}

    async def complete(
        self,
        request: ImageRequest,
        emit: Emit,
        journal: Journal | None = None,
        *,
        pause: Pause | None = None,
    ) -> Completion:
        """Send the request and read the answer.

        Args:
            request: what to ask.
            emit: called for every event on the way, the last one being ``Finished``.
            journal: takes the reply as it arrives, before anything else looks at it.
            pause: awaited before another try; a sleep unless given.

        Raises:
            GemimgError: no whole picture came; the kind says why.
        """
        with quiet(self._key), self._scrubbing():
            return await self._complete(request, emit, journal, pause or _sleep)

    @contextlib.contextmanager
    def _scrubbing(self) -> Iterator[None]:
        """Let no error out that holds the key: servers echo it, and libraries quote servers."""
        try:
            yield
        except GemimgError as problem:
            raise problem.scrubbed(self._secrets())  # noqa: B904  it is the same error

    async def _complete(
        self, request: ImageRequest, emit: Emit, journal: Journal | None, pause: Pause
    ) -> Completion:
        body = spell(request, self._profile)
        # A gateway that knows this header answers a repeated request without asking, and billing, again.
        call = str(uuid.uuid4())
        attempt = 0
        while True:
            try:
                completion = await self._attempt(request, body, call, emit, journal)
                break
            except APIError as problem:
                delay = wait(problem, attempt) if attempt < self._retries else None
                if delay is None:
                    raise await self._advised(problem, request) from None
                attempt += 1
                limited = problem.status_code == 429 or bool(problem.retry_after)
                retrying = Retrying(attempt, delay, scrub(problem.message, self._secrets()), limited)
                emit(retrying)
                await pause(retrying)
        told = (*completion.warnings, *body.remarks, *remarks(request, completion.images))
        if told != completion.warnings:
            # The document as it is held: to read it would hash the pictures.
            completion = replace(completion, warnings=told, document=vars(completion)["document"])
        emit(Finished(completion))
        return completion

    async def _advised(self, problem: APIError, request: ImageRequest) -> APIError:
        """The error with what to do; where the model is not known, with the models that are."""
        problem = advise(problem, request)
        if lacks_model(problem):
            # The first error is the one to tell, whatever goes wrong with the list.
            with contextlib.suppress(Exception):
                async with asyncio.timeout(_LIST_TIMEOUT):
                    offer(problem, await self.models(), request.model)
        return problem

    async def _attempt(
        self, request: ImageRequest, body: Body, call: str, emit: Emit, journal: Journal | None
    ) -> Completion:
        headers = {
            "Idempotency-Key": call,
            "Content-Type": "application/json",
            "Content-Length": str(body.length),
            "Accept": "text/event-stream" if request.stream else "application/json",
        }
        outgoing = self._http.build_request("POST", self._chat, content=_outgoing(body), headers=headers)
        reader: ReplyReader | None = None
        try:
            async with asyncio.timeout(self._limits.total) as clock:
                response = await self._http.send(outgoing, stream=True)
                try:
                    _refuse_redirect(response, self._host)
                    reader = self._reader(response, request)
                    if journal is not None:
                        journal.begin(response.status_code, response.headers)
                    await Reading(reader, emit, journal, self._limits, clock).all_of(response)
                finally:
                    await response.aclose()
        except TimeoutError:
            if reader is None:
                raise APITimeoutError(
                    f"{self._host} had not answered after {self._limits.total:g} s.",
                    hint="The server accepted the request. Raise the timeout, or try --stream.",
                    model=request.model,
                ) from None
            return await asyncio.to_thread(reader.finish, _late(self._host, self._limits))
        except HTTP_ERRORS as problem:
            if reader is None:
                raise translate(problem, self._host, model=request.model) from None
            broken = fault_of(problem).message.format(host=self._host, why=reason(problem))
            return await asyncio.to_thread(reader.finish, broken.rstrip("."))
        return await asyncio.to_thread(reader.finish)

    def _secrets(self) -> list[str]:
        return [self._key.reveal()] if self._key else []

    def _reader(self, response: httpx.Response, request: ImageRequest) -> ReplyReader:
        return ReplyReader(
            status=response.status_code,
            headers=response.headers,
            model=request.model,
            secrets=self._secrets(),
            limits=self._limits,
        )

    async def models(self) -> list[dict[str, Any]]:
        """The gateway's list of models, as sent.

        Raises:
            APIError: it gave none.
        """
        with quiet(self._key), self._scrubbing():
            return await self._models()

    async def _models(self) -> list[dict[str, Any]]:
        try:
            async with asyncio.timeout(min(30.0, self._limits.total)):
                response = await self._http.send(
                    self._http.build_request("GET", f"{self._base_url}/models"), stream=True
                )
                try:
                    _refuse_redirect(response, self._host)
                    body = await self._short(response)
                finally:
                    await response.aclose()
        except HTTP_ERRORS as problem:
            raise translate(problem, self._host) from None
        entries = _listed(body.decode("utf-8", "replace"))
        if response.is_success and entries is not None:
            clean = Cleaner(self._secrets(), str)
            return [clean.tree(entry) for entry in entries]
        reader = ReplyReader(
            status=response.status_code,
            headers=response.headers,
            secrets=self._secrets(),
        )
        reader.feed(body)
        with contextlib.suppress(NoImageError):
            reader.finish()
        raise DecodeError(
            f"{self._host} gave no list of models.", hint="Check the base URL: it usually ends in /v1."
        )

    async def _short(self, response: httpx.Response) -> bytes:
        body = b""
        async for piece in pieces(response):
            body += piece
            if len(body) > _LONGEST_LIST:
                raise DecodeError(f"The list of {self._host} is larger than {_LONGEST_LIST:,} bytes.")
        return body

    async def aclose(self) -> None:
        """Close all connections."""
        await self._http.aclose()


def connect(
    base_url: str,
    *,
    profile: Profile,
    key: Secret | None,
    timeout: float,
    retries: int,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Client:
    """A client for an address: over the network, or to the sketch server inside this process.

    Args:
        base_url: the address before ``/chat/completions``.
        profile: how it is spoken to.
        key: the key for it, or None.
        timeout: seconds for one request, all told.
        retries: tries after the first.
        transport: used instead of the network.
    """
    if transport is None:
        transport = httpx.MockTransport(sketch) if profile.name == "sketch" else transport_for(base_url)
    usual = Limits()
    limits = Limits(total=timeout, idle=min(usual.idle, timeout), connect=min(usual.connect, timeout))
    return Client(base_url, profile=profile, key=key, limits=limits, retries=retries, transport=transport)


async def _outgoing(body: Body) -> AsyncIterator[bytes]:
    for piece in body:
        yield piece


def _refuse_redirect(response: httpx.Response, host: str) -> None:
    if response.is_redirect:
        target = _host_in(response.headers.get("location", "")) or "another path"
        raise APIStatusError(
            f"{host} sends the request on to {target}; that is not followed, so nothing was sent there.",
            hint="If that is right, set GEMIMG_BASE_URL to the new address.",
            status_code=response.status_code,
        )


def _host_in(address: str) -> str:
    try:
        return shorten(urlsplit(address).netloc, 100)
    except ValueError:
        return ""


def _late(host: str, limits: Limits) -> str:
    if limits.idle < limits.total:
        return f"{host} sent nothing new for {limits.idle:g} s, or had not finished after {limits.total:g} s"
    return f"{host} had not finished after {limits.total:g} s"


def _listed(text: str) -> list[dict[str, Any]] | None:
    """The entries of a list of models, with or without a wrapper; None where there is none."""
    try:
        payload = json.loads(text)
    except ValueError:
        return None
    entries = payload.get("data") if isinstance(payload, dict) else payload
    if not isinstance(entries, list) or (isinstance(payload, dict) and payload.get("success") is False):
        return None
    return [entry for entry in entries if isinstance(entry, dict)]
