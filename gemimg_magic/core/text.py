"""Text that came from elsewhere: made harmless for a screen, and cleaned of secrets."""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterable
from urllib.parse import quote

_KEY_LIKE = re.compile(
    r"""(?x)
    \b(?: sk-[A-Za-z0-9_-]{16,} | AIza[A-Za-z0-9_-]{30,} | gsk_[A-Za-z0-9]{20,} | hf_[A-Za-z0-9]{20,}
        | pplx-[A-Za-z0-9]{20,} | vck_[A-Za-z0-9]{20,} | xai-[A-Za-z0-9]{20,} )
    | (?<=[Bb]earer\ )[A-Za-z0-9._~+/=-]{8,}
    """
)
HIDDEN = "****"


def looks_like_key(text: str) -> bool:
    """Whether the text seems to hold an API key of a known make.

    >>> looks_like_key("--api-key sk-" + 10 * "x7"), looks_like_key("a task-force of foxes")
    (True, False)
    """
    return _KEY_LIKE.search(text) is not None


def scrub(text: str, secrets: Iterable[str] = ()) -> str:
    """Hide every given secret, also in an address or in base64, and whatever looks like a key.

    >>> scrub("Incorrect API key provided: hunter2-hunter2", ["hunter2-hunter2"])
    'Incorrect API key provided: ****'
    """
    for secret in secrets:
        for form in spellings(secret):
            text = text.replace(form, HIDDEN)
    return _KEY_LIKE.sub(HIDDEN, text)


# Shorter ones are placeholders such as "EMPTY"; hiding those would garble every text.
_SHORTEST = 6
# In base64, less than this of a secret could stand there by chance.
_SHORTEST_IN_BASE64 = 8


def spellings(secret: str) -> tuple[str, ...]:
    """A secret as it may stand in a text: plain, in an address, in JSON, in base64; the longest first.

    >>> spellings("a+b/c!")
    ('a%2Bb%2Fc%21', 'a+b/c!')
    >>> base64.b64encode(b"user:hunter2-hunter2").decode()[7:26] in spellings("hunter2-hunter2")
    True
    """
    if len(secret) < _SHORTEST:
        return ()
    found = {secret, quote(secret, safe=""), secret.replace("\\", "\\\\").replace('"', '\\"')}
    plain = secret.encode()
    if len(plain) >= _SHORTEST_IN_BASE64:
        # What base64 makes of it depends on its place in a longer text: one, two or three characters at
        # either end belong to the neighbours as well.
        for before in range(3):
            bits = 8 * (before + len(plain))
            written = base64.b64encode(bytes(before) + plain)[-(-8 * before // 6) : bits // 6].decode()
            found |= {written, written.replace("+", "-").replace("/", "_")}
    return tuple(sorted(found, key=lambda form: (-len(form), form)))


def inert(text: str) -> str:
    """Escape control and direction-changing characters; line ends and tabs stay.

    >>> inert("a\\x1b[31mb\\u202ec")
    'a\\\\x1b[31mb\\\\u202ec'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if c in "\n\t" or _is_harmless(c) else _escape(c) for c in text)


def _is_harmless(character: str) -> bool:
    # Cc and Cs: controls and half characters; Zl and Zp: line ends that only some programs know. Tags
    # (U+E0000 and up) are letters that nobody sees.
    kind = unicodedata.category(character)
    return kind not in _UNSEEN and character not in _BIDI and not "\U000e0000" <= character <= "\U000e007f"


_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def _escape(character: str) -> str:
    return character.encode("unicode_escape", "backslashreplace").decode()


def shorten(text: str, limit: int = 200) -> str:
    """One line of at most ``limit`` characters.

    >>> shorten("one  two\\nthree", 10)
    'one two t…'
    """
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None.

    >>> closest("aspct", ["aspect", "size"])
    'aspect'
    """
    # Needed only after a mistake, and not cheap to load.
    import difflib

    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)), None)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint with the close match, or with all known words where they are few, or nothing.

    >>> did_you_mean("fxo", ["fox", "cat"])
    'Did you mean fox?'
    """
    names = list(known)
    match = closest(word, names)
    if match:
        return f"Did you mean {match}?"
    return f"Known: {', '.join(names)}." if 0 < len(names) <= 16 else ""
