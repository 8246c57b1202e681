"""``--region``: a part of the picture that ``-e`` names is changed, and nothing else of it."""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..core.box import box_of, is_box
from ..core.completions import GeneratedImage
from ..core.errors import PromptError
from ..core.messages import ImagePart, Part, TextPart
from ..core.pictures import open_picture
from ..core.region import WORDS, box_mask, marked, pasted, read_mask, words_for
from ..uploads import content_id
from .names import Names

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class Area:
    """A region of one picture.

    Args:
        spelled: as it was typed.
        original: the picture that is edited.
        mask: white where it may change.
    """

    spelled: str
    original: ImagePart
    mask: Image.Image

    @classmethod
    def typed(cls, spelled: str, edited: list[ImagePart], names: Names) -> Area:
        """Read what stands after ``--region``: a box, or a picture that is a mask.

        Raises:
            PromptError: there is no picture to edit, or no such region in it.
        """
        if len(edited) != 1:
            raise PromptError(
                "A region needs one picture to edit.", hint="Name it: -e fox --region 10,10,200,150"
            )
        size = open_picture(edited[0].data).size
        try:
            if is_box(spelled):
                mask = box_mask(box_of(spelled, size), size)
            else:
                [picture] = names.picture(spelled, "after --region")[:1]
                mask = read_mask(picture.data, size)
        except ValueError as problem:
            raise PromptError(f"The region {spelled} does not fit.", hint=f"It takes {problem}.") from None
        return cls(spelled, edited[0], mask)

    @property
    def mark(self) -> ImagePart:
        """The marked copy that is sent beside the picture."""
        picture = marked(self.original.data, self.mask)
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=85)
        # By its pixels before encoding: another version of the encoder gives the same request.
        return ImagePart(buffer.getvalue(), "image/jpeg", content_id=content_id(picture))

    @property
    def words(self) -> TextPart:
        """What the prompt says of it."""
        return TextPart(words_for(self.mask))

    def filled(self, answer: GeneratedImage) -> GeneratedImage:
        """The original with the answer in this region. What came back stays in ``.completion``."""
        made = GeneratedImage.of(pasted(self.original.data, answer.data, self.mask))
        provenance = answer.provenance and replace(answer.provenance, region=self.spelled)
        return replace(
            made,
            name=answer.name,
            alt=answer.alt.partition(WORDS.strip())[0].strip(),
            completion=answer.completion,
            provenance=provenance,
        )


def arranged(
    edited: list[ImagePart], others: list[ImagePart], prompt: tuple[Part, ...], area: Area | None
) -> list[Part]:
    """The parts of a user turn in order: picture to edit, its mark, references, text, words on the region."""
    if area is None:
        return [*edited, *others, *prompt]
    return [*edited, area.mark, *others, *prompt, area.words]
