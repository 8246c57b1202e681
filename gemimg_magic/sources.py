"""Where settings come from: call or cell, then ``%config``, then the environment, then the default.

Here a profile gets its address, and an address the key that was configured for it and no other.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from .core.address import origin_of
from .core.errors import MissingAPIKey, SettingsError
from .core.models import DEFAULT_MODEL, resolve_alias
from .core.profiles import Profile, find_profile
from .core.secret import Secret
from .core.text import did_you_mean
from .settings import Settings


def gather(
    environ: Mapping[str, str] | None, config: Mapping[str, Any] | None, given: Mapping[str, Any]
) -> Settings:
    """Settings from all sources.

    Args:
        environ: the environment; the process's own if None.
        config: what ``%config`` holds; None and empty values are not set.
        given: what the call or cell says; None values are not set. ``api_key`` is a secret.

    Raises:
        SettingsError: an unknown field or profile, a bad address, a key that belongs elsewhere.
    """
    environ = _Environment(os.environ if environ is None else environ)
    _check_names(given)
    values: dict[str, Any] = {
        entry.name: environ[entry.metadata["env"]]
        for entry in fields(Settings)
        if environ.get(entry.metadata.get("env", ""))
    }
    values |= {name: value for name, value in (config or {}).items() if value not in (None, "")}
    values |= {name: value for name, value in given.items() if value is not None and name != "api_key"}
    _check_values(values)
    values["model"] = resolve_alias(values.get("model") or DEFAULT_MODEL)
    return _with_gateway(Settings(**values), environ, given.get("api_key"))


class _Environment(dict[str, str]):
    """The environment without a repr: a traceback that prints variables would print keys."""

    def __repr__(self) -> str:
        return "<environment>"


def _check_names(explicit: Mapping[str, Any]) -> None:
    known = [entry.name for entry in fields(Settings)]
    for name in explicit:
        if name not in known:
            raise SettingsError(f"There is no setting {name!r}.", hint=did_you_mean(name, known))


def _check_values(values: Mapping[str, Any]) -> None:
    for entry in fields(Settings):
        known = entry.metadata.get("values")
        if known and values.get(entry.name, known[0]) not in known:
            raise SettingsError(
                f"There is no {entry.name} {values[entry.name]!r}.", hint=f"It is one of {', '.join(known)}."
            )
    for name in ("max_cost", "price"):
        amount = values.get(name, 0)
        if not isinstance(amount, int | float) or not 0 <= amount < 1e9:
            raise SettingsError(f"{name} {amount!r} is not right.", hint="It takes an amount in US dollars.")


def _with_gateway(settings: Settings, environ: _Environment, given_key: Secret | None) -> Settings:
    """Choose profile and address, and the key that belongs to that address."""
    if not settings.profile:
        configured = given_key or settings.base_url or environ.get("GEMIMG_API_KEY")
        name = ("custom" if settings.base_url else "anyfast") if configured else "sketch"
        settings = replace(settings, profile=name)
    profile = settings.gateway
    if profile.name == "sketch":
        return replace(settings, base_url=profile.base_url)
    base_url = (settings.base_url or profile.base_url).rstrip("/")
    if not base_url:
        raise SettingsError(
            f"The profile {profile.name} has no address of its own.",
            hint="Set GEMIMG_BASE_URL to the gateway's.",
        )
    settings = replace(settings, base_url=base_url)
    origin = origin_of(base_url)
    if given_key:
        _check_key(given_key)
    if given_key is None:
        key = _key_from(environ, profile, origin)
        # What is recorded needs no key, so where the store is asked first its absence is told later.
        if key is None and settings.mode in ("record", "off"):
            require_key(settings)
    else:
        key = given_key.bound_to(origin) if given_key else None
    return replace(settings, api_key=key)


def _key_from(environ: _Environment, profile: Profile, origin: str) -> Secret | None:
    """The key that was configured for this origin."""
    general_home = (
        environ.get("GEMIMG_BASE_URL") or find_profile(environ.get("GEMIMG_PROFILE") or "anyfast").base_url
    )
    homes = {profile.key_variable: profile.base_url, "GEMIMG_API_KEY": general_home}
    elsewhere = ""
    for variable, home in homes.items():
        key = Secret(environ.get(variable, "").strip(), variable)
        if not key:
            continue
        if home and origin_of(home) == origin:
            _check_key(key)
            return key.bound_to(origin)
        elsewhere = (
            f"The key in {variable} was configured for {origin_of(home) if home else 'another address'}"
        )
    if elsewhere:
        raise SettingsError(
            f"{elsewhere} and is not sent to {origin}.",
            hint="Set GEMIMG_BASE_URL and GEMIMG_API_KEY together, or pass base_url= and api_key=.",
        )
    return None


def _check_key(key: Secret) -> None:
    """Refuse a key that no header can carry, before a library puts it into an error message.

    Raises:
        SettingsError: it holds spaces, line ends or characters beyond ASCII.
    """
    if not all("!" <= character <= "~" for character in key.reveal()):
        raise SettingsError(
            f"The key in {key.source} holds a space, a line end or a character that no key has.",
            hint="Copy it again, the key alone.",
        )


def notebook_name(environ: Mapping[str, str]) -> str:
    """The file name of the notebook that this process is the kernel of; empty where nobody says.

    Jupyter Server puts the notebook's path into ``JPY_SESSION_NAME``. Only the name is used: a path may tell
    more about a person than a record should.

    >>> notebook_name({"JPY_SESSION_NAME": "/home/ann/secret/foxes.ipynb"}), notebook_name({})
    ('foxes.ipynb', '')
    """
    name = re.split(r"[/\\]", environ.get("JPY_SESSION_NAME", ""))[-1]
    return name if name.endswith(".ipynb") else ""


def require_key(settings: Settings) -> None:
    """Refuse to go on without a key where the gateway wants one.

    Raises:
        MissingAPIKey: none is configured.
    """
    profile = settings.gateway
    if profile.needs_key and not settings.api_key:
        raise MissingAPIKey(
            f"The profile {profile.name} needs a key and none is set.",
            hint=f"Set {profile.key_variable} or GEMIMG_API_KEY in the environment of the kernel.",
        )
