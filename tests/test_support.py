"""The helpers of the tests keep their own promises."""

from __future__ import annotations

import socket
import urllib.request

import pytest

from support import until
from support.gateway import chunk, completion, png


def talk(gateway, request: bytes = b"GET /v1/x HTTP/1.1\r\nHost: t\r\n\r\n") -> socket.socket:
    line = socket.create_connection(("127.0.0.1", gateway.port), timeout=2)
    line.sendall(request)
    return line


def hear(line: socket.socket, what: bytes) -> bytes:
    said = b""
    while what not in said and (more := line.recv(999)):
        said += more
    return said


def test_gateway_records_and_answers_in_order(gateway):
    gateway.reply(completion(png("red"), text="a fox"))
    gateway.reply(events=[chunk("a"), 0.01, chunk(image=png())])
    for _ in range(2):
        request = urllib.request.Request(
            f"{gateway.base_url}/chat/completions", b'{"n": 1}', {"X-Test": "yes"}
        )
        with urllib.request.urlopen(request) as answer:
            body = answer.read()
    assert body.startswith(b"data: {")
    assert body.endswith(b"data: [DONE]\n\n")
    assert [r.json for r in gateway.requests] == [{"n": 1}] * 2
    assert (gateway.last.method, gateway.last.path, gateway.last.headers["x-TEST"]) == (
        "POST",
        "/v1/chat/completions",
        "yes",
    )


def test_gateway_reads_a_chunked_request_and_keeps_the_line_open(gateway):
    gateway.models = ["m"]
    with talk(
        gateway,
        b"POST /v1/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'3\r\n{"a\r\n3\r\n":1\r\n1\r\n}\r\n0\r\n\r\n',
    ) as line:
        assert b" 501 " in hear(line, b"}}")
        line.sendall(b"GET /v1/models HTTP/1.1\r\n\r\n")
        assert b'"id": "m"' in hear(line, b"}]}")
    assert gateway.requests[0].json == {"a": 1}
    assert gateway.connections == 1


@pytest.mark.parametrize("said", [[], [b"data: hi\n\n"]])
def test_gateway_notices_who_leaves_while_it_hangs(gateway, said):
    gateway.reply(chunks=said, hang=True)
    with talk(gateway) as line:
        until(lambda: gateway.requests)
        if said:
            assert line.recv(4) == b"HTTP"
        else:
            line.settimeout(0.05)
            with pytest.raises(TimeoutError):
                line.recv(1)
        assert not gateway.disconnected.is_set()
    assert gateway.disconnected.wait(2)


def test_gateway_closes_while_it_hangs(gateway):
    gateway.reply(hang=True)
    with talk(gateway) as line:
        until(lambda: gateway.requests)
        gateway.close()
        assert line.recv(1) == b""


def test_gateway_drops_the_line(gateway):
    gateway.reply(chunks=[b"abc"], drop=True)
    with talk(gateway) as line:
        said = hear(line, b"more than there is")
    assert said.endswith(b"3\r\nabc\r\n")  # and no last chunk


def test_shell_records_what_stays_on_screen(bare_shell):
    ran = bare_shell.run(
        "from IPython.display import display, clear_output\n"
        "display('gone'); clear_output(); print('hi')\n"
        "h = display('draft', display_id=True); h.update('done')\n6 * 7"
    )
    assert [m.kind for m in ran.messages] == ["display", "clear", "display", "update", "result"]
    assert [s.text for s in ran.shown] == ["'done'", "42"]
    assert (ran.stdout, ran.result) == ("hi\n", 42)
    bare_shell.run("h.update('later')")
    assert ran.shown[0].text == "'later'"


def test_shell_shows_the_error_of_a_failing_cell(bare_shell):
    ran = bare_shell.run("1 / 0", fails=True)
    assert isinstance(ran.error, ZeroDivisionError)
    assert "division by zero" in ran.traceback
    with pytest.raises(ZeroDivisionError):
        bare_shell.run("1 / 0")
