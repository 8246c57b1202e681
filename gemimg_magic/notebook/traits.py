"""The settings as traits, so that ``%config ImagineMagics`` lists, checks and completes them."""

from __future__ import annotations

from typing import Any

from traitlets import Bool, Dict, Enum, Float, HasTraits, Int, TraitType, Unicode
from traitlets.config import Configurable

from ..settings import config_settings

_KINDS: dict[str, type[TraitType[Any, Any]]] = {"str": Unicode, "int": Int, "float": Float, "bool": Bool}


def _trait(kind: str, default: Any, text: str, values: tuple[str, ...]) -> TraitType[Any, Any]:
    """A trait for one setting; None means that it was not set here."""
    text = f"{text} [default: {default}]" if default not in (None, "") else text
    if values:
        return Enum(values, default_value=None, allow_none=True, help=text).tag(config=True)
    return _KINDS[kind.removesuffix(" | None")](None, allow_none=True, help=text).tag(config=True)


def _make() -> type[HasTraits]:
    traits = {
        name: _trait(kind, default, text, values) for name, kind, default, text, values in config_settings()
    }
    return type("_Traits", (Configurable,), traits)


_Traits: Any = _make()


class SettingTraits(_Traits):  # type: ignore[misc]
    """Has one configurable trait for each setting."""

    styles = Dict(None, allow_none=True, help="name -> snippet that --style adds to a prompt").tag(
        config=True
    )

    def configured(self) -> dict[str, Any]:
        """The settings that were set, by name."""
        names = [name for name, *_ in config_settings()]
        return {name: value for name in names if (value := getattr(self, name)) is not None}
