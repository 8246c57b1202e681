"""The fault-injecting gateway: the embedded server with a reply and faults that a test chooses.

def test_it(faulty):                                     # the fixture is in tests/resilience/conftest.py
    faulty.body = json.dumps(completion(png())).encode()
    faulty.next("reset:1000")                            # the next request meets this; see sketch/trouble.py
    engine = Engine(base_url=faulty.base_url, ...)
    ...
    assert faulty.asked == 1
"""

from __future__ import annotations

from collections import deque

import httpx

from gemimg_magic.wire.sketch import running
from gemimg_magic.wire.sketch.trouble import Plan, Trouble, read_trouble


class Told(Plan):
    """A plan that a test fills one fault at a time; when it is empty, replies arrive whole."""

    def __init__(self) -> None:
        super().__init__()
        self.troubles: deque[Trouble | None] = deque()

    def next(self) -> Trouble | None:
        return self.troubles.popleft() if self.troubles else None


class Faulty:
    """The server. A POST is answered with `body`, or with what `answer(body of the request)` gives."""

    def __init__(self) -> None:
        self.body = b"{}"
        self.headers = {"content-type": "application/json"}
        self.answer = None
        self.seen: list[tuple[dict[str, str], bytes]] = []
        self.plan = Told()
        self._running = running(plan=self.plan, handle=self._handle)
        self.base_url = self._running.__enter__()

    @property
    def asked(self) -> int:
        """How many requests came."""
        return len(self.seen)

    def next(self, *troubles: str | None) -> None:
        """The faults of the next requests, one each; None is none."""
        self.plan.troubles.extend(read_trouble(text) if text else None for text in troubles)

    def close(self) -> None:
        """Stop serving."""
        self._running.__exit__(None, None, None)

    async def _handle(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        self.seen.append((dict(request.headers), body))
        if self.answer is not None:
            return self.answer(body)
        return httpx.Response(200, headers=self.headers, content=self.body)
