"""One answer (choice) of a reply while it is put together: its text, thoughts, pictures and reasons."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .blobs import Blobs
from .completions import Choice, GeneratedImage
from .gallery import Gallery, Kind
from .markdown import split, tidy, token, without
from .messages import Message, Part, TextPart
from .payload import Payload
from .prose import Piece, Prose, Slot, Thinking

_STYLES = {"(": "markdown", "<": "markdown", '"': "html", "'": "html"}


class Answer:
    """Text and pictures of one choice, in the order in which they came."""

    def __init__(self, gallery: Gallery, blobs: Blobs, *, quiet: bool = False) -> None:
        self.quiet = quiet
        """It repeats what came before; nothing of it is shown on arrival."""
        self.place = ""
        self.thinking = Thinking()
        self.extras: dict[str, Any] = {}
        self._gallery = gallery
        self.main = Prose(self._taker(lambda: self.main, "result"), blobs)
        self.aside = Prose(self._taker(lambda: self.aside, "result"), blobs)
        self.thoughts = Prose(self._taker(lambda: self.thoughts, "thought"), blobs)

    def _taker(self, prose: Callable[[], Prose], kind: Kind) -> Callable[[Payload, bool], Slot]:
        def take(payload: Payload, glued: bool) -> Slot:
            style = _STYLES.get(prose().wrapper, "data URI")
            return self._gallery.take(payload, glued, f"{self.place} {style}", kind)

        return take

    @property
    def begun(self) -> bool:
        """Whether anything has come."""
        return any(p.pieces or p.inside for p in (self.main, self.aside, self.thoughts)) or self.thinking.done

    def put(self, slot: Slot) -> None:
        """A picture that stands outside of the text."""
        self.main.put(slot)
        self.aside.put(slot)

    def add_extra(self, key: str, value: Any) -> None:
        """Lists grow, objects are filled up, the last text wins."""
        old = self.extras.get(key)
        if isinstance(old, list) and isinstance(value, list):
            self.extras[key] = [*old, *value]
        elif isinstance(old, Mapping) and isinstance(value, Mapping):
            self.extras[key] = {**old, **value}
        else:
            self.extras[key] = value

    def finish(self) -> list[tuple[str, bool]]:
        """The answer ends; give the text that was held back, and whether it is a thought."""
        shown = []
        for thought, text in self.thinking.finish():
            shown.append(((self.thoughts if thought else self.main).feed(text), thought))
        shown += [(self.thoughts.finish(), True), (self.main.finish(), False)]
        aside = self.aside.finish()
        if not _words(self.main):
            shown.append((aside, False))
        return [] if self.quiet else shown

    def parts(self, kept: Callable[[GeneratedImage], bool], clean: Callable[[str], str]) -> tuple[Part, ...]:
        """Text and pictures as they stood; addresses of pictures go from the text to the gallery."""
        pieces: list[Piece] = self.main.pieces
        if not _words(self.main) and _words(self.aside):
            # What stands in a second place is the text only where the first has none.
            before = [p for p in pieces if isinstance(p, Slot) and not p.apart]
            pieces = [*before, *self.aside.pieces]
        slots: list[Slot] = []
        text = ""
        for piece in pieces:
            if isinstance(piece, Slot):
                text += token(len(slots))
                slots.append(piece)
            else:
                text += piece
        urls: list[str] = []
        text = tidy(text, urls)
        for url in urls:
            self._gallery.add_url(clean(url), f"{self.place} markdown")
        parts: list[Part] = []
        for part in split(without(text, self._gallery.urls)):
            if isinstance(part, str):
                if part.strip():
                    parts.append(TextPart(clean(part)))
            elif (image := slots[part].image) is not None and kept(image) and image not in parts:
                parts.append(image)
        return tuple(parts)

    def reasoning(self) -> str:
        """The thoughts, without pictures."""
        text = "".join(token(0) if isinstance(p, Slot) else p for p in self.thoughts.pieces)
        return tidy(text, []).replace(token(0), "")


def _words(prose: Prose) -> bool:
    return any(isinstance(piece, str) and not piece.isspace() for piece in prose.pieces)


class Answers:
    """All answers of a reply, by the gateway's number."""

    def __init__(self, gallery: Gallery, blobs: Blobs) -> None:
        self._gallery = gallery
        self._blobs = blobs
        self._by_number: dict[int, list[Answer]] = {}
        self._reasons: dict[int, list[Any]] = {}

    def __getitem__(self, number: int) -> Answer:
        if number not in self._by_number:
            self._by_number[number] = [Answer(self._gallery, self._blobs)]
        return self._by_number[number][-1]

    def restart(self, number: int) -> None:
        """A whole message comes after its pieces: it stands beside them, and the fuller one counts."""
        if self[number].begun:
            self._by_number[number].append(Answer(self._gallery, self._blobs, quiet=True))

    def finished(self, number: int, reason: Any, native: Any) -> None:
        """The last reason that is not null counts, as sent."""
        _ = self[number]
        reasons = self._reasons.setdefault(number, [None, None])
        for at, value in enumerate((reason, native)):
            if value is not None:
                reasons[at] = value

    def finish(self) -> list[tuple[str, bool]]:
        """All answers end."""
        return [
            shown for answers in self._by_number.values() for answer in answers for shown in answer.finish()
        ]

    def choices(self, clean: Callable[[str], str], *, stream: bool) -> tuple[Choice, ...]:
        """The answers as values. Those of a stream that stayed empty only lend their reason to the next."""
        kept = {id(image) for image in self._gallery.images}
        choices: list[Choice] = []
        for number, answers in self._by_number.items():
            made = [(a, a.parts(lambda image: id(image) in kept, clean)) for a in answers]
            _, parts = max(made, key=lambda pair: _fullness(pair[1]))
            extras = {k: v for a in answers for k, v in a.extras.items()}
            reason, native = self._reasons.get(number, (None, None))
            message = Message("assistant", parts, extras)
            reasoning = clean(max((a.reasoning() for a in answers), key=len).strip())
            words = [None if word is None else clean(str(word))[:200] for word in (reason, native)]
            choices.append(Choice(len(choices), message, words[0], words[1], reasoning))
        if stream and len(choices) > 1:
            choices = _without_empty(choices)
        return tuple(choices)


def _fullness(parts: tuple[Part, ...]) -> tuple[int, int]:
    words = sum(len(part.text.split()) for part in parts if isinstance(part, TextPart))
    return words, sum(not isinstance(part, TextPart) for part in parts)


def _without_empty(choices: list[Choice]) -> list[Choice]:
    """Some gateways give text one number and the end another."""
    from dataclasses import replace

    full = [choice for choice in choices if choice.message.parts or choice.reasoning]
    if not full or len(full) == len(choices):
        return choices
    reason = next((c.finish_reason for c in choices if c.finish_reason and c not in full), None)
    native = next((c.native_finish_reason for c in choices if c.native_finish_reason and c not in full), None)
    return [
        replace(
            choice,
            index=index,
            finish_reason=choice.finish_reason or reason,
            native_finish_reason=choice.native_finish_reason or native,
        )
        for index, choice in enumerate(full)
    ]
