"""A record: one request and its answer as JSON that people read in a diff. No bytes, no secrets, no paths.

    key           SHA-256 of the canonical request; also the name of the file
    seal          SHA-256 of everything else, so that an edit by hand is noticed
    request       the canonical request (core/canonical.py)
    result        what was made of the reply: outcome, texts, pictures by hash, usage
    response      the reply itself, pictures replaced by hash, so that a better reader can read it again
    recorded_at   the day; recorded_with: our version
    asked_in      file name of the notebook that asked, where its kernel knew it

Fields are picked one by one (an allow-list): what is not named here is not written.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...core import errors
from ...core.canonical import Canonical, dump, key_of
from ...core.completions import Choice, Completion, GeneratedImage, Usage
from ...core.errors import BlockedError, NoImageError, RefusedError, StoreError
from ...core.messages import ImagePart, Message, Part, Role, TextPart
from .redact import Redactor

FORMAT = 1

# An answer without a picture that asking again would not change. What a gateway lost is not among them.
RECORDED_ERRORS: tuple[type[NoImageError], ...] = (RefusedError, BlockedError, NoImageError)

Load = Callable[[Mapping[str, Any]], tuple[bytes, ImagePart | None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """What is recorded for a request.

    Args:
        completion: the answer.
        error: what is raised instead of giving it, where the model refused; it holds the completion.
    """

    completion: Completion
    error: NoImageError | None = None


def pictures_of(completion: Completion) -> tuple[GeneratedImage, ...]:
    """Every picture of a completion, equal bytes once."""
    parts = [part for choice in completion.choices for part in choice.message.images]
    found = {
        image.sha256: image
        for image in (*parts, *completion.drafts, *completion.images)
        if isinstance(image, GeneratedImage)
    }
    return tuple(found.values())


def to_record(
    form: Canonical,
    answer: Answer,
    previews: Mapping[str, ImagePart],
    *,
    redactor: Redactor,
    version: str,
    day: str,
    asked_in: str = "",
) -> dict[str, Any]:
    """The record of an answer.

    Args:
        form: the canonical request.
        answer: what came.
        previews: the small copies, by the hash of their picture; a picture without one is its own.
        redactor: keeps secrets out of it.
        version: ours.
        day: such as ``2026-11-22``.
        asked_in: file name of the notebook that asked, where it is known.
    """
    completion = answer.completion
    result = {
        **_head(completion),
        "outcome": _outcome(answer.error),
        "choices": [_choice(choice) for choice in completion.choices],
        "images": [_image(image, completion, previews) for image in pictures_of(completion)],
        "usage": _usage(completion.usage),
    }
    record = {
        "request": form,
        "result": redactor.json(_finite(result)),
        "response": redactor.json(_finite(completion.document)),
        "recorded_at": day,
        "recorded_with": f"gemimg_magic {version}",
        "key": key_of(form),
    }
    if asked_in:
        record["asked_in"] = redactor.json(asked_in)
    return {**record, "seal": seal_of(record)}


def _outcome(error: NoImageError | None) -> dict[str, str]:
    if error is None:
        return {"kind": "ok"}
    return {"kind": type(error).__name__, "message": error.message, "hint": error.hint}


def _head(completion: Completion) -> dict[str, Any]:
    return {
        "id": completion.id,
        "object": completion.object,
        "created": completion.created,
        "model": completion.model,
        "image_urls": list(completion.image_urls),
        "warnings": list(completion.warnings),
        "request_id": completion.request_id,
        "form": completion.form,
    }


def _choice(choice: Choice) -> dict[str, Any]:
    return {
        "index": choice.index,
        "role": choice.message.role,
        "parts": [_part(part) for part in choice.message.parts],
        "extras": dict(choice.message.extras),
        "finish_reason": choice.finish_reason,
        "native_finish_reason": choice.native_finish_reason,
        "reasoning": choice.reasoning,
    }


def _part(part: Part) -> dict[str, str]:
    return {"text": part.text} if isinstance(part, TextPart) else {"sha256": part.sha256}


def _image(
    image: GeneratedImage, completion: Completion, previews: Mapping[str, ImagePart]
) -> dict[str, Any]:
    roles = [("final", completion.images), ("draft", completion.drafts)]
    preview = previews.get(image.sha256)
    small = preview and {
        "sha256": preview.sha256,
        "media_type": preview.media_type,
        "bytes": len(preview.data),
    }
    return {
        "sha256": image.sha256,
        "media_type": image.media_type,
        "bytes": len(image.data),
        "width": image.width,
        "height": image.height,
        "role": next((role for role, images in roles if image in images), "part"),
        "preview": small,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.total_tokens,
        "cost": usage.cost,
        "details": dict(usage.details),
    }


def _finite(value: Any) -> Any:
    """JSON has no NaN, though Python reads it in replies."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {str(name): _finite(item) for name, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, (list, tuple)) else value


