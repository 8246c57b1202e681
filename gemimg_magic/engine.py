"""The engine: settings and a client. It turns what people pass into a request, and a request into a job."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import inspect
import itertools
import os
import weakref
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .budget import Spending, Till
from .core.address import origin_of
from .core.completions import Completion, Sent
from .core.cost import estimate
from .core.errors import NoImageError, PromptError
from .core.line import refuse_key
from .core.messages import ImagePart, ImageRequest, Message, Part, TextPart, system, user
from .core.models import check_request, resolve_alias
from .core.options import checked
from .core.plan import Plan, Planned
from .core.secret import Secret
from .fetching import fetched, is_address, refuse, with_pictures
from .gate import Pause, Turns, shared_gate
from .inputs import flatten, read_picture
from .jobs import Emit, Job, Work, background_loop
from .settings import Settings
from .sources import notebook_name

if TYPE_CHECKING:
    from .executors import Desk
    from .recall import Recall
    from .wire.client import Client
    from .wire.store import Journal, Store

Deliver = Callable[[ImageRequest, "Emit", "Journal | None", "Pause | None"], Awaitable[Completion]]
Prompt = str | Iterable[Part] | ImageRequest


class Engine:
    """Makes pictures. It remembers nothing between calls but its connections and what was spent.

    Args:
        settings: a whole set of settings, or None to gather them from the environment.
        transport: an ``httpx.AsyncBaseTransport`` to use instead of the network.
        spending: where the cost of all requests is added up, and the limit they keep; the engine's own, with
            the limit ``max_cost`` of the settings, unless given.
        fields: any field of :class:`~gemimg_magic.settings.Settings` by keyword.

    Raises:
        SettingsError: the settings make no sense together.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        transport: Any = None,
        spending: Spending | None = None,
        **fields: Any,
    ) -> None:
        if isinstance(fields.get("api_key"), str):
            # A traceback may print this frame's variables.
            fields["api_key"] = Secret(fields["api_key"], "api_key")
        self.settings = settings.with_options(**fields) if settings else Settings.load(**fields)
        self._transport = transport
        self._client: Client | None = None
        self._desk: Desk | None = None
        self.spending = spending or Spending(self.settings.max_cost)

    def generate(self, prompt: Prompt, **options: Any) -> Completion:
        """Make pictures and wait for them.

        Args:
            prompt: text, parts in order, or a whole request.
            options: as for :meth:`start`.

        Raises:
            GemimgError: whatever went wrong; see :mod:`gemimg_magic.errors`.
        """
        return self.start(prompt, **options).result()

    def start(
        self,
        prompt: Prompt,
        *,
        mode: str | None = None,
        parallel: int | None = None,
        max_cost: float | Spending | None = None,
        executor: Any = None,
        **options: Any,
    ) -> Job[Completion]:
        """Begin to make pictures; the same as :meth:`generate` without the wait.

        Args:
            prompt: text, parts in order, or a whole request.
            mode: how the store is used, where that differs from the settings.
            parallel: wait while so many requests of this process are on their way to the same server, where
                that differs from the settings. What is recorded does not wait.
            max_cost: US dollars that this request may cost; a ``Spending`` with a limit is shared by several.
            executor: whose workers send the request: any ``concurrent.futures.Executor``, a Dask client,
                ``dask`` for the current one, or an ipyparallel view.
            options: as for :meth:`request`.

        Raises:
            PromptError: the request is wrong, or holds the key; nothing was sent.
        """
        asking = self.asking(mode=mode, parallel=parallel, max_cost=max_cost, executor=executor)
        return Job(asking(self.request(prompt, **options)))

    def asking(
        self,
        *,
        mode: str | None = None,
        parallel: int | None = None,
        max_cost: float | Spending | None = None,
        executor: Any = None,
    ) -> Callable[[ImageRequest], Work[Completion]]:
        """How requests are answered: from the store, or by the gateway, so many at a time.

        Args:
            mode: how the store is used, where that differs from the settings.
            parallel: as for :meth:`start`.
            max_cost: US dollars that all of them together may cost.
            executor: as for :meth:`start`.

        Returns:
            request -> what a :class:`~gemimg_magic.jobs.Job` runs. It raises PromptError for a request that
            holds the key.
        """
        recall = self._recall(mode)
        till = self._till(max_cost)
        gate = shared_gate(origin_of(self.settings.base_url))
        limit = checked("parallel", parallel or self.settings.parallel)
        deliver = self.send if executor is None else self._workers(executor, recall.recording)
        turns = Turns(limit)

        def working(request: ImageRequest) -> Work[Completion]:
            self._refuse_key(request)
            ticket = turns.ticket()

            async def ask(emit: Emit, journal: Journal | None) -> Completion:
                if executor is None:
                    # Whatever is wrong before anything is sent is told without waiting for others.
                    self._connected()

                async def send(pause: Pause) -> Completion:
                    emit(Sent())
                    return await deliver(request, emit, journal, pause)

                async with turns.turn(ticket):
                    return await till.pay(request, lambda: gate.room(limit), send)

            async def answered(emit: Emit) -> Completion:
                try:
                    return await recall.answer(request, ask, emit)
                finally:
                    turns.settle(ticket)

            return answered

        return working

    async def send(
        self,
        request: ImageRequest,
        emit: Emit,
        journal: Journal | None = None,
        pause: Pause | None = None,
    ) -> Completion:
        """Have the gateway answer a request: no store, no limit. To be awaited on the background loop.

        Args:
            request: what to ask.
            emit: called for every event on the way.
            journal: takes the reply as it arrives.
            pause: awaited before another try; a sleep unless given.

        Raises:
            GemimgError: no whole picture came; the kind says why.
        """
        try:
            return await self._connected().complete(request, emit, journal, pause=pause)
        except NoImageError as problem:
            if not self.settings.fetch_urls or type(problem) is not NoImageError:
                raise
            return await with_pictures(problem)

    async def send_and_record(self, request: ImageRequest, emit: Emit) -> Completion:
        """Have the gateway answer a request, and record it; else as :meth:`send`.

        Whoever calls it counts requests and money: a worker is called by an engine that does.

        Args:
            request: what to ask.
            emit: called for every event on the way.

        Raises:
            GemimgError: no whole picture came; the kind says why.
        """
        return await self._recall("record").answer(request, functools.partial(self.send, request), emit)

    def _workers(self, executor: Any, store: Store | None) -> Deliver:
        """What has the workers of an executor send requests, as :meth:`send` does here."""
        from .executors import Desk, pool_of
        from .recall import tell

        pool = pool_of(executor)
        if self._transport is not None:
            raise PromptError(
                "An engine with a transport of its own cannot use an executor: workers have theirs.",
                hint="Leave out transport=, or executor=.",
            )
        desk = self._desk = self._desk or Desk(self.settings)

        async def deliver(
            request: ImageRequest, emit: Emit, journal: Journal | None, pause: Pause | None
        ) -> Completion:
            completion = await desk.ask(pool, request, store)
            tell(completion, emit)
            return completion

        return deliver

    def _refuse_key(self, request: ImageRequest) -> None:
        # A value may hold a key that nobody typed: {{os.environ}}. An answer to it could not be recorded.
        words = "\n".join(turn.text for turn in request.messages)
        refuse_key(words, self.settings.api_key, makes=False)

    def _till(self, max_cost: float | Spending | None) -> Till:
        own = self.settings
        if max_cost is not None and not isinstance(max_cost, Spending):
            max_cost = Spending(checked("max_cost", max_cost))
        limits = [self.spending] if max_cost is None else [max_cost, self.spending]
        return Till(limits, own.price, free=own.profile == "sketch")

    def plan(
        self,
        prompt: Prompt | Sequence[ImageRequest],
        *,
        mode: str | None = None,
        labels: Sequence[str] = (),
        **options: Any,
    ) -> Plan:
        """What a call would do, and what that may cost; nothing is sent, nothing is written.

        Args:
            prompt: as for :meth:`start`, or several requests.
            mode: how the store is used, where that differs from the settings.
            labels: what tells several requests apart, in their order.
            options: as for :meth:`request`.

        Returns:
            A value whose text is the dry run.

        Raises:
            PromptError: a request is wrong.
        """
        own = self.settings
        given = list(prompt) if not isinstance(prompt, (str, ImageRequest)) else []
        requests = [one for one in given if isinstance(one, ImageRequest)]
        if not requests:
            single = prompt if isinstance(prompt, (str, ImageRequest)) else _parts_of(given)
            requests = [self.request(single, **options)]
        for one in requests:
            self._refuse_key(one)
        recall = self._recall(mode)
        free = own.profile == "sketch"
        planned = tuple(
            Planned(one, recall.holds(one), estimate(one, price=own.price, free=free), label)
            for one, label in zip(requests, itertools.chain(labels, itertools.repeat("")), strict=False)
        )
        return Plan(planned, f"{own.profile} at {own.base_url}", recall.mode == "replay")

    @property
    def store(self) -> Store:
        """The store of the current folder, whether it exists yet or not."""
        from .wire.store import Store, find_root

        own = self.settings
        keys = [own.api_key] if own.api_key else []
        return Store(find_root(Path.cwd(), own.store), keys=keys, asked_in=notebook_name(os.environ))

    def _recall(self, mode: str | None) -> Recall:
        from .recall import Recall

        chosen = checked("mode", mode or self.settings.mode)
        # Drawings without a model cost nothing and are no answer of the model that was asked for.
        return Recall(self.store, chosen, keeps=self.settings.profile != "sketch")

    def request(
        self,
        prompt: Prompt,
        *,
        images: Iterable[Any] = (),
        system: str | None = None,
        model: str | None = None,
        aspect: str | None = None,
        size: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        seed: int | None = None,
        stream: bool = False,
        params: Mapping[str, Any] | None = None,
        history: Iterable[Message] = (),
        take: int = 0,
    ) -> ImageRequest:
        """The request for a prompt, with this engine's settings where a field is not given.

        Args:
            prompt: text, parts in order, or a whole request that is used as it is.
            images: reference pictures, put before the text: anything that ``picture_parts`` takes.
            system: text of a system turn.
            model: id or alias.
            aspect: ratio such as ``16:9``.
            size: ``512``, ``1K``, ``2K`` or ``4K``.
            temperature: 0 to 2.
            max_tokens: limit of the reply in tokens.
            seed: an integer, where the gateway honours one.
            stream: ask for a streamed reply.
            params: further fields of the body, sent as they are.
            history: earlier turns, oldest first; ``image.turns`` has those of a picture.
            take: which of several deliberate variants this is; each is recorded on its own.

        Raises:
            PromptError: a value is out of range, the prompt is empty, or a picture cannot be read.
        """
        if isinstance(prompt, ImageRequest):
            return prompt
        own = self.settings
        request = ImageRequest(
            model=resolve_alias(model or own.model),
            messages=_messages(prompt, flatten(images, self.picture_at), system, tuple(history)),
            max_tokens=checked("max_tokens", max_tokens or own.max_tokens),
            temperature=checked("temperature", own.temperature if temperature is None else temperature),
            aspect=checked("aspect", aspect or own.aspect),
            size=checked("size", size or own.size),
            seed=checked("seed", seed),
            stream=stream,
            params=dict(params or {}),
            take=checked("take", take),
        )
        check_request(request)
        return request

    def picture_at(self, reference: str) -> ImagePart:
        """The picture in a file, or at an https address where ``fetch_urls`` is set.

        Raises:
            PromptError: there is none, or it is not to be fetched.
        """
        if not is_address(reference):
            return read_picture(reference)
        return fetched(reference) if self.settings.fetch_urls else refuse(reference)

    async def models(self) -> list[dict[str, Any]]:
        """The models that the gateway lists, as it sends them. To be awaited on the background loop.

        Raises:
            APIError: it gave no list.
        """
        return await self._connected().models()

    def close(self) -> None:
        """Close the connections. The engine opens new ones when it is used again."""
        self._desk = None
        client, self._client = self._client, None
        if client is not None:
            _hang_up(client).result(5)

    def _connected(self) -> Client:
        # Imported here: HTTP libraries cost more than everything else that a notebook loads from us.
        from .sources import require_key
        from .wire.client import connect

        if self._client is None:
            own = self.settings
            require_key(own)
            self._client = connect(
                own.base_url,
                profile=own.gateway,
                key=own.api_key,
                timeout=own.timeout,
                retries=own.retries,
                transport=self._transport,
            )
            # An engine that is dropped without close() takes its connections with it. At the end of the
            # process the system does that.
            weakref.finalize(self, _hang_up, self._client).atexit = False
        return self._client

    def __repr__(self) -> str:
        return f"<Engine {self.settings.profile} {self.settings.base_url} {self.settings.model}>"


