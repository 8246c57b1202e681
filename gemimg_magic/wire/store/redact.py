"""Secrets kept out of files: replaced where a server echoed them, looked for before anything is written."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from ...core.errors import StoreError
from ...core.secret import Secret
from ...core.text import HIDDEN, scrub, spellings

# Shorter ones are placeholders such as "EMPTY"; hiding those would garble every text.
_SHORTEST = 6
# In a long run of base64, four letters that look like the start of a key are chance, one time in twenty.
_RUN = re.compile(r"[A-Za-z0-9+/_=-]{200,}")


class Redactor:
    """Knows the secrets, and keeps them out of texts and bytes.

    Args:
        keys: the secrets. Their texts stand in no attribute and no variable, so that a traceback that prints
            those shows none of them.

    >>> redactor = Redactor([Secret("hunter2-hunter2", "a test")])
    >>> redactor.text("wrong key hunter2-hunter2")
    'wrong key ****'
    """

    __slots__ = ("_forms", "_plain")

    def __init__(self, keys: Iterable[Secret] = ()) -> None:
        keys = tuple(keys)
        self._forms: Callable[[], tuple[bytes, ...]] = lambda: _forms(keys)
        self._plain: Callable[[], tuple[bytes, ...]] = lambda: _plain_forms(keys)

    def text(self, text: str) -> str:
        """The text without the secrets, and without what looks like a key outside of base64."""
        text = _hide(text.encode("utf-8", "surrogatepass"), self._forms()).decode("utf-8", "surrogatepass")
        parts, at = [], 0
        for run in _RUN.finditer(text):
            parts += [scrub(text[at : run.start()]), run.group()]
            at = run.end()
        return "".join([*parts, scrub(text[at:])])

    def data(self, data: bytes) -> bytes:
        """The same for bytes of unknown encoding."""
        # Latin-1 maps every byte to itself, and the patterns are ASCII.
        return self.text(data.decode("latin-1")).encode("latin-1") if data.isascii() else self._odd(data)

    def _odd(self, data: bytes) -> bytes:
        plain = _hide(data, self._forms()).decode("latin-1")
        return Redactor().text(plain).encode("latin-1")

    def json(self, value: Any) -> Any:
        """The same for every text inside a JSON value, names included."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.json(item) for item in value]
        if isinstance(value, dict):
            return {self.text(name): self.json(item) for name, item in value.items()}
        return value

    def holds_secret(self, data: bytes) -> bool:
        """Whether a secret stands in these bytes."""
        return any(form in data for form in self._forms())

    def refuse(self, data: bytes, what: str) -> None:
        """The last check before bytes are written.

        Raises:
            StoreError: a secret stands in them.
        """
        if self.holds_secret(data):
            raise StoreError(f"{what} would hold the API key, so it is not written.")

    def stream(self) -> StreamCleaner:
        """For bytes that arrive in pieces."""
        # Three forms of each: looking for every one of them in megabytes of pictures would cost too much.
        return StreamCleaner(self._plain)


def _forms(keys: Iterable[Secret]) -> tuple[bytes, ...]:
    """Each secret as it may stand in a reply; the longest first."""
    found = {form.encode() for key in keys for form in spellings(key.reveal())}
    return tuple(sorted(found, key=len, reverse=True))


def _plain_forms(keys: Iterable[Secret]) -> tuple[bytes, ...]:
    """The forms that a server's echo has: as it came, in an address, or alone in base64."""
    found = set()
    for key in keys:
        plain = key.reveal().encode()
        if len(plain) >= _SHORTEST:
            found |= {plain, quote(key.reveal(), safe="").encode(), base64.b64encode(plain).rstrip(b"=")}
    return tuple(sorted(found, key=len, reverse=True))


def _hide(data: bytes, forms: Iterable[bytes]) -> bytes:
    for form in forms:
        data = data.replace(form, HIDDEN.encode())
    return data


class StreamCleaner:
    """Replaces secrets in bytes that arrive in pieces, also where one is cut in two.

    >>> cleaner = Redactor([Secret("hunter2-hunter2", "a test")]).stream()
    >>> cleaner.feed(b"key hunter2-") + cleaner.feed(b"hunter2.") + cleaner.finish()
    b'key ****.'
    """

    __slots__ = ("_forms", "_held")

    def __init__(self, forms: Callable[[], tuple[bytes, ...]]) -> None:
        self._forms = forms
        self._held = b""

    def feed(self, piece: bytes) -> bytes:
        """What can be written of the bytes so far."""
        data = _hide(self._held + piece if self._held else piece, self._forms())
        keep = _begun(data, self._forms())
        self._held = data[len(data) - keep :]
        return data[: len(data) - keep] if keep else data

    def finish(self) -> bytes:
        """What was held back."""
        data, self._held = self._held, b""
        return data


def _begun(data: bytes, forms: tuple[bytes, ...]) -> int:
    """How many bytes at the end may be the start of a secret."""
    longest = len(forms[0]) if forms else 0
    for count in range(min(len(data), longest - 1), 0, -1):
        if any(form.startswith(data[-count:]) for form in forms):
            return count
    return 0
