"""The pictures of one reply: judged by their bytes, kept in arrival order, equal bytes once."""

from __future__ import annotations

import re
from typing import Literal

from pybase64 import b64decode

from .blobs import Blob, Blobs
from .completions import GeneratedImage, ImageArrived
from .limits import Limits
from .payload import Payload
from .pictures import SMALL_PIXELS, TooLargeError, examine, picture_end
from .prose import Slot

Kind = Literal["result", "draft", "thought"]

_HEAD = re.compile(r"data:[^,]{0,700}?;\s*base64\s*,", re.IGNORECASE)
_GLUED = re.compile(rb"(?:[=\s]|%3[dD])*[A-Za-z0-9+/_-]")


class Gallery:
    """Takes payloads, values and addresses; sorts results from drafts and from what is broken."""

    def __init__(self, limits: Limits, blobs: Blobs) -> None:
        self.images: list[GeneratedImage] = []
        self.drafts: list[GeneratedImage] = []
        self.thoughts: list[GeneratedImage] = []
        """Pictures in text that is marked as thoughts: drafts, unless there is nothing else."""
        self.urls: list[str] = []
        self.arrived: list[ImageArrived] = []
        self.warnings: list[str] = []
        self.form = ""
        self.broken = 0
        """Pictures that began and were not whole, or did not decode."""
        self.too_large = ""
        self._limits = limits
        self._blobs = blobs
        self._doubtful: list[GeneratedImage] = []

    def take(
        self, payload: Payload, glued: bool, place: str, kind: Kind, *, alone: bytes | None = None
    ) -> Slot:
        """Judge a payload that has ended.

        Args:
            payload: the base64 of one picture.
            glued: whether more follows it without a mark.
            place: where it stood.
            kind: what it is to the reply.
            alone: all bytes of a field that holds nothing but one value of base64, where more follow the end.
        """
        growing = payload.growing
        if growing.end is None or growing.media_type is None:
            if not payload.foreign:
                self.broken += 1
            elif growing.size >= 12:
                self.warn("Data that is no PNG, JPEG, WebP or GIF by its bytes was left out.")
            return Slot()
        data = growing.value()
        if alone is not None:
            data = alone
            more = f"{len(data) - growing.end:,} bytes that are none of it"
            self.warn(f"A picture is followed by {more}: they are kept, and never shown.")
        elif len(data) > growing.end or glued:
            data = data[: growing.end]
            self.warn("Something followed the end of a picture; the picture was cut at its own end.")
        image = self._image(data, growing.end, growing.media_type, kind)
        if image is None:
            return Slot()
        if (glued or payload.odd) and image.width * image.height > SMALL_PIXELS:
            self._doubtful.append(image)
        return Slot(self._keep(image, place, kind))

    def value(self, text: str, place: str, kind: Kind) -> Slot | None:
        """Judge a value that stands where a picture is expected; None for an address."""
        text = text.strip()
        if text[:8].lower().startswith(("http://", "https://")):
            self.add_url(text, place)
            return None
        head = _HEAD.search(text, 0, 4096)
        payload = Payload()
        left: bytes | None = None
        for part in self._blobs.split(text[head.end() :] if head else text):
            left = (
                payload.feed_blob(part)
                if isinstance(part, Blob)
                else payload.feed(part.encode("utf-8", "replace"))
            )
            if left is not None:
                break
        left = payload.close() if left is None else left
        if not head and payload.growing.media_type is None:
            return Slot()  # neither a data URI nor a picture: some other text
        glued = bool(_GLUED.match(left))
        end = payload.growing.end
        more = end is not None and (glued or payload.growing.size > end)
        alone = self._all_of(text[head.end() :] if head else text) if more else None
        return self.take(payload, glued, place, kind, alone=alone)

    def _all_of(self, text: str) -> bytes | None:
        """The bytes of a text that is one value of base64 and nothing else."""
        try:
            return bytes(b64decode(self._blobs.restore(text).encode("ascii"), validate=True))
        except ValueError:
            return None

    def add_url(self, url: str, place: str) -> None:
        """A picture by address; it is not fetched here."""
        if url not in self.urls:
            self.urls.append(url)
            self.form = self.form or place

    def warn(self, text: str) -> None:
        """Add a remark, once."""
        if text not in self.warnings:
            self.warnings.append(text)

    def settle(self, *, broke: bool) -> None:
        """The reply is over. Decode what is in doubt: all of it, where the transport broke.

        Pictures among the thoughts become results where there is nothing else: new-api puts the result there
        when it arrives in one piece with a thought. Flagged drafts never do.
        """
        for image in self._doubtful if not broke else [*self.images, *self.drafts, *self.thoughts]:
            try:
                whole = image.data[: picture_end(image.data)]
                examine(whole, max_pixels=self._limits.pixels, thorough=True)
            except ValueError:
                self.broken += 1
                for group in (self.images, self.drafts, self.thoughts):
                    group[:] = [other for other in group if other is not image]
        if self.images:
            self.drafts += self.thoughts
        else:
            for image in self.thoughts:
                object.__setattr__(image, "draft", False)  # nobody has been given it as a result yet
            self.images = self.thoughts
        self.thoughts = []

    def _image(self, data: bytes, end: int, media_type: str, kind: Kind) -> GeneratedImage | None:
        try:
            width, height = examine(data[:end], max_pixels=self._limits.pixels)
        except TooLargeError as problem:
            self.too_large = f"A picture was refused before decoding: {problem}."
            self.warn(self.too_large)
            return None
        except ValueError as problem:
            self.broken += 1
            self.warn(f"A picture was left out: {problem}.")
            return None
        return GeneratedImage(data, media_type, width, height, draft=kind != "result")

    def _keep(self, image: GeneratedImage, place: str, kind: Kind) -> GeneratedImage:
        if kind == "result":
            self.form = self.form or place
        for old in (*self.images, *self.drafts, *self.thoughts):
            if old == image:
                if kind != "result" or not old.draft:
                    return old
                # Flagged before, and now sent as the result.
                self.drafts = [other for other in self.drafts if other is not old]
                self.thoughts = [other for other in self.thoughts if other is not old]
                break
        {"result": self.images, "draft": self.drafts, "thought": self.thoughts}[kind].append(image)
        self.arrived.append(ImageArrived(image))
        return image
