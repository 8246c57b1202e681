"""A picture written to a file with the facts of its making, and those read back: the only files of core."""

from __future__ import annotations

import contextlib
import errno
import io
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

from .. import __version__
from .completions import GeneratedImage
from .errors import PromptError
from .messages import ImagePart
from .metadata import EMBEDS, has_manifest
from .pictures import sniff
from .provenance import Facts, embedded, facts_of, parse_facts, read_facts, to_json

TOOL = f"gemimg_magic {__version__}"

SUFFIXES = {
    "image/png": (".png",),
    "image/jpeg": (".jpg", ".jpeg"),
    "image/webp": (".webp",),
    "image/gif": (".gif",),
}


def suffix_of(media_type: str) -> str:
    """The usual file suffix of a media type.

    >>> suffix_of("image/jpeg")
    '.jpg'
    """
    return SUFFIXES[media_type][0]


def check_suffix(suffix: str) -> None:
    """Look at a file's suffix before anything is asked for.

    Raises:
        PromptError: no picture format has it. None at all is fine.
    """
    known = [s for suffixes in SUFFIXES.values() for s in suffixes]
    if suffix and suffix.lower() not in known:
        formats = ", ".join(known)
        raise PromptError(f"No picture format has the suffix {suffix!r}.", hint=f"Use one of {formats}.")


def as_format(image: ImagePart, suffix: str) -> bytes:
    """The picture's bytes in the format of a file suffix: untouched where it is that format already.

    Raises:
        ValueError: the suffix names no known format.
    """
    wanted = next((kind for kind, suffixes in SUFFIXES.items() if suffix.lower() in suffixes), None)
    if wanted is None:
        known = ", ".join(s for suffixes in SUFFIXES.values() for s in suffixes)
        raise ValueError(f"no picture format has the suffix {suffix!r}; use one of {known}")
    if wanted == image.media_type:
        return image.data
    from .pictures import open_picture

    picture = open_picture(image.data)
    if wanted == "image/jpeg" and picture.mode not in ("L", "RGB", "CMYK"):
        picture = picture.convert("RGB")
    buffer = io.BytesIO()
    options = {"quality": 95} if wanted in ("image/jpeg", "image/webp") else {}
    picture.save(buffer, wanted.removeprefix("image/").upper(), **options)
    return buffer.getvalue()


def write(
    image: ImagePart, path: Path, *, metadata: bool = True, overwrite: bool = False, again: bool = True
) -> Path:
    """Write a picture under a path; without a suffix it gets the one of its own format.

    The bytes go to a temporary name beside it first, so a half file never stands under the real name.

    Args:
        image: the picture.
        path: where to.
        metadata: whether the file says how the picture was made.
        overwrite: whether a file of that name may be replaced; else it becomes ``name-2.png``.
        again: False is content with a file that holds exactly this already.

    Returns:
        The path written.

    Raises:
        ValueError: the suffix names no known format.
        OSError: the file cannot be written; nothing is left of it.
    """
    if not path.suffix:
        path = path.with_name(path.name + suffix_of(image.media_type))
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "There is no such folder", str(path.parent))
    data = as_format(image, path.suffix)
    beside = b""
    if metadata and isinstance(image, GeneratedImage) and image.provenance is not None:
        data, beside = _with_facts(data, facts_of(image, TOOL))
    if not overwrite:
        path = _written_new(path, data, beside=bool(beside), again=again)
    else:
        with _unfinished(path, data) as temporary:
            temporary.replace(path)
    if beside:
        with _unfinished(sidecar(path), beside) as temporary:
            temporary.replace(sidecar(path))
    return path


def _with_facts(data: bytes, facts: Facts) -> tuple[bytes, bytes]:
    """The file with its facts inside, or as it is and the facts for a file beside it."""
    if sniff(data) in EMBEDS and not has_manifest(data):
        # A damaged file takes no words, and is still written.
        with contextlib.suppress(ValueError):
            return embedded(data, facts), b""
    return data, to_json(facts).encode() + b"\n"


def sidecar(path: Path) -> Path:
    """The file beside a picture that holds its facts.

    >>> sidecar(Path("fox.png")).name
    'fox.png.json'
    """
    return path.with_name(f"{path.name}.json")


@contextlib.contextmanager
def _unfinished(path: Path, data: bytes) -> Iterator[Path]:
    """The bytes under a temporary name in the same folder, gone afterwards."""
    for number in itertools.count():
        temporary = path.with_name(f".{path.name}.{number}.part")
        try:
            file = temporary.open("xb")
            break
        except FileExistsError:
            continue
    try:
        with file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _written_new(path: Path, data: bytes, *, beside: bool, again: bool) -> Path:
    """Write under the first free name. Two programs that do so at once get two names."""
    with _unfinished(path, data) as temporary:
        for number in itertools.count(1):
            free = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
            if not again and free.is_file() and free.read_bytes() == data:
                return free
            if beside and sidecar(free).exists():
                continue
            try:
                # A link never replaces a file, which a move would.
                os.link(temporary, free)
            except FileExistsError:
                continue
            except OSError:
                # This file system has no links.
                if free.exists():
                    continue
                temporary.replace(free)
            return free
    raise AssertionError("there is always a free name")


def read_provenance(path: str | os.PathLike[str]) -> Facts | None:
    """How a saved picture was made: the facts in the file, or in the file beside it.

    Args:
        path: a PNG, JPEG, WebP or GIF file.

    Returns:
        Tool, model, prompt, parameters, hashes of the inputs, and the same of its ancestors; None where the
        file tells nothing of that kind.

    Raises:
        OSError: the file cannot be read.
    """
    file = Path(path)
    facts = read_facts(file.read_bytes())
    if facts is None and sidecar(file).is_file():
        facts = parse_facts(sidecar(file).read_bytes())
    return facts
