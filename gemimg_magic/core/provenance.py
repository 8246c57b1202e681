"""How a picture was made, as facts: told by the picture in memory, written into its file, read back from it.

The facts are plain data: tool, model, prompt, parameters, hashes of the pictures that were sent, the record's
key, and the same of every ancestor. Never a key, a host, a user's name or a path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from .messages import TextPart
from .metadata import SEGMENT, Words, insert, read
from .text import scrub

if TYPE_CHECKING:
    from .completions import GeneratedImage
    from .messages import ImagePart, Message

Facts = dict[str, Any]

NO_MODEL = "sketch, no model"
"""What the built-in sketch server reports as its model."""

# IPTC NewsCodes, digital source type (cv.iptc.org/newscodes/digitalsourcetype).
_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED = f"{_TYPES}trainedAlgorithmicMedia"
COMPOSITE = f"{_TYPES}compositeWithTrainedAlgorithmicMedia"
DRAWN = f"{_TYPES}algorithmicMedia"
ALTERED = f"{_TYPES}algorithmicallyEnhanced"

_LONGEST_PROMPT = 4000
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def facts_of(image: GeneratedImage, tool: str) -> Facts:
    """The facts of a picture and of everything that it was made from.

    Args:
        image: the picture.
        tool: our name and version.
    """
    ancestors: dict[str, Facts] = {}
    waiting = list(image.parents)
    while waiting:
        parent = waiting.pop()
        if parent.sha256 not in ancestors:
            ancestors[parent.sha256] = _own_facts(parent)
            waiting += getattr(parent, "parents", ())
    facts = {"tool": tool, **_own_facts(image), "ancestors": ancestors}
    return {**facts, "digital_source_type": _source_type(facts)}


def _own_facts(image: ImagePart) -> Facts:
    facts: Facts = {"sha256": image.sha256, "media_type": image.media_type}
    facts |= {name: value for name in ("name", "width", "height") if (value := getattr(image, name, None))}
    provenance = getattr(image, "provenance", None)
    if provenance is None:
        return facts
    request = provenance.request
    completion = getattr(image, "completion", None)
    named = ("aspect", "size", "temperature", "seed", "max_tokens")
    given = {name: getattr(request, name) for name in named}
    parameters = {name: value for name, value in {**given, **request.params}.items() if value is not None}
    return facts | {
        "model": provenance.model,
        "asked_model": request.model,
        "prompt": scrub(next((turn_text(m) for m in reversed(request.messages) if m.role == "user"), "")),
        "turns": [{"role": m.role, "text": scrub(turn_text(m))} for m in request.messages],
        "parameters": parameters,
        "inputs": [part.sha256 for part in request.images],
        "key": completion.key if completion else "",
    }


def turn_text(message: Message) -> str:
    """A turn as one text, with a short mark where a picture stands."""
    return "".join(
        part.text if isinstance(part, TextPart) else f"[{getattr(part, 'name', '') or part.sha256[:8]}]"
        for part in message.parts
    ).strip()


def _source_type(facts: Facts) -> str:
    """The IPTC term: made by a model or drawn by rules, with or without a picture that somebody gave."""
    ancestors = facts["ancestors"].values()
    given = any("model" not in ancestor for ancestor in ancestors)
    if facts.get("model") == NO_MODEL and all(a.get("model", NO_MODEL) == NO_MODEL for a in ancestors):
        return ALTERED if given else DRAWN
    return COMPOSITE if given else TRAINED


def embedded(data: bytes, facts: Facts) -> bytes:
    """The picture's bytes with the facts inside, every coded byte as it was.

    Raises:
        ValueError: the format takes none, or the file is damaged.
    """
    there = read(data)
    for shorter in (facts, _without_ancestors(facts), _with_short_prompt(facts)):
        text = to_json(shorter)
        # Exif holds two bytes a character, in one segment of 64 KB; other Exif data keeps its place.
        words = Words(text, "", _short(facts.get("prompt", "")), facts["tool"], there.has_exif)
        words = replace(words, xmp=_packet(shorter, text if there.has_exif else "", there.xmp))
        if len(text) * 2 < SEGMENT and len(words.xmp.encode()) < SEGMENT:
            break
    return insert(data, words)


def to_json(facts: Facts) -> str:
    """The facts as they stand in a file: without the names of variables."""
    ancestors = {digest: _public(facts) for digest, facts in facts.get("ancestors", {}).items()}
    return json.dumps({**_public(facts), "ancestors": ancestors}, ensure_ascii=False, sort_keys=True)


def _public(facts: Mapping[str, Any]) -> Facts:
    return {name: value for name, value in facts.items() if name != "name"}


def _without_ancestors(facts: Facts) -> Facts:
    return {**facts, "ancestors": {}, "shortened": True}


def _with_short_prompt(facts: Facts) -> Facts:
    return {**_without_ancestors(facts), "prompt": _short(facts.get("prompt", "")), "turns": []}


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_PROMPT else text[: _LONGEST_PROMPT - 1] + "…"


def read_facts(data: bytes) -> Facts | None:
    """The facts that a file carries, or None."""
    words = read(data)
    text = words.json
    if not text and "<gemimg:provenance>" in words.xmp:
        inside = words.xmp.partition("<gemimg:provenance>")[2].partition("</gemimg:provenance>")[0]
        text = inside.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return parse_facts(text)


def parse_facts(text: str | bytes) -> Facts | None:
    """Facts from their JSON, or None where it is none of ours.

    >>> parse_facts('{"tool": "gemimg_magic 1", "sha256": "ab"}')["tool"], parse_facts("[]")
    ('gemimg_magic 1', None)
    """
    try:
        facts = json.loads(text)
    except ValueError:
        return None
    ours = isinstance(facts, dict) and str(facts.get("tool", "")).startswith("gemimg_magic")
    return facts if ours else None


_SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "gemimg": "urn:gemimg-magic:1",
}


def _packet(facts: Facts, provenance: str, there: str) -> str:
    """The XMP packet: ours, or what was there with ours added (XMP part 1, section 7)."""
    prompt = _xml(_short(facts.get("prompt", "")))
    drawn = facts.get("model") == NO_MODEL  # by rules: no AI system was used
    properties = {
        "Iptc4xmpExt:DigitalSourceType": facts["digital_source_type"],
        "Iptc4xmpExt:AISystemUsed": "" if drawn else _xml(facts.get("model", "")),
        "Iptc4xmpExt:AIPromptInformation": "" if drawn else prompt,
        "dc:description": f'<rdf:Alt><rdf:li xml:lang="x-default">{prompt}</rdf:li></rdf:Alt>',
        "xmp:CreatorTool": _xml(facts["tool"]),
        "gemimg:provenance": _xml(provenance),
    }
    wanted = {
        name: value
        for name, value in properties.items()
        if value and (name not in there or name == "gemimg:provenance")
    }
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _SPACES.items())
    lines = "".join(f"<{name}>{value}</{name}>" for name, value in wanted.items())
    ours = f'<rdf:Description rdf:about="" {spaces}>{lines}</rdf:Description>'
    before, end, after = there.rpartition("</rdf:RDF>")
    if end and "<gemimg:provenance>" not in there:
        return f"{before}{ours}{end}{after}"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">{ours}</rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    )


def _xml(text: str) -> str:
    """Text for XML 1.0, which has no place for control characters, surrogates and two more."""
    return escape(_NOT_XML.sub("", text))
