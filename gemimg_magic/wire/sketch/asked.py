"""Reads the body of a request: checks it, finds the prompt and the pictures, and says what is asked for."""

from __future__ import annotations

import base64
import binascii
import io
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image, ImageOps

from ...core.region import without_words
from .changes import PICTURE
from .lettering import MARK, unsign

MOST_PIXELS = 60_000_000
FORMS = ("images", "markdown", "parts")

RATIOS: dict[str, tuple[int, int]] = {
    "1:1": (1024, 1024),
    "2:3": (848, 1264),
    "3:2": (1264, 848),
    "3:4": (896, 1200),
    "4:3": (1200, 896),
    "4:5": (928, 1152),
    "5:4": (1152, 928),
    "9:16": (768, 1376),
    "16:9": (1376, 768),
    "21:9": (1584, 672),
    "1:4": (512, 2064),
    "4:1": (2064, 512),
    "1:8": (352, 2928),
    "8:1": (2928, 352),
}
HALVES: dict[str, tuple[int, int]] = {"21:9": (784, 336), "1:4": (256, 1024), "1:8": (176, 1456)}

_MARKDOWN = re.compile(r"!\[([^\]]{0,400})\]\((data:image/[^)]+)\)")


class BadRequest(Exception):
    """A request that cannot be answered: the sentence, the field, a code and the HTTP status."""

    def __init__(
        self, message: str, param: str | None = None, code: str = "invalid_value", status: int = 400
    ) -> None:
        super().__init__(message)
        self.message, self.param, self.code, self.status = message, param, code, status


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was checked.

    Args:
        prompt: The text of the last user message, with `PICTURE` where a picture stood.
        pictures: The pictures to work on, and the field each came from.
        size: The size in pixels that was asked for.
        form: How pictures travel in the reply.
    """

    prompt: str
    pictures: tuple[tuple[str, bytes], ...]
    size: tuple[int, int] | None
    choices: int
    seed: int
    stream: bool
    usage: bool
    form: str
    max_tokens: int | None
    words: int


def read_request(body: bytes, form: str | None = None) -> Asked:
    """Read and check the body of a chat request."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not valid JSON.", code="invalid_json") from error
    if not isinstance(data, dict):
        raise BadRequest("The body must be a JSON object.", code="invalid_json")
    if not isinstance(data.get("model"), str) or not data["model"]:
        raise BadRequest("The field model is missing.", "model", "missing_required_parameter")
    messages = data.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("The field messages is missing or empty.", "messages", "missing_required_parameter")
    _number(data, "temperature", 0, 2)
    options = data.get("stream_options")
    shape = form or data.get("sketch_form") or "images"
    if shape not in FORMS:
        raise BadRequest(f"The form must be one of {', '.join(FORMS)}.", "sketch_form")
    prompt, pictures, words = _read_messages(messages)
    return Asked(
        prompt=prompt,
        pictures=pictures,
        size=read_size(data),
        choices=_whole(data, "n", 1, 8) or 1,
        seed=_whole(data, "seed", -(2**63), 2**63) or 0,
        stream=_flag(data, "stream"),
        usage=isinstance(options, dict) and options.get("include_usage") is True,
        form=shape,
        max_tokens=_whole(data, "max_tokens", 1, 10_000_000),
        words=words,
    )


def _number(data: Mapping[str, object], name: str, low: float, high: float) -> float | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise BadRequest(f"{name} must be a number from {low:g} to {high:g}.", name)
    return float(value)


def _whole(data: Mapping[str, object], name: str, low: int, high: int) -> int | None:
    value = data.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadRequest(f"{name} must be a whole number from {low} to {high}.", name)
    return value


def _flag(data: Mapping[str, object], name: str) -> bool:
    value = data.get(name)
    if value is not None and not isinstance(value, bool):
        raise BadRequest(f"{name} must be true or false.", name)
    return bool(value)


def _read_messages(messages: Sequence[object]) -> tuple[str, tuple[tuple[str, bytes], ...], int]:
    """Return the prompt, the pictures to work on and the number of words in all messages."""
    turns: list[tuple[str, str, list[tuple[str, bytes]]]] = []
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or not isinstance(message.get("role"), str):
            raise BadRequest(f"messages[{index}] must be an object with a role.", f"messages[{index}]")
        text, pictures = _content(message, f"messages[{index}]")
        turns.append((message["role"], text, pictures))
    words = sum(len(text.split()) for _, text, _ in turns)
    asked = [index for index, turn in enumerate(turns) if turn[0] == "user"]
    if not asked:
        raise BadRequest("There is no user message.", "messages", "missing_required_parameter")
    _, prompt, pictures = turns[asked[-1]]
    earlier = [
        turn for role in ("assistant", "user") for turn in reversed(turns[: asked[-1]]) if turn[0] == role
    ]
    if not pictures:
        pictures = next((turn[2][-1:] for turn in earlier if turn[2]), [])
    if (bare := without_words(prompt)) != prompt:
        # A region: the marked copy says where, and our caller pastes the answer there.
        return bare, tuple(picture for at, picture in enumerate(pictures) if at != 1), words
    return prompt, tuple(pictures), words


def _content(message: Mapping[str, object], where: str) -> tuple[str, list[tuple[str, bytes]]]:
    content = message.get("content")
    pictures: list[tuple[str, bytes]] = []
    if isinstance(content, str):
        text = _take_markdown(content, f"{where}.content", pictures)
    elif isinstance(content, list):
        text = " ".join(_part(part, f"{where}.content[{at}]", pictures) for at, part in enumerate(content))
    elif content is None:
        text = ""
    else:
        raise BadRequest("content must be a string or a list of parts.", f"{where}.content")
    images = message.get("images")
    for at, part in enumerate(images if isinstance(images, list) else []):
        _part(part, f"{where}.images[{at}]", pictures)
    return text, pictures


