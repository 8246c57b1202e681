"""What comes back: the completion with its choices, usage and pictures, and the events on the way."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .messages import ImagePart, ImageRequest, Message, TextPart, assistant
from .pictures import open_picture
from .settled import Settled

if TYPE_CHECKING:
    from PIL import Image


# The remark of a request whose pictures could not go back in the assistant turns that made them.
SENT_AS_USER_PICTURE = (
    "This gateway cannot carry pictures in assistant turns: the last picture went as a user picture."
)


@dataclass(frozen=True, slots=True)
class Usage:
    """What the server counted. Every field may be missing: gateways differ.

    Args:
        prompt_tokens: tokens of the request.
        completion_tokens: tokens of the reply, pictures included.
        total_tokens: both.
        cost: US dollars, where the gateway says so.
        details: the usage object as sent.
    """

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    cost: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Provenance:
    """How a picture was made.

    Args:
        request: the request that was answered with it, reference pictures included.
        model: the model that the gateway reported.
        region: what of the first picture was to change, as it was typed; empty for all of it.
    """

    request: ImageRequest = field(repr=False)
    model: str
    region: str = ""

    @property
    def prompt(self) -> str:
        """The text of the last user turn."""
        return next((m.text for m in reversed(self.request.messages) if m.role == "user"), "")


@dataclass(frozen=True, eq=False)
class GeneratedImage(ImagePart, Settled):
    """A picture that a model made: the exact bytes received, and where they came from.

    It is an :class:`ImagePart`, so it goes straight into the next prompt. Two are equal when their bytes are.

    Args:
        data: the bytes of the file as received.
        media_type: by the bytes, whatever the server called it.
        width: in pixels.
        height: in pixels.
        name: the variable that it was bound to, or empty.
        alt: a text alternative; the prompt unless set.
        draft: whether the gateway flagged it as a draft.
        provenance: how it was made; None for a picture that did not come through an engine.
        completion: the completion that it arrived in.
        recorded_preview: the small copy that was stored with it, so that every run shows the same one.
    """

    width: int = 0
    height: int = 0
    name: str = ""
    alt: str = field(default="", repr=False)
    draft: bool = field(default=False, repr=False)
    provenance: Provenance | None = field(default=None, repr=False)
    completion: Completion | None = field(default=None, repr=False)
    recorded_preview: ImagePart | None = field(default=None, repr=False)

    @classmethod
    def of(cls, data: bytes) -> GeneratedImage:
        """Read media type and size from the bytes.

        Raises:
            ValueError: the bytes are no picture of a known format.
        """
        part = ImagePart.of(data)
        width, height = open_picture(data).size
        return cls(data, part.media_type, width, height)

    def __eq__(self, other: object) -> bool:
        return self.data == other.data if isinstance(other, ImagePart) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.data)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.width, self.height

    @property
    def model(self) -> str:
        """The model that the gateway reported, or empty."""
        return self.provenance.model if self.provenance else ""

    @property
    def caption(self) -> str:
        """``name · 1344×768 · model``, and how a conversation was carried on: stable from run to run."""
        warnings = self.completion.warnings if self.completion else ()
        carried = "continued from its picture alone" if SENT_AS_USER_PICTURE in warnings else ""
        return " · ".join(filter(None, (self.name, f"{self.width}×{self.height}", self.model, carried)))

    @property
    def pil(self) -> Image.Image:
        """The picture as a Pillow image: a fresh one each time, decoded when it is first used."""
        return open_picture(self.data)

    @property
    def parents(self) -> tuple[ImagePart, ...]:
        """The pictures that were sent to make this one, in order."""
        return self.provenance.request.images if self.provenance else ()

    @property
    def turns(self) -> tuple[Message, ...]:
        """The conversation up to and with this picture: what was asked, and the turn that holds it.

        Empty for a picture that no conversation made.
        """
        if self.provenance is None or self.completion is None:
            return ()
        holding = [c.message for c in self.completion.choices if self in c.message.images]
        answer = holding[0] if holding else assistant(self)
        return (*self.provenance.request.messages, answer)

    def recipe(self) -> str:
        """How it was made, all the way up: model, settings and prompt of this picture and its parents."""
        from .export import TOOL
        from .provenance import facts_of
        from .recipe import recipe

        return recipe(facts_of(self, TOOL))

    def save(self, path: str | PathLike[str], *, metadata: bool = True, overwrite: bool = False) -> Path:
        """Write the picture to a file: every coded byte as received, or converted where the suffix says so.

        The file tells how the picture was made: model, prompt, parameters, hashes; ``read_provenance`` reads
        it back. A file with a C2PA manifest stays as it is; the facts go into ``name.png.json`` beside it.

        Args:
            path: the file; the suffix is ``.png``, ``.jpg``, ``.jpeg``, ``.webp`` or ``.gif``, or absent.
            metadata: False leaves the words out.
            overwrite: False takes ``name-2.png`` where ``name.png`` is taken.

        Returns:
            The path written.

        Raises:
            ValueError: the suffix names no known format.
        """
        from .export import write

        return write(self, Path(path), metadata=metadata, overwrite=overwrite)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        import numpy as np

        return np.array(self.pil, dtype=dtype)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> Any:
        from .preview import mime_bundle

        return mime_bundle(self)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers.

    Args:
        index: its number as counted here, from 0; gateways' own numbers are not reliable.
        message: the assistant turn: text and pictures in order, with opaque fields to send back.
        finish_reason: as sent, last one wins; None when the reply never says.
        native_finish_reason: the model's own word, where the gateway passes it on.
        reasoning: the text that the gateway marked as thoughts.
    """

    index: int
    message: Message
    finish_reason: str | None = None
    native_finish_reason: str | None = None
    reasoning: str = field(default="", repr=False)


