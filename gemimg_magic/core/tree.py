"""The documents of a reply as they are kept: the pictures stand in place of their base64.

Events of a stream that only add text are kept as one, whatever their number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .prose import Piece, Prose, Slot

_DEPTH = 60


class Span:
    """A stretch of a text that is still growing: up to the next span of the text, or to its end."""

    def __init__(self, prose: Prose, start: int) -> None:
        self.prose = prose
        self.start = start
        self.stop: int | None = None

    def pieces(self) -> list[Piece]:
        """What the text has become here."""
        return self.prose.pieces[self.start : self.stop]


class Tree:
    """Collects documents; leaves of the collected ones may be slots and spans until :meth:`grown`."""

    def __init__(self) -> None:
        self.documents: list[Any] = []
        self.leaves: dict[str, Slot | tuple[Span, ...]] = {}
        """For the document that is being read: texts to replace."""
        self._last: dict[int, Span] = {}
        self._run: Prose | None = None  # of the events that only add text

    def span(self, prose: Prose, start: int) -> Span:
        """From here on, a text of the document is what the prose makes of it."""
        span = Span(prose, start)
        if (last := self._last.get(id(prose))) is not None:
            last.stop = start
        self._last[id(prose)] = span
        return span

    def continues(self, prose: Prose | None) -> bool:
        """Whether an event that only adds to this prose can be left out: the last one did the same."""
        return prose is not None and prose is self._run

    def add(self, document: Any, restore: Callable[[str], str], run: Prose | None = None) -> None:
        """Keep a document that has been read; ``run`` is set where it only added text."""
        self._run = run
        self.documents.append(self._copy(document, restore, _DEPTH))
        self.leaves = {}

    def _copy(self, node: Any, restore: Callable[[str], str], depth: int) -> Any:
        if isinstance(node, str):
            return self.leaves.get(node) or restore(node)
        if not isinstance(node, list | dict):
            return node
        if depth == 0:
            return "…"
        if isinstance(node, list):
            return [self._copy(item, restore, depth - 1) for item in node]
        return {restore(key): self._copy(item, restore, depth - 1) for key, item in node.items()}

    def grown(self, clean: Callable[[str], str], *, stream: bool) -> Any:
        """The documents with pictures as leaves, and texts with pictures as tuples."""

        def resolve(node: Any) -> Any:
            if isinstance(node, str):
                return clean(node)
            if isinstance(node, Slot):
                return node.image if node.image is not None else "(no picture)"
            if isinstance(node, tuple):
                pieces = (piece for span in node for piece in span.pieces())
                return tuple(resolve(p) for p in pieces if isinstance(p, str) or not p.apart)
            if isinstance(node, list):
                return [resolve(item) for item in node]
            if isinstance(node, dict):
                return {clean(key): resolve(item) for key, item in node.items()}
            return node

        grown = [resolve(document) for document in self.documents]
        return grown[0] if len(grown) == 1 and not stream else grown
