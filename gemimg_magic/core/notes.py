"""What a reply says beside its answers: ids, usage, errors. And how its words are made safe to keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from .completions import Usage
from .faults import Fault, find_fault, request_id_in
from .outcome import Facts, amount, number, read_usage
from .shapes import dicts, unwrap
from .text import HIDDEN, scrub, spellings

_REQUEST_IDS = (
    "x-request-id", "request-id", "x-oneapi-request-id", "x-generation-id", "x-litellm-call-id",
    "x-goog-request-id",
)  # fmt: skip
_KNOWN_KEYS = (
    "choices", "candidates", "output", "usage", "usageMetadata", "promptFeedback", "prompt_feedback",
    "images", "image", "partial_image_b64",
)  # fmt: skip
_HEAD_KEYS = {
    "id": "id",
    "responseId": "id",
    "object": "object",
    "created": "created",
    "model": "model",
    "modelVersion": "model",
    "model_version": "model",
}
_USAGE_KEYS = ("usage", "usageMetadata", "usage_metadata")
_KEPT_ERROR = 64 * 1024
_DEPTH = 60


class Cleaner:
    """Makes the server's words safe to keep: whole characters, no secrets, tokens spelled out.

    Args:
        secrets: texts to hide.
        restore: puts back what the fast path took out.

    >>> Cleaner(["hunter2"], str).text("no such key: hunter2")
    'no such key: ****'
    """

    def __init__(self, secrets: Iterable[str], restore: Callable[[str], str]) -> None:
        self._secrets = tuple(secret for secret in secrets if secret)
        self._restore = restore

    def text(self, text: str) -> str:
        """Words for people: whatever looks like a key is hidden, too."""
        return scrub(self._whole(text), self._secrets)

    def opaque(self, text: str) -> str:
        """A text that must go back unchanged; only the secrets themselves are hidden."""
        text = self._whole(text)
        for secret in self._secrets:
            for form in spellings(secret):
                text = text.replace(form, HIDDEN)
        return text

    def tree(self, value: Any, clean: Callable[[str], str] | None = None, depth: int = _DEPTH) -> Any:
        """The same for every text in a JSON value; what is nested absurdly deep is cut."""
        clean = clean or self.text
        if isinstance(value, str):
            return clean(value)
        if not isinstance(value, list | dict):
            return value
        if depth == 0:
            return "…"
        if isinstance(value, list):
            return [self.tree(item, clean, depth - 1) for item in value]
        return {clean(key): self.tree(item, clean, depth - 1) for key, item in value.items()}

    def _whole(self, text: str) -> str:
        text = self._restore(text)
        if text.isascii():
            return text
        # JSON escapes can write half characters, which no file or screen takes.
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class Trickle:
    """Text on its way to a screen: what may be the beginning of a secret waits for the rest of it.

    Args:
        secrets: texts to hide.

    >>> trickle = Trickle(["hunter2-hunter2"])
    >>> [trickle.feed(piece) for piece in ("no key hun", "ter2-", "hunter2", ".")]
    ['no key ', '', '****', '.']
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self._forms = tuple(form for secret in secrets for form in spellings(secret))
        self._held = ""

    def feed(self, text: str) -> str:
        """What can be shown by now."""
        text = self._held + text
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        longest = max(map(len, self._forms), default=0)
        begun = (text[-n:] for n in range(min(longest - 1, len(text)), 0, -1))
        self._held = next((end for end in begun if any(form.startswith(end) for form in self._forms)), "")
        return text[: len(text) - len(self._held)]

    def finish(self) -> str:
        """What was held back, now that nothing follows."""
        held, self._held = self._held, ""
        return held


class Notes:
    """Collects what the documents of a reply say beside their answers.

    Args:
        headers: of the reply, with lower-case names.
        facts: filled with what decides the outcome.
        cleaner: for the server's words.
    """

    def __init__(self, headers: Mapping[str, str], facts: Facts, cleaner: Cleaner) -> None:
        self.error_documents: list[Any] = []
        """What may say why the request failed."""
        self.error_text = ""
        self._headers = headers
        self._facts = facts
        self._cleaner = cleaner
        self._head: dict[str, Any] = {}
        self._usage: Mapping[str, Any] = {}

    def take(self, text: str, document: dict[str, Any]) -> None:
        """Read one document; ``text`` is how it was written."""
        inner = unwrap(document)
        both = (document,) if inner is document else (document, inner)
        answers = [answer for key in ("choices", "candidates") for answer in dicts(inner.get(key))]
        for part in both:
            for key, name in _HEAD_KEYS.items():
                if part.get(key) and not self._head.get(name):
                    self._head[name] = part[key]
            self.take_usage(part)
            self._feedback(part.get("promptFeedback", part.get("prompt_feedback")))
        for answer in answers:
            self._said(answer.get("finishMessage", answer.get("finish_message")))
        known = any(key in inner for key in _KNOWN_KEYS) or isinstance(inner.get("data"), list)
        self._facts.understood = self._facts.understood or known
        fault = next((f for part in (*both, *answers) if (f := find_fault(part))), None)
        if fault is not None and self._facts.fault is None:
            self._facts.fault = self.cleaned(fault)
        if fault is not None or self._facts.status >= 300:
            self._keep_error(text, document)

    def _keep_error(self, text: str, document: Any) -> None:
        if len(self.error_text) < _KEPT_ERROR:
            self.error_documents.append(document)
            self.error_text = (self.error_text + self._cleaner.text(text))[:_KEPT_ERROR]

    def take_usage(self, document: Mapping[str, Any]) -> None:
        """The last usage counts: gateways send running totals, and zeros first."""
        for key in _USAGE_KEYS:
            if isinstance(document.get(key), dict):
                self._usage = document[key]

    def _feedback(self, feedback: Any) -> None:
        """Google's verdict on the prompt."""
        if not isinstance(feedback, dict):
            return
        reason = feedback.get("blockReason", feedback.get("block_reason"))
        if reason:
            self._facts.block_reason = self._cleaner.text(str(reason))[:200]
        self._said(feedback.get("blockReasonMessage", feedback.get("block_reason_message")))

    def _said(self, words: Any) -> None:
        if isinstance(words, str) and words:
            self._facts.said = self._cleaner.text(words)[:1000]

    def usage(self) -> Usage:
        """What the server counted, in one vocabulary."""
        usage = read_usage(self._usage) if self._usage else Usage()
        if usage.cost is None:
            usage = replace(usage, cost=amount(self._headers.get("x-litellm-response-cost")))
        return replace(usage, details=self._cleaner.tree(usage.details))

    def named(self, name: str) -> str:
        """One of ``id``, ``object``, ``model``, or empty."""
        value = self._head.get(name)
        return self._cleaner.text(value)[:500] if isinstance(value, str) else ""

    def created(self) -> int:
        """When the reply was made, or 0."""
        return max(0, number(self._head.get("created")) or 0)

    def request_id(self) -> str | None:
        """What the gateway's support asks for: from a header, or from the words of an error."""
        header = next((self._headers[name] for name in _REQUEST_IDS if self._headers.get(name)), None)
        return self._cleaner.text(header)[:200] if header else request_id_in(self.error_text)

    def cleaned(self, fault: Fault) -> Fault:
        """The same fault in safe words."""

        def clean(value: str) -> str:
            return self._cleaner.text(value)[:4000]

        code = clean(fault.code) if isinstance(fault.code, str) else fault.code
        kind, param = (clean(value) if value is not None else None for value in (fault.type, fault.param))
        return Fault(clean(fault.message), code, kind, param, fault.status)