def _parts_of(given: Iterable[Part | ImageRequest]) -> list[Part]:
    return [part for part in given if not isinstance(part, ImageRequest)]


def _hang_up(client: Client) -> concurrent.futures.Future[None]:
    return asyncio.run_coroutine_threadsafe(client.aclose(), background_loop())


def _messages(
    prompt: str | Iterable[Part],
    images: Iterable[Part],
    system_text: str | None,
    history: tuple[Message, ...],
) -> tuple[Message, ...]:
    parts = (TextPart(prompt),) if isinstance(prompt, str) else tuple(prompt)
    if not any(not isinstance(part, TextPart) or part.text.strip() for part in (*images, *parts)):
        raise PromptError("The prompt is empty.", hint="Say what to draw.")
    if system_text:
        history = (system(system_text), *(turn for turn in history if turn.role != "system"))
    return (*history, user(*images, *parts))


def imagine(prompt: Prompt, *, images: Iterable[Any] = (), **options: Any) -> Completion:
    """Make pictures with the environment's settings and wait for them.

    Args:
        prompt: text, parts in order, or a whole request.
        images: reference pictures.
        options: as for :meth:`Engine.request`; any other name is a field of the settings.

    Raises:
        GemimgError: whatever went wrong; see :mod:`gemimg_magic.errors`.
    """
    if isinstance(options.get("api_key"), str):
        options["api_key"] = Secret(options["api_key"], "api_key")
    names = inspect.signature(Engine.request).parameters
    request_options = {name: options.pop(name) for name in list(options) if name in {*names, "executor"}}
    engine = Engine(**options)
    try:
        return engine.generate(prompt, images=images, **request_options)
    finally:
        engine.close()
