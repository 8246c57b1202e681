"""A panel's form from a picture: how it was made, told by itself or by its file."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import Any

from ...core.cellsource import Surroundings, cell_source, escaped
from ...core.completions import GeneratedImage, Provenance
from ...core.errors import PromptError
from ...core.export import SUFFIXES, read_provenance
from ...core.messages import ImagePart, Part, TextPart
from ...inputs import read_picture
from .host import Host
from .references import References

Form = tuple[dict[str, Any], str]

_FILES = frozenset(suffix for suffixes in SUFFIXES.values() for suffix in suffixes)


def form_of(source: Any, host: Host, held: References) -> Form:
    """Values for a panel's traits, and a remark on what is missing.

    Args:
        source: a result, a list of takes, the name of a variable, or a file saved with its facts.
        host: the notebook around.
        held: how pictures are spelled.

    Raises:
        PromptError: it does not tell how it was made.
    """
    if isinstance(source, str):
        name = source.strip().strip("\"'")
        if Path(name).suffix.lower() in _FILES:
            return _from_file(Path(name).expanduser(), host)
        source = host.names.evaluate(name, "after --from")
    if isinstance(source, Path):
        return _from_file(source.expanduser(), host)
    if isinstance(source, list) and source:
        source = source[0]
    if not isinstance(source, GeneratedImage) or source.provenance is None:
        raise PromptError(
            "That picture was not made here.", hint="Name a result, or a file that was saved from one."
        )
    return _from_image(source, source.provenance, held)


def _from_image(image: GeneratedImage, made: Provenance, held: References) -> Form:
    request, region = made.request, made.region
    text = cell_source(image, Surroundings(held.expression_of, held.file_of))
    *earlier, last = request.messages
    said = (
        "" if all(turn.role == "system" for turn in earlier) else "The earlier turns are not part of a panel."
    )
    return {
        "prompt": text.partition("\n")[2],
        "model": request.model,
        "aspect": request.aspect,
        "size": request.size,
        "temperature": request.temperature,
        "system": next((turn.text for turn in earlier if turn.role == "system"), ""),
        "take": request.take,
        "references": _leading(last.parts, region),
        "region": region,
    }, said


def _leading(parts: tuple[Part, ...], region: str) -> tuple[ImagePart, ...]:
    """The pictures in front of the text; where a region was marked, without the mark.

    Where no word follows them they were typed in the prompt, and stand there in the cell as well.
    """
    front = list(itertools.takewhile(lambda part: isinstance(part, ImagePart), parts))
    text = next((part.text for part in parts if isinstance(part, TextPart)), "")
    if region:
        del front[1:2]
    elif not text[:1].isalnum():
        return ()
    return tuple(part for part in front if isinstance(part, ImagePart))


def _from_file(path: Path, host: Host) -> Form:
    try:
        facts = read_provenance(path)
    except OSError as problem:
        why = problem.strerror or problem
        raise PromptError(f"The file {path.name!r} cannot be read: {why}.") from None
    if not facts or not facts.get("prompt"):
        raise PromptError(
            f"The file {path.name!r} does not tell how it was made.",
            hint="Files saved by .save() or --save do.",
        )
    prompt, inputs, found = str(facts["prompt"]), list(facts.get("inputs", ())), list[ImagePart]()
    for digest in inputs:
        # In a saved prompt a mark stands for each picture.
        prompt = re.sub(r"^\[[^\]\n]*\]", "", prompt, count=1)
        if (part := _with_hash(digest, host)) is not None:
            found.append(part)
    missing = len(inputs) - len(found)
    parameters = facts.get("parameters", {})
    turns = facts.get("turns", ())
    return {
        "prompt": escaped(prompt),
        "model": facts.get("asked_model") or facts.get("model", ""),
        **{name: parameters.get(name) for name in ("aspect", "size", "temperature")},
        "system": next((turn["text"] for turn in turns if turn.get("role") == "system"), ""),
        "references": tuple(found),
    }, f"{missing} of its {len(inputs)} reference pictures are not at hand: add them." if missing else ""


def _with_hash(digest: str, host: Host) -> ImagePart | None:
    """The picture with this hash: a variable's, or a file of the store."""
    for value in list(host.variables.values()):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, GeneratedImage) and one.sha256 == digest:
                return one
    store = host.engine.store
    files = (store.picture_path(digest, kind) for kind in SUFFIXES)
    file = next((file for file in files if file.is_file()), None)
    return read_picture(file) if file else None
