"""A request in one canonical form, its key in the store, and how two requests differ.

Two requests with the same key would be answered alike by any gateway. Host, key, headers, streaming, timeouts
and our version are no part of it. The form is RFC 8785 (JSON Canonicalization Scheme), except that whole
numbers keep all their digits.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from .errors import PromptError
from .messages import ImageRequest, Message, Part, TextPart
from .text import inert, shorten

VERSION = 1
_API = "chat/completions"
# What every request carries unless the user says otherwise; fixed for version 1 of the key.
_USUAL_MAX_TOKENS = 4096

Canonical = dict[str, Any]


def canonical(request: ImageRequest) -> Canonical:
    r"""The request as plain data: text as typed, pictures by hash, parameters that were set.

    Raises:
        PromptError: a further field of the body cannot be written as JSON.

    >>> from .messages import user
    >>> canonical(ImageRequest("m", (user("a fox\r\n"),), temperature=1.0))["messages"]
    [{'parts': [{'text': 'a fox\n'}], 'role': 'user'}]
    """
    form: Canonical = {
        "v": VERSION,
        "api": _API,
        "model": request.model,
        "messages": [_turn(message) for message in request.messages],
        "params": _params(request),
        "take": request.take,
    }
    # Through JSON once, so that a request and its record hold the same types.
    plain: Canonical = json.loads(dump(form))
    return plain


def key(request: ImageRequest) -> str:
    """The request's key: a SHA-256 in hexadecimal.

    >>> from .messages import user
    >>> ask = lambda **fields: key(ImageRequest("m", (user("a fox"),), **fields))
    >>> ask(temperature=1) == ask(temperature=1.0, stream=True), ask(take=1) == ask()
    (True, False)
    """
    return key_of(canonical(request))


def key_of(form: Mapping[str, Any]) -> str:
    """The key of a request that is in its canonical form already."""
    return hashlib.sha256(dump(form).encode()).hexdigest()


def dump(value: Any) -> str:
    """Canonical JSON: sorted names, no spaces, numbers as ECMAScript writes them.

    Raises:
        PromptError: the value is not JSON.

    >>> dump({"b": 1.0, "a": [1e-7, 0.00001, True, None, "é"]})
    '{"a":[1e-7,0.00001,true,null,"é"],"b":1}'
    """
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, str):
        # Lone surrogates go out as question marks, so that is what they are here.
        return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return _number(value)
    if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
        # RFC 8785 section 3.2.3: names are sorted by their UTF-16 code units.
        names = sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{dump(name)}:{dump(value[name])}" for name in names) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(dump(item) for item in value) + "]"
    raise PromptError(f"{shorten(repr(value), 40)} cannot be a field of the request: it is not JSON.")


def _number(value: float) -> str:
    """A float as ECMA-262 (Number::toString) writes it, which RFC 8785 section 3.2.2.3 asks for.

    >>> _number(1e20), _number(1.5e-9), _number(0.7), _number(-0.0), _number(1e21)
    ('100000000000000000000', '1.5e-9', '0.7', '0', '1e+21')
    """
    digits, _, exponent = repr(value).partition("e")
    if exponent and not -7 < int(exponent) < 21:
        return f"{digits}e{int(exponent):+d}"
    plain = format(Decimal(repr(value)), "f")
    plain = plain.removesuffix(".0")
    return "0" if plain == "-0" else plain


def _turn(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "parts": [_part(part) for part in message.parts]}
    if message.extras:
        # Opaque fields are sent, so they count; signatures can be megabytes, so they count by hash.
        turn["extras"] = "sha256:" + hashlib.sha256(dump(dict(message.extras)).encode()).hexdigest()
    return turn


def _part(part: Part) -> dict[str, str]:
    if isinstance(part, TextPart):
        return {"text": part.text.replace("\r\n", "\n")}
    return {"pixels": part.content_id} if part.content_id else {"sha256": part.sha256}


def _params(request: ImageRequest) -> dict[str, Any]:
    usual = request.max_tokens == _USUAL_MAX_TOKENS
    fields = {
        "max_tokens": None if usual else request.max_tokens,
        "temperature": request.temperature,
        "aspect": request.aspect,
        "size": request.size,
        "seed": request.seed,
        **request.params,
    }
    return {name: value for name, value in fields.items() if value is not None}


def hashes_of(form: Mapping[str, Any]) -> tuple[str, ...]:
    """The hashes of all pictures that a canonical request holds, in order."""
    return tuple(
        part.get("sha256") or part.get("pixels", "")
        for turn in form.get("messages", ())
        for part in turn.get("parts", ())
        if "text" not in part
    )


def prompt_of(form: Mapping[str, Any]) -> str:
    """The text of the last user turn of a canonical request, with a mark where a picture stands.

    >>> prompt_of({"messages": [{"role": "user", "parts": [{"text": "like "}, {"sha256": "ab12cd34ef"}]}]})
    'like [ab12cd34]'
    """
    turns = [turn for turn in form.get("messages", ()) if turn.get("role") == "user"]
    parts = turns[-1].get("parts", ()) if turns else ()
    return "".join(
        part["text"] if "text" in part else f"[{(part.get('sha256') or part.get('pixels', ''))[:8]}]"
        for part in parts
    ).strip()


def request_of(form: Mapping[str, Any]) -> ImageRequest:
    """The request as far as its canonical form tells: in place of a picture stands a mark.

    >>> request_of({"model": "m", "messages": [], "params": {"seed": 1, "user": "ann"}, "take": 2}).seed
    1
    """
    named = ("max_tokens", "temperature", "aspect", "size", "seed")
    params = dict(form.get("params", {}))
    fields = {name: params.pop(name) for name in named if name in params}
    messages = tuple(
        Message(turn["role"], (TextPart(prompt_of({"messages": [{**turn, "role": "user"}]})),))
        for turn in form.get("messages", ())
    )
    return ImageRequest(form["model"], messages, params=params, take=form.get("take", 0), **fields)


def likeness(one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    """How near two canonical requests are, from 0 to 2.

    >>> likeness({"model": "m", "params": {}}, {"model": "m", "params": {}})
    2.0
    """
    same = [one.get(name) == other.get(name) for name in ("model", "params", "take")]
    same.append(hashes_of(one) == hashes_of(other))
    words = difflib.SequenceMatcher(None, prompt_of(one).split(), prompt_of(other).split(), autojunk=False)
    alike: float = words.ratio() + sum(same) / len(same)
    return alike


def difference(recorded: Mapping[str, Any], asked: Mapping[str, Any]) -> str:
    """What differs between a recorded request and one that is asked for, in a few words.

    >>> difference({"model": "m", "params": {"size": "1K"}}, {"model": "m", "params": {"size": "2K"}})
    "size is '2K', not '1K'"
    """
    said = []
    if recorded.get("model") != asked.get("model"):
        said.append(f"model is {asked.get('model')}, not {recorded.get('model')}")
    before, now = prompt_of(recorded), prompt_of(asked)
    if before != now:
        said.append(_words(before, now))
    old, new = recorded.get("params", {}), asked.get("params", {})
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            said.append(_values(name, new.get(name), old.get(name)))
    if hashes_of(recorded) != hashes_of(asked):
        said.append("the pictures are others")
    if recorded.get("take") != asked.get("take"):
        said.append(f"take is {asked.get('take')}, not {recorded.get('take')}")
    return "; ".join(said) or "an earlier turn is another"


def _values(name: str, now: Any, before: Any) -> str:
    """How a parameter differs.

    >>> _values("size", None, "1K"), _values("seed", 4, None)
    ("size is unset instead of '1K'", 'seed is 4 instead of unset')
    """
    if now is None or before is None:
        now, before = ("unset" if value is None else repr(value) for value in (now, before))
        return f"{name} is {now} instead of {before}"
    return f"{name} is {now!r}, not {before!r}"


def _words(before: str, now: str) -> str:
    """The first place where two prompts part, word by word.

    >>> _words("a red fox in snow", "a blue fox in snow")
    "the prompt says 'blue', not 'red'"
    """
    old, new = before.split(), now.split()
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    changes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    if not changes:
        return "the prompt differs in its spaces or line ends"
    _, a, b, c, d = changes[0]
    gone, come = (shorten(inert(" ".join(words)), 40) for words in (old[a:b], new[c:d]))
    more = f" (and {len(changes) - 1} more)" if len(changes) > 1 else ""
    if not gone:
        return f"the prompt says {come!r} more{more}"
    return f"the prompt says {come!r}, not {gone!r}{more}" if come else f"the prompt lacks {gone!r}{more}"
