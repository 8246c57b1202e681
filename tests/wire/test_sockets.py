"""The network backend by itself: flow control, TLS, timeouts, and sockets that are freed."""

import asyncio
import contextlib
import io
import os
import socket
import ssl
import threading
import time

import httpcore
import pytest
import trustme
from PIL import Image

from gemimg_magic import Engine, errors
from gemimg_magic.wire.sockets import LargeReads
from support.gateway import Gateway, completion


def noise(size):
    """A PNG that does not compress."""
    out = io.BytesIO()
    Image.frombytes("RGB", (size, size), os.urandom(size * size * 3)).save(out, "PNG")
    return out.getvalue()


@contextlib.contextmanager
def listening(serve):
    """A server whose one connection is handled by a function in a thread; its port."""

    def run():
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            serve(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=run)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)
        assert not thread.is_alive()


def talk(serve, work):
    """Run a coroutine function with a stream to such a server."""

    async def run(port):
        stream = await LargeReads().connect_tcp("127.0.0.1", port, timeout=5)
        try:
            return await work(stream)
        finally:
            await stream.aclose()

    with listening(serve) as port:
        return asyncio.run(run(port))


async def write_for_ever(stream, timeout=None):
    while True:
        await stream.write(bytes(1_000_000), timeout=timeout)


async def read_all(stream):
    data = b""
    while piece := await stream.read(65536, timeout=5):
        data += piece  # at once: it is good until the next read
    return data


def test_reads_are_large_and_complete():
    sent = bytes(range(256)) * 40_000
    sizes = []

    async def work(stream):
        data = b""
        while piece := await stream.read(1000, timeout=5):
            sizes.append(len(piece))
            data += piece
        return data

    assert talk(lambda connection: connection.sendall(sent), work) == sent
    assert max(sizes) > 65536


def test_nothing_is_taken_from_the_network_that_nobody_reads():
    async def work(stream):
        await asyncio.sleep(0.3)
        waiting = len(stream._wire._buffer)
        return waiting, len(await read_all(stream))

    waiting, total = talk(lambda connection: connection.sendall(bytes(30_000_000)), work)

    assert waiting <= 1_000_000
    assert total == 30_000_000


def test_a_slow_reader_slows_the_writer_down():
    got = []

    def serve(connection):
        time.sleep(0.3)
        while piece := connection.recv(1 << 20):
            got.append(len(piece))

    async def work(stream):
        began = time.monotonic()
        for _ in range(200):
            await stream.write(bytes(100_000), timeout=5)
        return time.monotonic() - began

    assert talk(serve, work) > 0.2
    assert sum(got) == 20_000_000


def test_a_read_and_a_write_have_their_time():
    async def work(stream):
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(1000, timeout=0.1)
        with pytest.raises(httpcore.WriteTimeout):
            await write_for_ever(stream, timeout=0.1)

    talk(lambda connection: time.sleep(0.8), work)


def test_closing_does_not_wait_for_a_server_that_does_not_listen():
    async def work(stream):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(write_for_ever(stream), 0.2)
        return time.monotonic()

    ended = talk(lambda connection: time.sleep(0.6), work)
    assert time.monotonic() - ended < 1


def test_a_reset_is_an_error_and_an_end_is_none():
    def reset(connection):
        connection.sendall(b"abc")
        connection.recv(10)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    async def work(stream):
        assert bytes(await stream.read(1000, timeout=5)) == b"abc"
        await stream.write(b"x", timeout=5)
        with pytest.raises(httpcore.ReadError):
            await stream.read(1000, timeout=5)
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"x", timeout=5)

    talk(reset, work)
    assert talk(lambda connection: connection.sendall(b"abc"), read_all) == b"abc"


def test_a_connection_that_the_server_has_closed_is_noticed():
    async def work(stream):
        before = stream.get_extra_info("is_readable")
        await asyncio.sleep(0.2)
        return before, stream.get_extra_info("is_readable")

    assert talk(lambda connection: time.sleep(0.1), work) == (False, True)


