"""A real kernel: Interrupt stops a request within a second, and the kernel lives on."""

import threading
import time

import pytest
from jupyter_client.manager import KernelManager

from support import until
from support.gateway import completion, png, reply


@pytest.fixture
def kernel(gateway, tmp_path):
    manager = KernelManager(kernel_name="python3")
    import os

    manager.start_kernel(
        cwd=str(tmp_path),
        env={**os.environ, "GEMIMG_BASE_URL": gateway.base_url, "GEMIMG_API_KEY": "test-key"},
    )
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    client.execute_interactive("%load_ext gemimg_magic", timeout=30)
    yield manager, client
    client.stop_channels()
    manager.shutdown_kernel(now=True)
    manager.cleanup_resources()


@pytest.mark.filterwarnings("ignore:Kernel is running over TCP")
@pytest.mark.parametrize("cell", ["%%imagine -o fox\na fox", "%%imagine -n 3 -j 3 -o fox\na fox"])
def test_interrupt_stops_a_silent_request_within_a_second(kernel, gateway, cell):
    manager, client = kernel
    gateway.reply(hang=True, times=3)
    message = client.execute(cell, stop_on_error=False)
    until(lambda: gateway.requests, "the request", timeout=20)
    time.sleep(0.3)

    began = time.monotonic()
    manager.interrupt_kernel()
    reply = _reply_to(client, message)

    assert time.monotonic() - began < 1
    assert reply["content"]["status"] == "error"
    assert reply["content"]["ename"] == "Interrupted"
    assert len(reply["content"]["traceback"]) == 1
    assert gateway.disconnected.wait(1)
    after = client.execute_interactive("assert 'fox' not in globals(); 6 * 7", timeout=20)
    assert after["content"]["status"] == "ok"


@pytest.mark.filterwarnings("ignore:Kernel is running over TCP")
def test_interrupt_stops_a_sweep_of_thirty_and_keeps_what_is_done(kernel, gateway):
    manager, client = kernel
    gateway.otherwise = lambda request: (
        reply(completion(png())) if request.json["seed"] < 5 else reply(hang=True)
    )
    message = client.execute("%%imagine -j 30 -x seed=range(60) -o grid\na fox", stop_on_error=False)
    until(lambda: len(gateway.requests) == 35, "thirty requests in flight", timeout=30)
    time.sleep(0.5)

    began = time.monotonic()
    manager.interrupt_kernel()
    answer = _reply_to(client, message)
    took = time.monotonic() - began
    until(lambda: gateway.left == 30, "thirty connections to close", timeout=1)

    assert took < 1
    assert answer["content"]["ename"] == "Interrupted"
    assert len(gateway.requests) == 35
    after = "assert list(grid) == [0, 1, 2, 3, 4], list(grid); assert len(grid.failures) == 55"
    assert client.execute_interactive(after, timeout=20)["content"]["status"] == "ok"
    # What came is in the store: the next run asks for the others only.
    gateway.otherwise = lambda request: reply(completion(png("blue")))
    again = "%%imagine -q -j 30 -x seed=range(60) -o grid\na fox"
    assert client.execute_interactive(again, timeout=60)["content"]["status"] == "ok"
    assert len(gateway.requests) == 35 + 55


@pytest.mark.filterwarnings("ignore:Kernel is running over TCP")
def test_interrupt_leaves_jobs_in_the_background_alone(kernel, gateway):
    manager, client = kernel
    go = threading.Event()

    def answer(request):
        if "slow" in str(request.json["messages"]):
            return reply(hang=True)
        assert go.wait(30)
        return reply(completion(png()))

    gateway.otherwise = answer
    begun = client.execute_interactive("%%imagine --bg -o fox\na fox", timeout=20)
    assert begun["content"]["status"] == "ok"
    message = client.execute("%%imagine -o late\nslow", stop_on_error=False)
    until(lambda: len(gateway.requests) == 2, "both requests", timeout=20)
    time.sleep(0.3)

    manager.interrupt_kernel()
    assert _reply_to(client, message)["content"]["ename"] == "Interrupted"
    go.set()

    done = client.execute_interactive("image = await fox; assert image.size == (32, 24)", timeout=30)
    assert done["content"]["status"] == "ok"


def _reply_to(client, message):
    while True:
        reply = client.get_shell_msg(timeout=20)
        if reply["parent_header"].get("msg_id") == message:
            return reply
