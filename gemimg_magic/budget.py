"""Spending: what requests have cost, what those in flight may cost, and the limit that they keep together.

A cell with ``--max-cost`` has one, a session with ``max_cost`` has one, and a request may have to fit into
both. It is used on the background loop only, so nothing needs a lock; reading its sums is safe anywhere.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeVar

from .core.completions import Completion, Usage
from .core.cost import FREE, UNKNOWN, Cost, Estimate, Total, cost_of, dollars, estimate
from .core.errors import APIError, APITimeoutError, BudgetError, GemimgError, PromptError, SettingsError
from .core.messages import ImageRequest

# Sums of prices are not exact in binary; a thousandth of a thousandth of a cent is no reason to refuse.
_NOISE = 1e-8


# US dollars or None, and where the price comes from or why there is none.
T = TypeVar("T")
Expect = Callable[[], tuple[float | None, str]]


class Spending:
    """Money that was spent, known and unknown, with an optional limit.

    Args:
        limit: US dollars that are not to be passed, or None.

    >>> Spending(0.5)
    <Spending $0 of $0.5000>
    """

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self._by_model: dict[str, Total] = {}
        self._dearest: dict[tuple[str, str | None], float] = {}
        self._assumed = 0.0
        self._reserved: list[float] = []
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def total(self) -> Total:
        """What the answers so far have cost."""
        return sum(list(self._by_model.values()), Total())

    @property
    def by_model(self) -> dict[str, Total]:
        """The same, by the model that was asked."""
        return dict(self._by_model)

    @property
    def known(self) -> float:
        """US dollars of the answers whose cost is known."""
        return self.total.known

    @property
    def unknown(self) -> int:
        """How many answers have an unknown cost."""
        return self.total.unknown

    @property
    def reserved(self) -> float:
        """US dollars that the requests in flight will probably cost."""
        return sum(self._reserved)

    def __str__(self) -> str:
        return str(self.total)

    def __repr__(self) -> str:
        return f"<Spending {self}" + (f" of {dollars(self.limit)}>" if self.limit is not None else ">")

    def dearest(self, request: ImageRequest) -> float | None:
        """The most that one answer of this model and size has cost here, or None."""
        return self._dearest.get((request.model, request.size))

    def reserve(self, request: ImageRequest, expect: Expect | None) -> float | asyncio.Future[None]:
        """Set money aside for a request.

        Args:
            request: what is about to be sent.
            expect: what it will probably cost; None where there is no limit to keep.

        Returns:
            US dollars that were set aside; or, while only those in flight stand in its way, what to wait for
            before it is tried again.

        Raises:
            BudgetError: it would pass the limit, or its price is unknown and there is a limit.
        """
        usd, why = expect() if expect else (0.0, "")
        expected = usd or 0.0
        if self.limit is not None and expect is not None:
            if usd is None:
                raise _unknown(why)
            spent = self.known + self._assumed
            if spent + self.reserved + expected > self.limit + _NOISE:
                if not self._reserved or spent + expected > self.limit + _NOISE:
                    raise _passed(spent, expected, self.limit, request)
                settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(settled)
                return settled
        self._reserved.append(expected)
        return expected

    def settle(self, request: ImageRequest, expected: float, cost: Cost | None) -> None:
        """Put what a request did cost in the place of what was set aside.

        Args:
            request: what was sent.
            expected: as it was reserved.
            cost: what it cost; unknown counts as what was expected. None: it cost nothing, or was never sent.
        """
        self._reserved.remove(expected)
        if cost is not None:
            self._by_model[request.model] = self._by_model.get(request.model, Total()) + Total.of([cost])
            if cost.usd is None:
                self._assumed += expected
            else:
                like = request.model, request.size
                self._dearest[like] = max(cost.usd, self._dearest.get(like, 0.0))
        waiting, self._waiting = self._waiting, []
        for settled in waiting:
            if not settled.done():
                settled.set_result(None)


def _passed(spent: float, expected: float, limit: float, request: ImageRequest) -> BudgetError:
    before = f"{dollars(spent)} of {dollars(limit)} is spent" if spent else f"The limit is {dollars(limit)}"
    return BudgetError(
        f"{before}, and the next request ({request.model}) may cost {dollars(expected)}: it was not sent.",
        hint="Raise --max-cost for this cell, or %config ImagineMagics.max_cost for the session.",
    )


def _unknown(why: str) -> BudgetError:
    return BudgetError(
        f"A limit on the cost cannot be kept: {why}. Nothing was sent.",
        hint="Say what a request costs by %config ImagineMagics.price, take a model and size whose price is "
        "known (%gemimg models), or leave the limit out.",
    )


@dataclass(frozen=True, slots=True)
class Till:
    """Where the requests of an engine are paid.

    Args:
        spendings: all that a request has to fit into, in the order in which they are asked.
        price: US dollars that the user says one request costs, or None.
        free: whether no model is asked at all.
    """

    spendings: Sequence[Spending]
    price: float | None = None
    free: bool = False

    async def pay(
        self,
        request: ImageRequest,
        room: Callable[[], AbstractAsyncContextManager[T]],
        ask: Callable[[T], Awaitable[Completion]],
    ) -> Completion:
        """Ask, with the money set aside before and settled after.

        Args:
            request: what is sent.
            room: waited for before it is sent, and held meanwhile.
            ask: sends it, given what the room gave.

        Raises:
            BudgetError: it would pass a limit; nothing was sent.
            GemimgError: as ``ask`` has it.
        """
        expect: Expect | None = None
        if any(spending.limit is not None for spending in self.spendings):
            found = await asyncio.to_thread(estimate, request, price=self.price, free=self.free)
            expect = functools.partial(self._expected, request, found)
        while True:
            # The price is asked when it is this one's turn: the answers before it have told more. While it
            # waits for others to be settled, its room is theirs.
            async with room() as held_room:
                answer = await self._paid(request, expect, lambda: ask(held_room))
            if isinstance(answer, Completion):
                return answer
            await answer

    async def _paid(
        self, request: ImageRequest, expect: Expect | None, ask: Callable[[], Awaitable[Completion]]
    ) -> Completion | asyncio.Future[None]:
        """The answer; or what to wait for before it can be paid."""
        held: list[tuple[Spending, float]] = []
        cost: Cost | None = None
        try:
            for spending in self.spendings:
                reserved = spending.reserve(request, expect)
                if isinstance(reserved, asyncio.Future):
                    return reserved
                held.append((spending, reserved))
            # Cancelled or broken on the way, it may have been billed all the same.
            cost = UNKNOWN
            completion = await ask()
            cost = self._cost(request, completion)
            return completion
        except GemimgError as problem:
            if cost is not None:
                cost = self._cost_of_failure(request, problem)
            raise
        finally:
            for spending, expected in held:
                spending.settle(request, expected, cost)

    def _expected(self, request: ImageRequest, found: Estimate) -> tuple[float | None, str]:
        """The estimate, or the most that such an answer has cost here, where that is more or all we know."""
        seen = [spending.dearest(request) for spending in self.spendings]
        known = [usd for usd in (found.usd, *seen) if usd is not None]
        return max(known, default=None), found.basis

    def _cost(self, request: ImageRequest, completion: Completion) -> Cost:
        if self.free:
            return FREE
        models = [request.model, completion.model]
        count = len(completion.images) + len(completion.drafts)
        return cost_of(completion.usage, models=models, pictures=count, size=request.size, price=self.price)

    def _cost_of_failure(self, request: ImageRequest, problem: GemimgError) -> Cost | None:
        """What a failure cost: its reply may say. An error of the server's costs nothing.

        Of a server that took the request and then fell silent, nobody knows.
        """
        usage = problem.completion.usage if problem.completion is not None else None
        if problem.completion is not None and usage != Usage():
            return self._cost(request, problem.completion)
        if isinstance(problem, APITimeoutError):
            return UNKNOWN
        return None if isinstance(problem, APIError | SettingsError | PromptError) else UNKNOWN
