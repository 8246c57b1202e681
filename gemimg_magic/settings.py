"""The settings of an engine: one frozen set of values. Where each comes from is in ``sources``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .core.profiles import Profile
    from .core.secret import Secret


def _setting(default: Any, text: str, *, env: str = "", values: tuple[str, ...] = ()) -> Any:
    return field(default=default, metadata={"help": text, "env": env, "values": values})


@dataclass(frozen=True, slots=True)
class Settings:
    """What an engine works with. Fields with a help text are ``%config ImagineMagics`` traits, too."""

    model: str = _setting("", "model id or alias; empty: the newest", env="GEMIMG_MODEL")
    profile: str = _setting(
        "", "gateway profile; empty: anyfast, or sketch without a key", env="GEMIMG_PROFILE"
    )
    aspect: str | None = _setting(None, "aspect ratio such as 16:9")
    size: str | None = _setting(None, "size: 512, 1K, 2K or 4K")
    temperature: float | None = _setting(None, "0 to 2; None leaves it to the model")
    max_tokens: int = _setting(4096, "limit of the reply in tokens")
    mode: str = _setting(
        "auto",
        "the store: auto, replay, record or off",
        env="GEMIMG_MODE",
        values=("auto", "replay", "record", "off"),
    )
    store: str = _setting(
        "", "folder of the store; empty: imagined, found upwards from the current folder", env="GEMIMG_STORE"
    )
    embed: str = _setting(
        "preview", "what the notebook holds: preview, full or none", values=("preview", "full", "none")
    )
    parallel: int = _setting(4, "requests at a time")
    timeout: float = _setting(300.0, "seconds for one request, all told")
    retries: int = _setting(2, "tries after the first, before any answer")
    max_cost: float | None = _setting(
        None, "stop before the request that would pass so many US dollars in this session"
    )
    price: float | None = _setting(
        None, "US dollars that one request costs, where you know it and the gateway does not report it"
    )
    fetch_urls: bool = _setting(False, "fetch pictures by https address; public hosts only")
    short_errors: bool = _setting(True, "show errors as one line")
    base_url: str = field(default="", metadata={"env": "GEMIMG_BASE_URL"})
    api_key: Secret | None = None

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
        **explicit: Any,
    ) -> Settings:
        """Gather settings.

        Args:
            environ: the environment; the process's own unless given.
            config: what ``%config`` holds; None values are not set.
            explicit: fields by keyword; ``api_key`` is text here.

        Raises:
            SettingsError: an unknown field or profile, a bad address, a key that belongs elsewhere.
        """
        from .core.secret import Secret
        from .sources import gather

        if isinstance(explicit.get("api_key"), str):
            # A traceback may print this frame's variables.
            explicit["api_key"] = Secret(explicit["api_key"], "api_key")
        return gather(environ, config, explicit)

    @property
    def gateway(self) -> Profile:
        """The profile's row."""
        from .core.profiles import find_profile

        return find_profile(self.profile)

    def with_options(self, **options: Any) -> Settings:
        """The same settings with some fields replaced; None leaves a field as it is."""
        return replace(self, **{name: value for name, value in options.items() if value is not None})


def config_settings() -> tuple[tuple[str, str, Any, str, tuple[str, ...]], ...]:
    """Name, type as written, default, help and values of each setting that ``%config`` offers.

    >>> config_settings()[0][:2]
    ('model', 'str')
    """
    return tuple(
        (entry.name, str(entry.type), entry.default, entry.metadata["help"], entry.metadata["values"])
        for entry in fields(Settings)
        if "help" in entry.metadata
    )
