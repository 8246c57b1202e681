"""API keys in texts: where they stand and of what make they are. What is found is never repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .text import spellings

# Prefixes as the makers document them or print them in their consoles (November 2026).
_MAKES = {
    "an OpenRouter key": r"sk-or-v\d-[A-Za-z0-9]{20,}",
    "an Anthropic key": r"sk-ant-[A-Za-z0-9_-]{16,}",
    "a key as OpenAI, new-api and LiteLLM make them": r"sk-[A-Za-z0-9_-]{16,}",
    "a Google key": r"AIza[A-Za-z0-9_-]{30,}|AQ\.[A-Za-z0-9_-]{30,}",
    "a Groq key": r"gsk_[A-Za-z0-9]{20,}",
    "a Hugging Face token": r"hf_[A-Za-z0-9]{20,}",
    "a Perplexity key": r"pplx-[A-Za-z0-9]{20,}",
    "a Vercel key": r"vck_[A-Za-z0-9]{20,}",
    "an xAI key": r"xai-[A-Za-z0-9]{20,}",
    "a Replicate token": r"r8_[A-Za-z0-9]{30,}",
}
# Words such as "Bearer authentication" are no tokens: those have a digit.
_DIGIT = r"(?=[A-Za-z0-9._~+/-]*\d)"
_OTHERS = {
    "a Bearer token": rf"[Bb]earer[ ]{_DIGIT}[A-Za-z0-9._~+/-]{{12,}}=*",
    "a value given to an API key": (
        rf"(?i:api_?key)\w*[\\\"'\])]*\s*[=:,]\s*[\\\"']*{_DIGIT}[A-Za-z0-9._~+/-]{{16,}}=*"
    ),
}
_KEYS = re.compile(
    "|".join(
        [rf"(?<![A-Za-z0-9])(?P<m{number}>{make})" for number, make in enumerate(_MAKES.values())]
        + [rf"(?P<o{number}>{other})" for number, other in enumerate(_OTHERS.values())]
    )
)
_NAMES = {f"m{number}": name for number, name in enumerate(_MAKES)}
_NAMES |= {f"o{number}": name for number, name in enumerate(_OTHERS)}
# In a long run of base64, letters that look like the start of a key are chance. No key is that long.
_BASE64 = re.compile(r"[A-Za-z0-9+/]{200,}={0,2}")
ALLOWED = "pragma: allowlist secret"
"""A line with these words is passed over; detect-secrets uses the same."""


@dataclass(frozen=True, slots=True)
class Found:
    """A key in a text.

    Args:
        line: its number, from 1.
        what: of what make it seems to be; never the key.
    """

    line: int
    what: str


def find_keys(text: str, known: Mapping[str, str] | None = None) -> Iterator[Found]:
    """Every line that seems to hold an API key, and why.

    Args:
        text: of any file; bytes of an unknown encoding may be read as Latin-1.
        known: keys that are in use, by the name of their variable: these are found in any spelling.

    >>> list(find_keys("x = 1\\nkey = 'sk-0123456789abcdefXYZ'"))  # pragma: allowlist secret
    [Found(line=2, what='a key as OpenAI, new-api and LiteLLM make them')]
    >>> list(find_keys("Bearer authentication, a task-force, sk-..."))
    []
    """
    forms = [(form, name) for name, value in (known or {}).items() for form in spellings(value)]
    for number, line in enumerate(text.split("\n"), 1):
        if ALLOWED in line:
            continue
        name = next((name for form, name in forms if form in line), "")
        if name:
            yield Found(number, f"the value of {name}")
            continue
        found = _KEYS.search(_BASE64.sub(" ", line) if len(line) > 200 else line)
        if found:
            yield Found(number, _NAMES[found.lastgroup or ""])
