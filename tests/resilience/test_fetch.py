"""I2, O5: addresses are not fetched; where that is switched on, only pictures from public https hosts are."""

import http.server
import ssl
import threading
from pathlib import Path
from typing import ClassVar

import pytest

from gemimg_magic import Engine, errors
from gemimg_magic.core.address import is_public
from gemimg_magic.fetching import fetched
from gemimg_magic.settings import Settings
from gemimg_magic.wire import fetch as wire_fetch
from support.gateway import completion, png

CERTIFICATE = Path(__file__).with_name("loopback.pem")  # self-signed, for localhost; until 2126
PICTURE = png("purple", (40, 30))


class Shop(http.server.BaseHTTPRequestHandler):
    """An https server with pictures and traps."""

    seen: ClassVar = []

    def do_GET(self):
        type(self).seen.append((self.path, dict(self.headers)))
        what = self.path.strip("/").split("?")[0]
        if what.isdecimal():
            self.send_response(int(what))
            self.send_header("Location", "https://localhost/a.png")
            self.end_headers()
            return
        body = {"a.png": PICTURE, "text": b"-----BEGIN KEY----- hunter2", "cut.png": PICTURE[:60]}.get(
            what, PICTURE
        )
        self.send_response(200)
        self.send_header("Content-Type", "image/png")
        if what == "large":
            self.send_header("Content-Length", str(10**12))
        if what != "endless":
            self.end_headers()
            self.wfile.write(body)
            return
        self.end_headers()
        for _ in range(4096):
            self.wfile.write(bytes(65536))

    def log_message(self, *_):
        """Be quiet."""