def test_a_closed_port_is_a_connect_error():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    with pytest.raises(httpcore.ConnectError):
        asyncio.run(LargeReads().connect_tcp("127.0.0.1", port, timeout=5))


def test_what_is_read_late_is_the_same():
    """A reader that stops for a while, at any point, loses nothing and repeats nothing."""
    sent = bytes(number * number % 251 for number in range(3_000_000))

    async def work(stream):
        data = b""
        while piece := bytes(await stream.read(1000, timeout=5)):
            data += piece
            await asyncio.sleep(len(piece) % 3 * 0.004)
        return data

    assert talk(lambda connection: connection.sendall(sent), work) == sent


def test_many_wait_without_taking_memory():
    async def work(stream):
        await stream.write(b"x", timeout=5)
        first = bytes(await stream.read(1000, timeout=5))
        held = len(stream._wire._buffer)
        await stream.write(b"x", timeout=5)
        return first, held > 0, len(stream._wire._buffer)

    def serve(connection):
        connection.recv(1)
        connection.sendall(b"abc")
        connection.recv(1)

    assert talk(serve, work) == (b"abc", True, 0)


@pytest.fixture(scope="module")
def authority():
    """Vouches for localhost."""
    return trustme.CA()


@pytest.fixture
def encrypted(gateway, authority):
    """The gateway under TLS; its base URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    gateway._server.socket = context.wrap_socket(gateway._server.socket, server_side=True)
    return f"https://localhost:{gateway.port}/v1"


def test_a_large_reply_and_a_large_request_under_tls(
    encrypted, gateway: Gateway, authority, tmp_path, monkeypatch
):
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")  # loopback goes past it
    picture, reference = noise(1200), noise(300)
    gateway.reply(completion(picture), times=3)
    engine = Engine(base_url=encrypted, api_key="key", mode="off", retries=0)

    for _ in range(3):
        assert engine.generate("x", images=[reference] * 5).image.data == picture

    engine.close()
    assert gateway.connections == 1
    assert len(picture) > 3_000_000
    assert len(gateway.last.body) > 1_000_000


def test_a_certificate_that_nobody_vouches_for_is_refused(encrypted, gateway):
    engine = Engine(base_url=encrypted, api_key="key", mode="off", retries=0)

    with pytest.raises(errors.APIConnectionError, match="certificate"):
        engine.generate("x")

    engine.close()
    assert gateway.requests == []


def test_many_busy_connections_share_a_turn_of_the_event_loop():
    """Forty that all have a lot to give are read a little each, and every byte arrives."""
    count, size = 40, 400_000
    taken, turns = [0], []

    def give(listener):
        accepted = [listener.accept()[0] for _ in range(count)]
        givers = [threading.Thread(target=one.sendall, args=(bytes(size),)) for one in accepted]
        for giver in givers:
            giver.start()
        for giver, one in zip(givers, accepted, strict=True):
            giver.join()
            one.close()

    async def take(stream):
        total = 0
        while piece := await stream.read(1000, timeout=5):
            total += len(piece)
            taken[0] += len(piece)
        await stream.aclose()
        return total

    async def work(port):
        backend = LargeReads()
        streams = [await backend.connect_tcp("127.0.0.1", port, timeout=5) for _ in range(count)]
        takers = [asyncio.ensure_future(take(stream)) for stream in streams]
        time.sleep(0.5)  # on purpose: all has arrived before the loop looks
        while not all(taker.done() for taker in takers):
            before = taken[0]
            await asyncio.sleep(0)
            turns.append(taken[0] - before)
        return [taker.result() for taker in takers]

    with socket.create_server(("127.0.0.1", 0), backlog=count) as listener:
        giving = threading.Thread(target=give, args=(listener,))
        giving.start()
        got = asyncio.run(work(listener.getsockname()[1]))
        giving.join(5)

    assert got == [size] * count
    assert max(turns) < 4_000_000
