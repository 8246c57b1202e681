"""A conversation in Python: the turns so far, and what is said next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .core.completions import Completion
from .core.messages import Message, Part, system
from .engine import Engine


class Session:
    """Remembers turns. A turn is kept when its answer has come; a failed one leaves no trace.

    Args:
        engine: what asks; one with the environment's settings unless given.
        system: text of a system turn.
        messages: turns to begin with.
    """

    def __init__(
        self,
        engine: Engine | None = None,
        *,
        system: str | None = None,
        messages: Iterable[Message] = (),
    ) -> None:
        self.engine = engine or Engine()
        self._messages = (*_system_turn(system), *messages)

    @property
    def messages(self) -> tuple[Message, ...]:
        """The turns so far, oldest first."""
        return self._messages

    def say(self, prompt: str | Iterable[Part], **options: Any) -> Completion:
        """Say something and wait for the picture.

        Args:
            prompt: text, or parts in order.
            options: as for :meth:`Engine.request`.

        Raises:
            GemimgError: whatever went wrong; the conversation is as before.
        """
        completion = self.engine.generate(prompt, history=self._messages, **options)
        self._messages = completion.image.turns
        return completion

    def fork(self) -> Session:
        """A second conversation with the same turns; what is said there is not heard here."""
        return Session(self.engine, messages=self._messages)

    def __repr__(self) -> str:
        return f"<Session of {len(self._messages)} turns>"


def _system_turn(text: str | None) -> tuple[Message, ...]:
    return (system(text),) if text else ()