class _Spelled:
    """The field ``document``: pictures in it are spelled ``sha256:…`` when somebody first looks.

    Hashing a large picture takes longer than receiving it. Until then the pictures themselves stand there,
    and tuples where pictures stand in a text.
    """

    def __get__(self, completion: Completion | None, owner: type | None = None) -> Any:
        if completion is None:
            return None
        held = vars(completion)
        # Pictures are recognised by their bytes' identity: these objects may know their hash already.
        known = {id(image.data): image for image in (*completion.images, *completion.drafts)}
        held["document"] = self._spell(held["document"], known)
        return held["document"]

    def __set__(self, completion: Completion, value: Any) -> None:
        vars(completion)["document"] = None if value is self else value

    def _spell(self, node: Any, known: Mapping[int, ImagePart]) -> Any:
        if isinstance(node, ImagePart):
            return f"sha256:{known.get(id(node.data), node).sha256}"
        if isinstance(node, tuple):
            return "".join(self._spell(piece, known) for piece in node)
        if isinstance(node, list):
            return [self._spell(item, known) for item in node]
        return {k: self._spell(v, known) for k, v in node.items()} if isinstance(node, dict) else node


@dataclass(frozen=True, eq=False)
class Completion:
    """A whole answer.

    Args:
        id: the reply's id, or empty.
        object: ``chat.completion``, or as sent.
        created: seconds since 1970 as sent, or 0.
        model: the model that the gateway reports.
        choices: the answers.
        usage: what the server counted.
        images: the final pictures of all choices in arrival order, equal bytes once.
        drafts: pictures that the gateway flagged as drafts.
        image_urls: addresses of pictures that were sent by reference and not fetched.
        warnings: one-line remarks: what broke after the picture, what the gateway ignored.
        request_id: the id to quote to the gateway's support.
        form: where the pictures stood, such as ``message.images``.
        document: the reply as JSON with each picture replaced by ``sha256:…``; for a stream, the list of
            its events.
        key: the key of its record in the store, or empty.
        replayed: whether it came from the store.
    """

    id: str = ""
    object: str = "chat.completion"
    created: int = 0
    model: str = ""
    choices: tuple[Choice, ...] = ()
    usage: Usage = field(default_factory=Usage)
    images: tuple[GeneratedImage, ...] = ()
    drafts: tuple[GeneratedImage, ...] = ()
    image_urls: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    request_id: str | None = None
    form: str = ""
    document: Any = field(default=_Spelled(), repr=False)
    key: str = ""
    replayed: bool = False

    @property
    def text(self) -> str:
        """The text of the first choice, without pictures and thoughts."""
        return self.choices[0].message.text if self.choices else ""

    @property
    def image(self) -> GeneratedImage:
        """The last picture: with models that send drafts first, the result.

        Raises:
            IndexError: there is none; the engine never returns such a completion.
        """
        return self.images[-1]

    @property
    def finish_reason(self) -> str | None:
        """The first choice's finish reason as sent."""
        return self.choices[0].finish_reason if self.choices else None

    def attributed(self, request: ImageRequest, *, alt: str = "") -> Completion:
        """The same completion whose pictures know the request that made them, and this completion."""
        provenance = Provenance(request, self.model or request.model)
        alt = alt or _spoken(request)
        made = {
            id(image): replace(image, provenance=provenance, alt=image.alt or alt)
            for image in (*self.images, *self.drafts, *(i for c in self.choices for i in c.message.images))
            if isinstance(image, GeneratedImage)
        }
        # The reader may hold equal pictures as one object or several; each keeps its place.
        choices = tuple(
            replace(c, message=replace(c.message, parts=tuple(made.get(id(p), p) for p in c.message.parts)))
            for c in self.choices
        )
        completion = replace(
            self,
            choices=choices,
            images=tuple(made[id(image)] for image in self.images),
            drafts=tuple(made[id(image)] for image in self.drafts),
            document=vars(self)["document"],  # as it is held: copying must not spell it
        )
        for image in made.values():
            # Picture and completion know each other; a frozen pair can only be tied after both exist.
            object.__setattr__(image, "completion", completion)
        return completion


def _spoken(request: ImageRequest) -> str:
    """The last user turn as one line to be read aloud; a picture inside the text is its name."""
    turn = next((m for m in reversed(request.messages) if m.role == "user"), None)
    # References before the text are no words of it.
    parts = itertools.dropwhile(lambda part: not isinstance(part, TextPart), turn.parts if turn else ())
    words = (part.text if isinstance(part, TextPart) else getattr(part, "name", "") for part in parts)
    return " ".join("".join(words).split())


@dataclass(frozen=True, slots=True)
class Received:
    """Bytes of the reply that have arrived so far."""

    total: int


@dataclass(frozen=True, slots=True)
class Sent:
    """The request was not in the store, had its turn, and goes out."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One of several requests has its answer or its error; ``number`` says which."""

    number: int


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of text, as it arrives; pictures that stand inside the text are left out."""

    text: str
    reasoning: bool = False


@dataclass(frozen=True, slots=True)
class ImageArrived:
    """A whole picture, before the reply has ended."""

    image: GeneratedImage


@dataclass(frozen=True, slots=True)
class Retrying:
    """The request failed before any answer and is sent again after a pause of ``delay`` seconds.

    ``limited`` says that the server asked for the pause, so that others had better wait, too.
    """

    attempt: int
    delay: float
    reason: str
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Finished:
    """The end: the whole answer."""

    completion: Completion


Event = Sent | Answered | Received | TextDelta | ImageArrived | Retrying | Finished
