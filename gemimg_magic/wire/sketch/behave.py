"""Words that make the sketch server behave in a special way, so that every outcome can be tried."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_BRACKETED = r"[\[(]\s*{}\s*[\])]"
_LED = r"^\s*{}\s*(?::|$)"

_FAIL = re.compile(r"[\[(]?\bfail\s+([45]\d\d)\b[\])]?", re.IGNORECASE)
_REFUSE = re.compile(r"\brefuse\b", re.IGNORECASE)
_TEXT_ONLY = re.compile(r"\btext only\b", re.IGNORECASE)
_TWO = re.compile(r"[\[(]?\btwo pictures\b(?:\s+of)?[\])]?:?", re.IGNORECASE)
_SLOW = re.compile(
    r"[\[(]\s*slow(?:\s+(?P<a>\d{1,3}(?:\.\d+)?))?\s*[\])]"
    r"|\bslow\s+(?P<b>\d{1,3}(?:\.\d+)?)\b\s*:?"
    r"|\bslow\s*:"
    r"|^\s*slow\b"
    r"|\bslow\s*[.!]?\s*$",
    re.IGNORECASE,
)
_FIRM = {
    name: re.compile(f"{_BRACKETED.format(name)}|{_LED.format(name)}", re.IGNORECASE)
    for name in ("blocked", "cut", "draft")
}
LONGEST_WAIT = 600.0


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What the words of a prompt ask of the server besides a picture."""

    prompt: str
    fail: int | None = None
    wait: float = 0.0
    pictures: int = 1
    flags: frozenset[str] = field(default_factory=frozenset)


def read_behaviour(prompt: str) -> Behaviour:
    """Find the special words of a prompt and return the prompt without them."""
    fail = _FAIL.search(prompt)
    two = _TWO.search(prompt)
    slow = _SLOW.search(prompt)
    flags = {name for name, rule in _FIRM.items() if rule.search(prompt)}
    flags |= {name for name, rule in (("refuse", _REFUSE), ("text only", _TEXT_ONLY)) if rule.search(prompt)}
    rest = prompt
    for rule in (_FAIL, _TWO, _SLOW, *_FIRM.values()):
        rest = rule.sub(" ", rest)
    seconds = (slow["a"] or slow["b"] or "3") if slow else "0"
    return Behaviour(
        prompt=rest.strip(),
        fail=int(fail[1]) if fail else None,
        wait=min(LONGEST_WAIT, float(seconds)),
        pictures=2 if two else 1,
        flags=frozenset(flags),
    )