class Https(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A client that hangs up is what some tests are about."""


@pytest.fixture
def shop(monkeypatch):
    Shop.seen = []
    server = Https(("127.0.0.1", 0), Shop)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    yield f"https://localhost:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def anywhere(monkeypatch):
    """The shop stands on the loopback, which no setting allows: the test takes the fence down for itself."""
    monkeypatch.setattr(wire_fetch, "is_public", lambda address: True)


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "canary-fetch")
    return shell


def sent_pictures(gateway):
    return [part for part in gateway.last.json["messages"][-1]["content"] if part["type"] == "image_url"]


@pytest.mark.parametrize(
    "cell", ["%%imagine\n![a]({url}/a.png)", "%%imagine -i {url}/a.png\nx", "%imagine -e {url}/a.png x"]
)
def test_I2_it_is_off_by_default(remote, gateway, shop, anywhere, cell):
    ran = remote.run(cell.format(url=shop), fails=True)

    assert isinstance(ran.error, errors.PromptError)
    assert "not fetched" in ran.traceback
    assert "fetch_urls" in ran.traceback
    assert Shop.seen == []
    assert gateway.requests == []
    assert Settings.load({}).fetch_urls is False


@pytest.mark.parametrize(
    "cell",
    ["%%imagine\nlook: ![a]({url}/a.png) here", "%%imagine -i {url}/a.png\nx", "%imagine -e {url}/a.png x"],
)
def test_I2_switched_on_the_picture_is_sent_inline_and_the_server_learns_nothing(
    remote, gateway, shop, anywhere, cell
):
    gateway.reply(completion(png("red")))
    remote.run("%config ImagineMagics.fetch_urls = True")

    remote.run(cell.format(url=shop))

    [part] = sent_pictures(gateway)
    assert part["image_url"]["url"].startswith("data:image/png;base64,")
    assert shop not in gateway.last.body.decode()
    [(path, headers)] = Shop.seen
    assert path == "/a.png"
    assert not {"authorization", "cookie", "referer"} & {name.lower() for name in headers}
    assert "canary" not in str(headers)


def test_I2_python_and_the_command_line_take_addresses_too(gateway, shop, anywhere, engine_to):
    gateway.reply(completion(png("red")), times=2)
    with pytest.raises(errors.PromptError, match="not fetched"):
        engine_to(gateway.base_url).generate("x", images=[f"{shop}/a.png"])

    engine_to(gateway.base_url, fetch_urls=True).generate("x", images=[f"{shop}/a.png"])

    assert len(sent_pictures(gateway)) == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost/a.png",
        "https://127.0.0.1/a.png",
        "https://[::1]/a.png",
        "https://[::ffff:127.0.0.1]/a.png",
        "https://0.0.0.0/a.png",
        "https://10.1.2.3/a.png",
        "https://192.168.0.1/a.png",
        "https://172.16.0.1/a.png",
        "https://169.254.169.254/latest/meta-data",
        "https://[fe80::1]/a.png",
        "https://[fd00::1]/a.png",
        "https://100.64.0.1/a.png",
        "https://2130706433/a.png",
        "https://0x7f.1/a.png",
        "http://example.org/a.png",
        "https://user:pw@example.org/a.png",
        "https://example.org:99999/a.png",
        "https://[::1/a.png",
        "https:///a.png",
        "https://example.org/a\u202eb.png",
    ],
)
def test_I2_private_places_and_odd_addresses_are_refused(url, monkeypatch):
    tried = []

    async def connect(self, host, *args, **kwargs):
        tried.append(host)
        raise AssertionError

    monkeypatch.setattr(wire_fetch.LargeReads, "connect_tcp", connect)
    with pytest.raises(errors.PromptError) as caught:
        fetched(url)

    assert tried == []
    assert "pw" not in str(caught.value)


def resolving_to(monkeypatch, *answers):
    """Names resolve to these addresses, one answer for each time somebody asks."""
    asked, left = [], list(answers)

    def resolve(host, port, *args, **kwargs):
        asked.append(host)
        return [(2, 1, 6, "", (address, port)) for address in (left.pop(0) if len(left) > 1 else left[0])]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    return asked


@pytest.mark.parametrize(
    "addresses", [["127.0.0.1"], ["10.0.0.1"], ["8.8.8.8", "192.168.1.1"], ["::1"], ["169.254.169.254"]]
)
def test_I2_a_name_that_leads_inside_is_refused(monkeypatch, addresses):
    resolving_to(monkeypatch, addresses)

    with pytest.raises(errors.PromptError, match="private network"):
        fetched("https://pictures.example/a.png")


def test_I2_a_name_is_resolved_once_and_the_checked_address_is_used(monkeypatch):
    asked = resolving_to(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    tried = []

    async def connect(self, host, *args, **kwargs):
        tried.append(host)
        raise wire_fetch.httpcore.ConnectError("no way")

    monkeypatch.setattr(wire_fetch.LargeReads, "connect_tcp", connect)
    with pytest.raises(errors.PromptError, match="no way"):
        fetched("https://pictures.example/a.png")

    assert (asked, tried) == (["pictures.example"], ["8.8.8.8"])


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("301", "another address"),
        ("302", "another address"),
        ("307", "another address"),
        ("308", "another address"),
        ("404", "answered 404"),
        ("500", "answered 500"),
        ("text", "not a picture"),
        ("cut.png", "not a picture"),
        ("large", "larger than 64 MiB"),
        ("endless", "larger than 64 MiB"),
    ],
)
def test_I2_what_is_no_picture_is_refused(shop, anywhere, path, says):
    with pytest.raises(errors.PromptError, match=says) as caught:
        fetched(f"{shop}/{path}?token=secret-in-the-address")

    assert "hunter2" not in str(caught.value)
    assert "secret-in-the-address" not in str(caught.value)
    assert len(Shop.seen) == 1


def test_I2_a_proxy_of_the_environment_is_not_used(shop, anywhere, monkeypatch, gateway):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, gateway.origin)

    assert fetched(f"{shop}/a.png").data == PICTURE
    assert gateway.connections == 0


def test_I2_N1_a_certificate_that_nobody_vouches_for_is_refused(shop, anywhere, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(errors.PromptError, match="certificate"):
        fetched(f"{shop}/a.png")
    assert Shop.seen == []


def test_I2_it_ends_in_time(shop, anywhere, monkeypatch):
    monkeypatch.setattr(wire_fetch, "SECONDS", 0.0)

    with pytest.raises(errors.PromptError, match="did not come within"):
        fetched(f"{shop}/a.png")


def by_address(url):
    reply = completion()
    reply["choices"][0]["message"]["images"] = [{"type": "image_url", "image_url": {"url": url}}]
    return reply


def test_O5_an_address_in_a_reply_is_told_and_not_fetched(gateway, shop, anywhere, engine_to):
    gateway.reply(by_address(f"{shop}/a.png"))

    with pytest.raises(errors.NoImageError, match="not fetched") as caught:
        engine_to(gateway.base_url).generate("x")

    assert caught.value.completion.image_urls == (f"{shop}/a.png",)
    assert Shop.seen == []


def test_O5_switched_on_the_picture_is_the_answer(gateway, shop, anywhere, monkeypatch, private_place):
    gateway.reply(by_address(f"{shop}/a.png"))
    engine = Engine(base_url=gateway.base_url, api_key="canary-fetch", fetch_urls=True)

    first = engine.generate("x")
    again = engine.generate("x")

    engine.close()
    assert first.image.data == again.image.data == PICTURE
    assert again.replayed
    assert len(Shop.seen) == len(gateway.requests) == 1
    assert "canary" not in str(Shop.seen)


def test_O5_switched_on_a_private_address_of_a_reply_is_refused(gateway, shop, engine_to):
    gateway.reply(by_address(f"{shop}/a.png"))

    with pytest.raises(errors.NoImageError, match="private network"):
        engine_to(gateway.base_url, fetch_urls=True).generate("x")
    assert Shop.seen == []


@pytest.mark.parametrize(
    "address", ["64:ff9b::7f00:1", "2002:7f00:1::", "::", "224.0.0.1", "240.0.0.1", "x", "fe80::1%eth0"]
)
def test_I2_addresses_in_another_coat_are_known(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "64:ff9b::101:101"])
def test_I2_public_addresses_pass(address):
    assert is_public(address)
