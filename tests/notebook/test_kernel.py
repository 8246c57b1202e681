"""A real kernel: Interrupt stops a request within a second, and the kernel lives on."""

import time

import pytest
from jupyter_client.manager import KernelManager

from support import until


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


def _reply_to(client, message):
    while True:
        reply = client.get_shell_msg(timeout=20)
        if reply["parent_header"].get("msg_id") == message:
            return reply
