"""What the face of the panel can ask for: one method for each kind of message."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...core.cellsource import Surroundings, cell_source
from ...core.completions import GeneratedImage
from ...core.errors import PromptError
from ...core.options import checked
from ...core.text import inert, shorten
from ..area import Area
from .references import References
from .shelf import identity
from .where import fetch_models

if TYPE_CHECKING:
    from .widget import Panel

Message = Mapping[str, Any]
Buffers = list[bytes]


class Actions:
    """Answers the messages of one panel. The panel holds its lock, and shows what is raised here.

    Args:
        panel: the panel.
        held: its references.
    """

    def __init__(self, panel: Panel, held: References) -> None:
        self._panel, self._held = panel, held
        self._asked_for_models = False

    # A run

    def on_hello(self, message: Message, buffers: Buffers) -> None:
        """A face has appeared: it gets an answer, and the models, which nobody needs before."""
        self._panel.send({"kind": "here"})
        if not self._asked_for_models:
            self._asked_for_models = True
            fetch_models(self._panel.engine).add_done_callback(self._models_arrived)

    def _models_arrived(self, done: Any) -> None:
        self._panel.tell_models(done.result())

    def on_form(self, message: Message, buffers: Buffers) -> None:
        """Something was typed or chosen; the form is taken in already."""

    def on_submit(self, message: Message, buffers: Buffers) -> None:
        """Generate."""
        self._panel.submit()

    def on_another(self, message: Message, buffers: Buffers) -> None:
        """Another take."""
        self._panel.another()

    def on_cancel(self, message: Message, buffers: Buffers) -> None:
        """Stop."""
        self._panel.cancel()

    # References

    def on_chunk(self, message: Message, buffers: Buffers) -> None:
        """A piece of an upload."""
        part = self._held.chunk(message, buffers[0])
        if part is not None:
            self._panel.add_reference(part)

    def on_offer(self, message: Message, buffers: Buffers) -> None:
        """Which pictures the notebook has."""
        offered = self._held.at_hand()
        for _, part in offered:
            self._panel.push(part)
        told = [{"id": identity(part), "label": label} for label, part in offered]
        self._panel.send({"kind": "offered", "pictures": told})

    def on_use(self, message: Message, buffers: Buffers) -> None:
        """A variable, an expression or a file becomes a reference."""
        typed = str(message["source"]).strip()
        if not typed:
            raise PromptError("Which picture?", hint="Type a variable, an expression or a file.")
        for part in self._held.read(typed):
            self._panel.add_reference(part)

    def on_use_image(self, message: Message, buffers: Buffers) -> None:
        """A picture of the gallery becomes a reference, too."""
        self._panel.add_reference(self._image(message))

    def on_edit(self, message: Message, buffers: Buffers) -> None:
        """A picture of the gallery is the one to change: the only reference, and an empty prompt."""
        self._panel.region = ""
        self._panel.references = (self._image(message),)
        self._panel.prompt = ""

    def on_remove(self, message: Message, buffers: Buffers) -> None:
        """A reference goes."""
        left = list(self._panel.references)
        gone = left.pop(int(message["number"]))
        self._panel.references = tuple(left)
        if int(message["number"]) == 0:
            self._panel.region = ""
        self._held.drop(gone)

    def on_first(self, message: Message, buffers: Buffers) -> None:
        """A reference moves to the front: it is the one that is edited."""
        left = list(self._panel.references)
        chosen = left.pop(int(message["number"]))
        self._panel.region = ""
        self._panel.references = (chosen, *left)

    def on_region(self, message: Message, buffers: Buffers) -> None:
        """What of the first reference may change."""
        typed = str(message["region"]).strip()
        if checked("region", typed or None):
            Area.typed(typed, list(self._panel.references[:1]), self._panel.names)
        self._panel.region = typed

    def on_mask(self, message: Message, buffers: Buffers) -> None:
        """A mask was painted: it becomes a file that the cell can name."""
        self._panel.region = self._held.settle(self._held.keep(buffers[0], "mask.png"))

    # The gallery

    def on_picture(self, message: Message, buffers: Buffers) -> None:
        """A picture that the face does not have."""
        part = self._panel.picture(str(message["picture"]))
        if part is not None:
            self._panel.push(part)

    def on_select(self, message: Message, buffers: Buffers) -> None:
        """A picture of the gallery was chosen."""
        number = int(message["number"])
        if -1 <= number < len(self._panel.images):
            self._panel.selected = number

    def on_bind(self, message: Message, buffers: Buffers) -> None:
        """A picture gets a variable."""
        image, name = self._image(message), str(message["name"]).strip()
        if not name.isidentifier() or keyword.iskeyword(name):
            raise PromptError(
                f"{shorten(name, 40)!r} cannot be a variable.", hint="Use letters, digits and _."
            )
        named = replace(image, name=name)
        self._panel.images = tuple(named if one is image else one for one in self._panel.images)
        self._held.bind(name, named)
        self._panel.say(f"{name} is this picture now.")

    def on_save(self, message: Message, buffers: Buffers) -> None:
        """A picture is written to a file; what is there already is not replaced."""
        typed = str(message["path"]).strip()
        if not typed:
            raise PromptError("Under which name?", hint="fox.png, for example.")
        try:
            path = self._image(message).save(Path(typed).expanduser())
        except (OSError, ValueError) as problem:
            raise PromptError(f"It cannot be saved as {shorten(typed, 60)!r}: {problem}.") from None
        self._panel.say(f"Saved as {path}.")

    def on_cell_of(self, message: Message, buffers: Buffers) -> None:
        """The cell that would make a picture."""
        self._answer("cell_of", self.cell_of(self._image(message)))

    def on_recipe(self, message: Message, buffers: Buffers) -> None:
        """How a picture was made."""
        self._answer("recipe", inert(self._image(message).recipe()))

    def on_settle(self, message: Message, buffers: Buffers) -> None:
        """The cell of the form is copied: what it names must be there."""
        for part in self._panel.references:
            self._held.settle(part)

    def cell_of(self, image: GeneratedImage) -> str:
        """The cell that makes this picture; the pictures it names can be found from now on."""
        settings = self._panel.engine.settings
        usual = {"model": settings.model, "max_tokens": settings.max_tokens}
        near = Surroundings(self._held.expression_of, self._held.file_of, usual=usual)
        return cell_source(image, near, out=image.name if image.name.isidentifier() else "")

    def _image(self, message: Message) -> GeneratedImage:
        part = self._panel.picture(str(message["picture"]))
        image = next((one for one in self._panel.images if one == part), None)
        if image is None:
            raise PromptError("That picture is not in the gallery any more.")
        made: GeneratedImage = image
        return made

    def _answer(self, kind: str, text: str) -> None:
        self._panel.send({"kind": kind, "text": text})
