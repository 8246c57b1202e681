"""What the tests of resilience share: a gateway that breaks replies, and a key to look for everywhere."""

import pytest

from gemimg_magic import Engine
from support.faulty import Faulty


@pytest.fixture
def faulty():
    server = Faulty()
    yield server
    server.close()


@pytest.fixture
def engine_to(request):
    """Make engines that close when the test ends: `engine_to(base_url, retries=0)`."""
    engines = []

    def make(base_url, **fields):
        fields = {"api_key": "canary-5512ee-resilience", "mode": "off", "retries": 0, "timeout": 10} | fields
        engines.append(Engine(base_url=base_url, **fields))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()
