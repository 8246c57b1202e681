"""The tolerant reader: the bytes of any gateway's reply -> events, and at the end a Completion or an error.

Pure: no socket, no clock. The parts, in the order in which bytes pass them: `blobs` (long base64 out),
`frames` (events or documents), `lane` (short cut), `shapes` (where things stand), `answers` and `gallery`
(text and pictures), `faults` and `outcome` (what it amounts to).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from .answers import Answers
from .blobs import Blobs
from .completions import Choice, Completion, Event, TextDelta
from .errors import DecodeError
from .faults import http_fault, plain, retry_after
from .frames import Document, Frames, parse, repair
from .gallery import Gallery
from .lane import Lane, plain_text
from .limits import Limits
from .markdown import bare_urls
from .notes import Cleaner, Notes, Trickle
from .outcome import Facts, judge
from .prose import Prose
from .shapes import unwrap, walk
from .text import shorten
from .tree import Tree


class ReplyReader:
    """Reads one reply.

    Args:
        status: the HTTP status.
        headers: of the reply; names in any case.
        model: the model that was asked, for errors and where the reply names none.
        secrets: texts to hide in everything that the server said.
        limits: caps on bytes and pixels.

    >>> reader = ReplyReader()
    >>> reader.feed(b'{"choices": [{"message": {"content": "I cannot draw that."}}]}')
    [TextDelta(text='I cannot draw that.', reasoning=False)]
    >>> reader.finish()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    gemimg_magic.core.errors.RefusedError: The model answered with text ...: I cannot draw that. ...
    """

    def __init__(
        self,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        model: str | None = None,
        secrets: Iterable[str] = (),
        limits: Limits = Limits(),  # noqa: B008  frozen
    ) -> None:
        headers = {str(name).lower(): str(value) for name, value in (headers or {}).items()}
        self._headers = headers
        self._model = model
        self._limits = limits
        self._total = self._unfinished = 0
        self._facts = Facts(status)
        secrets = tuple(secrets)
        self._blobs = Blobs()
        self._frames = Frames()
        self._lane = Lane()
        self._lane_choice = 0
        self._clean = Cleaner(secrets, self._blobs.restore)
        self._facts.content_type = self._clean.text(headers.get("content-type", ""))[:100]
        self._trickles = {thought: Trickle(secrets) for thought in (False, True)}
        self._notes = Notes(headers, self._facts, self._clean)
        self._gallery = Gallery(limits, self._blobs)
        self._answers = Answers(self._gallery, self._blobs)
        self._tree = Tree()
        self._events: list[Event] = []
        self._merging = False  # the event only adds to a text whose first event is kept
        self._whole = False  # the body is a JSON document with a whole message: nothing will be added
        self._unread = ""

    def feed(self, data: bytes | bytearray | memoryview) -> list[Event]:
        """Take bytes as they arrive; give what has become known through them.

        Raises:
            DecodeError: the reply passes the cap on bytes.
        """
        self._total += len(data)
        if self._total > self._limits.reply_bytes:
            cap = f"{self._limits.reply_bytes:,} bytes"
            raise DecodeError(
                f"The reply is larger than {cap} (limits.reply_bytes); it was not read to its end."
            )
        left = self._blobs.feed(data)
        self._unfinished += len(left)
        if self._unfinished > self._limits.document_bytes:
            cap = f"{self._limits.document_bytes:,} bytes"
            raise DecodeError(
                f"The reply is larger than {cap} beside its pictures (limits.document_bytes); "
                "it was not read to its end."
            )
        frames = self._frames.feed(left, self._around())
        if frames:
            self._unfinished = 0
        self._take(frames)
        if self._frames.done or self._whole:
            self._whole = False
            for text, thought in self._answers.finish():
                self._shown(text, thought=thought)
            for thought, trickle in self._trickles.items():
                if held := trickle.finish():
                    self._events.append(TextDelta(held, thought))
        self._events += self._gallery.arrived
        self._gallery.arrived.clear()
        events, self._events = self._events, []
        return events

    def finish(self, broken: str | None = None) -> Completion:
        """The reply is over.

        Args:
            broken: how the transport failed, where it did.

        Raises:
            GemimgError: there is no whole final picture; the class says why.
        """
        for frame in [*self._frames.feed(self._blobs.finish()), *self._frames.finish()]:
            self._frame(frame, last=True)
        if self._frames.cut:
            self._cut(self._frames.cut)
        self._facts.broken = broken if broken is None else self._clean.text(broken)
        self._answers.finish()
        self._gallery.settle(broke=broken is not None or self._facts.cut)
        self._settle_facts()
        completion = self._completion()
        error = judge(completion, self._facts)
        if error is not None:
            raise error
        return completion

    # What shapes.walk finds.

    def text(self, choice: int, text: str, place: str) -> None:
        """Text of the answer."""
        answer = self._answers[choice]
        answer.place = place
        pieces = [
            ((answer.thoughts if t else answer.main), piece, t) for t, piece in answer.thinking.feed(text)
        ]
        self._say(text, pieces, quiet=answer.quiet)

    def aside(self, choice: int, text: str, place: str) -> None:
        """Text in a second place; shown while the first has none."""
        answer = self._answers[choice]
        answer.place = answer.place or place
        quiet = answer.quiet or any(isinstance(p, str) and p.strip() for p in answer.main.pieces)
        self._say(text, [(answer.aside, text, False)], quiet=quiet)

    def thought(self, choice: int, text: str, place: str) -> None:
        """Reasoning."""
        answer = self._answers[choice]
        before, answer.place = answer.place, place
        self._say(text, [(answer.thoughts, text, True)], quiet=answer.quiet)
        answer.place = before

    def picture(self, choice: int, value: str, place: str, *, draft: bool = False) -> None:
        """A picture's value."""
        slot = self._gallery.value(value, place, "draft" if draft else "result")
        if slot is not None:
            self._tree.leaves[value] = slot
            self._answers[choice].put(slot)

    def whole(self, choice: int) -> None:
        """A whole message follows."""
        self._whole = self._frames.kind == "json"
        self._answers.restart(choice)

    def extras(self, choice: int, key: str, value: Any) -> None:
        """An opaque field."""
        self._answers[choice].add_extra(key, self._clean.tree(value, self._clean.opaque))

    def finished(self, choice: int, reason: Any, native: Any) -> None:
        """Reasons to end."""
        self._answers.finished(choice, reason, native)
        for word in (reason, native):
            if isinstance(word, str) and self._facts.reasons[-1:] != [word := self._clean.text(word)]:
                self._facts.reasons.append(word)

    def _say(self, whole: str, pieces: list[tuple[Prose, str, bool]], *, quiet: bool) -> None:
        spans = []
        for prose, piece, thought in pieces:
            before = len(prose.pieces)
            self._shown(prose.feed(piece), thought=thought, quiet=quiet)
            if not self._merging:
                spans.append(self._tree.span(prose, before))
        if whole and spans:
            self._tree.leaves[whole] = tuple(spans)

    def _shown(self, text: str, *, thought: bool = False, quiet: bool = False) -> None:
        # A picture is told before the text of the same piece.
        self._events += self._gallery.arrived
        self._gallery.arrived.clear()
        if text and not quiet and (text := self._trickles[thought].feed(text)):
            self._events.append(TextDelta(self._clean.text(text), thought))

    # Frames and documents.

    def _around(self) -> tuple[bytes, bytes] | None:
        """What stands around the text of events that only carry a picture on: these are read together."""
        around = self._lane.around
        return around if around and self._answers[self._lane_choice].main.inside else None

    def _take(self, frames: list[bytes | Document]) -> None:
        """Read frames. What the lane finds of one picture is decoded together: base64 likes long pieces."""
        texts: list[bytes] = []
        for frame in frames:
            text = self._lane.text(frame) if isinstance(frame, bytes) else None
            if text is not None and self._blobs.marked(text):
                text = None
            if text is not None:
                texts.append(text)
                if text.isascii() and self._answers[self._lane_choice].main.inside:
                    continue
            self._pass_on(texts)
            if text is None:
                self._frame(frame)
        self._pass_on(texts)

    def _pass_on(self, texts: list[bytes]) -> None:
        if texts:
            self._shown(self._answers[self._lane_choice].main.feed_raw(b"".join(texts)))
            texts.clear()

    def _frame(self, frame: bytes | Document, *, last: bool = False) -> None:
        if isinstance(frame, Document):
            self._document(frame.text, frame.value)
            return
        self._lane.forget()
        written = frame.decode("utf-8", "replace").strip()
        if not written or written == "[DONE]":
            return
        try:
            value = parse(written)
        except ValueError:
            if last:
                self._cut(written)
            else:
                self._unread = self._unread or written
            return
        plain_choice = self._document(written, value)
        if plain_choice is not None:
            self._lane_choice, content = plain_choice
            self._lane.learn(frame, content)

    def _cut(self, text: str) -> None:
        """The beginning of a document: the reply ends inside it."""
        if text[:1] not in ("{", "["):
            self._unread = self._unread or text
            return
        self._facts.cut = True
        try:
            self._document(text, parse(repair(text)))
        except ValueError:
            self._unread = self._unread or text

    def _document(self, text: str, value: Any) -> tuple[int, str] | None:
        """Read one document; where it is an event that only adds text, its choice and the text."""
        plain_event = None
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                plain_event = self._object(text, item)
            else:
                self._unread = self._unread or text
        self._blobs.forget(text)
        return plain_event if isinstance(value, dict) else None

    def _object(self, text: str, value: dict[str, Any]) -> tuple[int, str] | None:
        plain_event = plain_text(value)
        main = self._plain_prose(plain_event)
        if plain_event is not None and self._tree.continues(main):
            self._merge(value, *plain_event)
            return plain_event
        self._notes.take(text, value)
        walk(unwrap(value), self)
        self._tree.add(value, self._blobs.restore, main)
        return plain_event if main is not None else None

    def _merge(self, value: dict[str, Any], number: int, text: str) -> None:
        """Take an event that only adds to a text whose first event is kept: walking it would find no more."""
        self._merging = True
        self._notes.take_usage(value)
        choice = value["choices"][0]
        self.finished(number, choice.get("finish_reason"), choice.get("native_finish_reason"))
        self.text(number, text, "delta.content")
        self._merging = False

    def _plain_prose(self, plain_event: tuple[int, str] | None) -> Prose | None:
        answer = self._answers[plain_event[0]] if plain_event else None
        return answer.main if answer and answer.thinking.done and not answer.quiet else None

    # The end.

    def _completion(self) -> Completion:
        stream = self._frames.kind == "sse"
        gallery, notes = self._gallery, self._notes
        choices = self._choices(stream=stream)
        return Completion(
            id=notes.named("id"),
            object=notes.named("object") or "chat.completion",
            created=notes.created(),
            model=notes.named("model") or self._model or "",
            choices=choices,
            usage=notes.usage(),
            images=tuple(gallery.images),
            drafts=tuple(gallery.drafts),
            image_urls=tuple(map(self._clean.text, gallery.urls)),
            warnings=tuple(self._warnings()),
            request_id=notes.request_id(),
            form=gallery.form,
            document=self._tree.grown(self._clean.text, stream=stream),
        )

    def _choices(self, *, stream: bool) -> tuple[Choice, ...]:
        choices = self._answers.choices(self._clean.text, stream=stream)
        placed = {id(image) for choice in choices for image in choice.message.images}
        # A result that stood among thoughts belongs to the turn all the same.
        missing = tuple(image for image in self._gallery.images if id(image) not in placed)
        if missing and choices:
            message = choices[0].message
            first = replace(choices[0], message=replace(message, parts=message.parts + missing))
            choices = (first, *choices[1:])
        if not self._gallery.images and not self._gallery.urls:
            for choice in choices:
                for url in bare_urls(choice.message.text):
                    self._gallery.add_url(url, "text")
        return choices

    def _warnings(self) -> list[str]:
        facts, said = self._facts, [self._clean.text(warning) for warning in self._gallery.warnings]
        if facts.fault is not None:
            said.append(f"The server also reported an error: {shorten(facts.fault.message, 500)}")
        if facts.broken is not None:
            said.append(f"The reply broke off: {facts.broken}.")
        elif facts.cut:
            said.append("The reply ended in the middle of its JSON.")
        if self._gallery.images and self._gallery.broken:
            said.append("Another picture was not whole and was left out.")
        return said

    def _settle_facts(self) -> None:
        """What decides the outcome, now that all has been read."""
        facts, notes = self._facts, self._notes
        body = self._clean.text(self._unread or self._frames.text)
        if not 200 <= facts.status < 300:
            facts.fault = notes.cleaned(http_fault(facts.status, notes.error_documents, body))
        if facts.fault is not None:
            facts.retry_after = retry_after(self._headers, notes.error_text or body)
        facts.body = plain(body) or body[:500]
        facts.broken_images, facts.too_large = self._gallery.broken, self._gallery.too_large
