"""Where settings come from, and which key may go where."""

import pytest

from gemimg_magic.core.errors import MissingAPIKey, SettingsError
from gemimg_magic.core.secret import Secret
from gemimg_magic.settings import Settings

KEY = "canary-7f3a91"


def load(environ=None, config=None, **given):
    return Settings.load(environ or {}, config, **given)


def test_with_nothing_configured_it_sketches():
    settings = load()

    assert settings.profile == "sketch"
    assert settings.api_key is None
    assert settings.model == "gemini-nano-banana-2.1"


def test_a_key_alone_means_the_default_gateway():
    settings = load({"GEMIMG_API_KEY": KEY})

    assert (settings.profile, settings.base_url) == ("anyfast", "https://www.anyfast.ai/v1")
    assert settings.api_key.reveal() == KEY
    assert settings.api_key.origin == "https://www.anyfast.ai"


def test_an_address_alone_is_never_the_sketch():
    assert load({"GEMIMG_BASE_URL": "http://127.0.0.1:9/v1"}).profile == "custom"


def test_the_nearer_source_wins():
    environ = {"GEMIMG_MODEL": "from-env", "GEMIMG_PROFILE": "sketch"}

    assert load(environ).model == "from-env"
    assert load(environ, {"model": "from-config"}).model == "from-config"
    assert load(environ, {"model": "from-config"}, model="from-cell").model == "from-cell"
    assert load(environ, {"model": None, "aspect": "1:1"}).model == "from-env"


def test_aliases_become_ids():
    assert load(model="pro").model == "gemini-3-pro-image"


def test_a_profile_brings_its_own_key():
    settings = load({"OPENROUTER_API_KEY": KEY}, profile="openrouter")

    assert settings.api_key.source == "OPENROUTER_API_KEY"
    assert settings.api_key.origin == "https://openrouter.ai"


def test_a_base_url_of_the_environment_goes_with_any_profile():
    environ = {"GEMIMG_BASE_URL": "http://127.0.0.1:9/v1", "GEMIMG_API_KEY": KEY}

    settings = load(environ, profile="openrouter")

    assert settings.base_url == "http://127.0.0.1:9/v1"
    assert settings.api_key.origin == "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("environ", "given"),
    [
        ({"GEMIMG_API_KEY": KEY}, {"base_url": "https://elsewhere.example/v1"}),
        ({"GEMIMG_API_KEY": KEY}, {"profile": "openrouter"}),
        (
            {"OPENROUTER_API_KEY": KEY, "GEMIMG_BASE_URL": "https://other.example/v1"},
            {"profile": "openrouter"},
        ),
    ],
)
def test_a_key_goes_only_where_it_was_configured_for(environ, given):
    with pytest.raises(SettingsError, match="is not sent to") as caught:
        load(environ, **given)

    assert KEY not in str(caught.value)


def test_a_missing_key_names_the_variable():
    with pytest.raises(MissingAPIKey, match="OPENROUTER_API_KEY"):
        load(profile="openrouter", mode="off")


@pytest.mark.parametrize("mode", ["auto", "replay"])
def test_what_is_recorded_needs_no_key(mode):
    assert load(profile="openrouter", mode=mode).api_key is None


@pytest.mark.parametrize(
    "url",
    [
        "gateway.example/v1",
        "ftp://x/v1",
        "https://",
        "https://user:pw@x/v1",
        "http://gateway.example/v1",
        "http://[::1",
        "https://x/v1?key=1",
        "http://x y/v1",
        "http://127.0.0.1:99999/v1",
    ],
)
def test_a_bad_address_is_refused_before_anything_is_sent(url):
    with pytest.raises(SettingsError) as caught:
        load(base_url=url, api_key=Secret(KEY, "api_key"))

    assert "pw" not in str(caught.value)


def test_unknown_names_get_a_close_match():
    with pytest.raises(SettingsError, match="Did you mean mode"):
        load(modl="x")
    with pytest.raises(SettingsError, match="Did you mean openrouter"):
        load(profile="openruoter")


def test_no_secret_has_a_repr():
    settings = load({"GEMIMG_API_KEY": KEY})

    for text in (
        repr(settings),
        str(settings),
        f"{settings.api_key}",
        str(settings.api_key),
        repr(vars(Secret)),
    ):
        assert KEY not in text
    with pytest.raises(TypeError):
        __import__("pickle").dumps(settings.api_key)
