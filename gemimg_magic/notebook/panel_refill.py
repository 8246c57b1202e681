"""A panel's form from a picture: how it was made, told by itself or by its file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..core.cellsource import Surroundings, cell_source
from ..core.completions import GeneratedImage
from ..core.errors import PromptError
from ..core.export import read_provenance
from ..core.text import shorten
from .holdings import Holdings
from .panel_host import Host
from .panel_references import References


def form_of(source: Any, host: Host, held: References) -> dict[str, Any]:
    """Values for a panel's traits.

    Args:
        source: a result, a list of takes, the name of a variable, or a file saved with its facts.
        host: the notebook around.
        held: where references are found.

    Raises:
        PromptError: it does not tell how it was made.
    """
    if isinstance(source, str):
        name = source.strip().strip("\"'")
        if name.isidentifier() or name not in _files(name):
            source = host.names.evaluate(source, "after --from")
        else:
            return _from_file(Path(name).expanduser(), host, held)
    if isinstance(source, list) and source:
        source = source[0]
    if isinstance(source, Path):
        return _from_file(source, host, held)
    if not isinstance(source, GeneratedImage) or source.provenance is None:
        raise PromptError("That picture was not made here.", hint="Name a result, or a file that was saved from one.")
    return _from_image(source, host, held)


def _files(name: str) -> list[str]:
    return [name] if Path(name).expanduser().suffix else []


def _from_image(image: GeneratedImage, host: Host, held: References) -> dict[str, Any]:
    assert image.provenance is not None
    request = image.provenance.request
    spelled = Holdings(host.variables, host.hidden, host.engine.store)
    text = cell_source(image, Surroundings(spelled.name_of, spelled.file_of))
    last = request.messages[-1]
    system = next((turn.text for turn in request.messages if turn.role == "system"), "")
    return {
        "prompt": text.partition("\n")[2],
        "model": request.model,
        "aspect": request.aspect,
        "size": request.size,
        "temperature": request.temperature,
        "system": system,
        "take": request.take,
        "references": last.images,
    }


def _from_file(path: Path, host: Host, held: References) -> dict[str, Any]:
    try:
        facts = read_provenance(path)
    except OSError as problem:
        raise PromptError(f"The file {path.name!r} cannot be read: {problem.strerror or problem}.") from None
    if not facts or not facts.get("prompt"):
        raise PromptError(
            f"The file {path.name!r} does not tell how it was made.", hint="Files saved by .save() or --save do."
        )
    raise PromptError(f"The file {shorten(path.name)} is read soon.")