def seal_of(record: Mapping[str, Any]) -> str:
    """The hash that an unedited record carries."""
    rest = {name: value for name, value in record.items() if name != "seal"}
    return hashlib.sha256(dump(rest).encode()).hexdigest()


def encode(record: Mapping[str, Any]) -> bytes:
    """The file of a record: the same bytes for the same record, one value to a line."""
    text = json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
    return (text + "\n").encode("utf-8", "replace")


def decode(data: bytes, name: str) -> dict[str, Any]:
    """Read and check the file of a record.

    Args:
        data: its bytes.
        name: the key that it is filed under.

    Raises:
        StoreError: it is damaged, edited, filed under another key, or a Git LFS pointer.
    """
    what = f"The record {name[:12]}"
    refuse_pointer(data, what)
    try:
        record = json.loads(data)
        edited = record["seal"] != seal_of(record)
        moved = record["key"] != name or key_of(record["request"]) != name
        whole = isinstance(record["result"], dict)
    except (ValueError, KeyError, TypeError, RecursionError, errors.PromptError):
        whole = edited = moved = False
    if not whole:
        raise StoreError(f"{what} is damaged.", hint=RESTORE)
    if edited or moved:
        raise StoreError(f"{what} was edited: it does not match its own hash.", hint=RESTORE)
    found: dict[str, Any] = record
    return found


RESTORE = "Restore it from version control, or run the cell with --fresh to ask again."


def refuse_pointer(data: bytes, what: str) -> None:
    """Name a Git LFS pointer that stands where a file should (git-lfs specification, "The Pointer").

    Raises:
        StoreError: it is one.
    """
    if data[:64].startswith(b"version https://git-lfs"):
        raise StoreError(f"{what} is a Git LFS pointer, not the file itself.", hint="Run: git lfs pull")


def from_record(record: Mapping[str, Any], load: Load) -> Answer:
    """The answer that a checked record holds.

    Args:
        record: as :func:`decode` gave it.
        load: an entry of ``result.images`` -> the picture's bytes, checked, and its preview.

    Raises:
        StoreError: it is of a make that this version does not know.
    """
    try:
        result = record["result"]
        images = {entry["sha256"]: _to_image(entry, *load(entry)) for entry in result["images"]}
        by_role = {
            role: tuple(images[entry["sha256"]] for entry in result["images"] if entry["role"] == role)
            for role in ("final", "draft")
        }
        completion = Completion(
            id=result["id"],
            object=result["object"],
            created=result["created"],
            model=result["model"],
            choices=tuple(_to_choice(choice, images) for choice in result["choices"]),
            usage=Usage(**result["usage"]),
            images=by_role["final"],
            drafts=by_role["draft"],
            image_urls=tuple(result["image_urls"]),
            warnings=tuple(result["warnings"]),
            request_id=result["request_id"],
            form=result["form"],
            document=record["response"],
            key=record["key"],
            replayed=True,
        )
        return Answer(completion, _to_error(result["outcome"], completion))
    except (KeyError, TypeError, AttributeError) as problem:
        raise StoreError(
            f"The record {record.get('key', '')[:12]} holds fields of an unknown make ({problem}).",
            hint="A newer version of gemimg_magic may read it.",
        ) from None


def _to_image(entry: Mapping[str, Any], data: bytes, preview: ImagePart | None) -> GeneratedImage:
    return GeneratedImage(
        data,
        entry["media_type"],
        entry["width"],
        entry["height"],
        draft=entry["role"] == "draft",
        recorded_preview=preview,
        hashed=(data, entry["sha256"]),
    )


def _to_choice(choice: Mapping[str, Any], images: Mapping[str, GeneratedImage]) -> Choice:
    role: Role = choice["role"]
    parts: tuple[Part, ...] = tuple(
        TextPart(part["text"]) if "text" in part else images[part["sha256"]] for part in choice["parts"]
    )
    return Choice(
        choice["index"],
        Message(role, parts, choice["extras"]),
        choice["finish_reason"],
        choice["native_finish_reason"],
        choice["reasoning"],
    )


def _to_error(outcome: Mapping[str, str], completion: Completion) -> NoImageError | None:
    if outcome["kind"] == "ok":
        return None
    kind = next((kind for kind in RECORDED_ERRORS if kind.__name__ == outcome["kind"]), NoImageError)
    return kind(outcome["message"], hint=outcome["hint"], completion=completion)