def _take_markdown(text: str, where: str, pictures: list[tuple[str, bytes]]) -> str:
    def keep(match: re.Match[str]) -> str:
        pictures.append((where, _decode(match.group(2), where)))
        return f" {PICTURE} "

    return _MARKDOWN.sub(keep, text) if "data:image/" in text else text


def _part(part: object, where: str, pictures: list[tuple[str, bytes]]) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        raise BadRequest("A part must be an object.", where)
    if part.get("type") in {"text", "input_text", "output_text"}:
        text = part.get("text")
        return _take_markdown(text, where, pictures) if isinstance(text, str) else ""
    value = part.get("image_url")
    url = value.get("url") if isinstance(value, dict) else value
    if isinstance(url, str):
        pictures.append((where, _decode(url, where)))
        return PICTURE
    raise BadRequest("A part must have the type text or image_url.", where)


def _decode(url: str, where: str) -> bytes:
    head, comma, payload = url.partition(",")
    if not comma or not head.lower().startswith("data:"):
        raise BadRequest("Only data URIs are read here; this server does not fetch addresses.", where)
    try:
        return base64.b64decode("".join(payload.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequest("The picture is not valid base64.", where, "invalid_image") from error


def open_pictures(asked: Asked) -> list[Image.Image]:
    """Decode the pictures of a request; a picture that cannot be read is an error that names its part."""
    return [_open(data, where) for where, data in asked.pictures]


def _open(data: bytes, where: str) -> Image.Image:
    try:
        with Image.open(io.BytesIO(data)) as raw:
            if raw.width * raw.height > MOST_PIXELS:
                raise BadRequest("The picture is too large.", where, "invalid_image")
            own = raw.info.get("Software") == MARK
            upright = ImageOps.exif_transpose(raw)
            if upright.mode in {"RGBA", "LA", "PA"} or "transparency" in upright.info:
                clear = upright.convert("RGBA")
                paper = Image.new("RGBA", clear.size, (255, 255, 255, 255))
                return Image.alpha_composite(paper, clear).convert("RGB")
            plain = upright.convert("RGB")
            return unsign(plain) if own else plain
    except BadRequest:
        raise
    except Exception as error:
        raise BadRequest("The picture cannot be read.", where, "invalid_image") from error


def read_size(data: Mapping[str, object]) -> tuple[int, int] | None:
    """Find the ratio and the size of a request in any of the usual spellings."""
    extra = data.get("extra_body")
    inner = extra if isinstance(extra, dict) else {}
    google = inner.get("google")
    native = data.get("generationConfig")
    holders: list[Mapping[str, object]] = [data, inner]
    holders += [item for item in (google, data.get("google"), native) if isinstance(item, dict)]
    for holder in list(holders):
        holders += [
            item for key in ("image_config", "imageConfig") if isinstance(item := holder.get(key), dict)
        ]
    ratio = _first(holders, "aspect_ratio", "aspectRatio")
    size = _first(holders, "image_size", "imageSize", "size", "resolution")
    if ratio is None and size is None:
        return None
    return pixel_size(ratio, size)


def _first(holders: Sequence[Mapping[str, object]], *names: str) -> str | None:
    return next(
        (
            value
            for holder in holders
            for name in names
            if isinstance(value := holder.get(name), str) and value
        ),
        None,
    )


def pixel_size(ratio: str | None, size: str | None) -> tuple[int, int]:
    """Return the pixels of a ratio such as "16:9" and a size such as "2K" or "1344x768"."""
    exact = re.fullmatch(r"\s*(\d{1,5})\s*[x×*]\s*(\d{1,5})\s*", size or "", re.IGNORECASE)
    if exact:
        return _limited(int(exact[1]), int(exact[2]))
    times = {"": 1.0, "auto": 1.0, "512": 0.5, "0.5K": 0.5, "1K": 1.0, "2K": 2.0, "4K": 4.0}
    scale = times.get((size or "").strip().upper().replace("AUTO", "auto"))
    if scale is None:
        raise BadRequest("The size must be 512, 1K, 2K, 4K or WIDTHxHEIGHT.", "image_size")
    name = (ratio or "1:1").replace(" ", "")
    if name in {"auto", ""}:
        name = "1:1"
    if scale == 0.5 and name in HALVES:
        return HALVES[name]
    wide, high = RATIOS.get(name) or _computed(name)
    return _limited(round(wide * scale), round(high * scale))


def _computed(name: str) -> tuple[int, int]:
    parts = re.fullmatch(r"(\d{1,4}(?:\.\d{1,4})?)[:/x](\d{1,4}(?:\.\d{1,4})?)", name)
    if not parts or not float(parts[1]) or not float(parts[2]):
        raise BadRequest("The aspect ratio must look like 16:9.", "aspect_ratio")
    across, down = float(parts[1]), float(parts[2])
    if not 1 / 20 <= across / down <= 20:
        raise BadRequest("The aspect ratio must lie between 1:20 and 20:1.", "aspect_ratio")
    side = math.sqrt(1024 * 1024 / (across * down))
    return max(16, round(across * side / 8) * 8), max(16, round(down * side / 8) * 8)


def _limited(wide: int, high: int) -> tuple[int, int]:
    if not (wide >= 8 and high >= 8 and wide * high <= 40_000_000):
        raise BadRequest("The picture would be too small or too large.", "image_size")
    return wide, high
