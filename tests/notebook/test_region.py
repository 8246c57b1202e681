"""``--region`` in cells: only that part changes, it replays, and it is told as it was typed."""

from __future__ import annotations

import pytest
from PIL import Image

from gemimg_magic import errors
from support.gateway import completion, png


@pytest.fixture
def remote(shell, gateway, monkeypatch):
    monkeypatch.setenv("GEMIMG_BASE_URL", gateway.base_url)
    monkeypatch.setenv("GEMIMG_API_KEY", "test-key")
    gateway.reply(completion(png("red", (200, 100))))
    shell.run("%%imagine -q -o fox\na fox")
    return shell


def test_only_the_region_changes_and_a_replay_gives_the_same_bytes(remote, gateway):
    gateway.reply(completion(png("blue", (400, 200))))
    cell = "%%imagine -e fox --region 100,0,100,100 -o part\nmake it blue"
    ran = remote.run(cell)

    part = remote.user_ns["part"]
    assert part.size == (200, 100)
    assert part.media_type == "image/png"
    assert part.pil.crop((0, 0, 100, 100)).getcolors() == [(100 * 100, (255, 0, 0))]
    assert part.pil.getpixel((150, 50)) == (0, 0, 255)
    assert part.completion.image.data == png("blue", (400, 200))
    assert part.parents[0] == remote.user_ns["fox"]
    assert (part.name, part.alt, part.provenance.region) == ("part", "make it blue", "100,0,100,100")
    assert len(ran.pictures) == 1

    content = gateway.last.json["messages"][-1]["content"]
    assert [piece["type"] for piece in content] == ["image_url", "image_url", "text"]
    assert content[2]["text"].startswith(
        "make it blue\n\nThe second picture shows the first with one area marked"
    )

    remote.run(cell)
    assert remote.user_ns["part"].data == part.data
    assert len(gateway.requests) == 2
    source = remote.run("%gemimg cell part").stdout
    assert source.strip() == cell.replace(
        "-e fox --region 100,0,100,100 -o part", "-o part -e fox --region 100,0,100,100"
    )


def test_references_follow_the_mark(remote, gateway):
    gateway.reply(completion(png("blue", (200, 100))))
    remote.user_ns["hat"] = Image.new("RGB", (20, 20), "gold")
    remote.run("%%imagine -e fox --region 50%,0%,50%,100% -i hat -o part -q\nput {{hat}} on")

    part = remote.user_ns["part"]
    assert [image.media_type for image in part.parents] == [
        "image/png",
        "image/jpeg",
        "image/png",
        "image/png",
    ]
    assert remote.run("%gemimg cell part").stdout == (
        "%%imagine -o part -i hat -e fox --region 50%,0%,50%,100%\nput {{hat}} on\n"
    )


def test_a_mask_by_name(remote, gateway):
    gateway.reply(completion(png("blue", (200, 100))))
    mask = Image.new("L", (200, 100), 0)
    mask.paste(255, (0, 0, 60, 100))
    remote.user_ns["mask"] = mask
    remote.run("%%imagine -e fox --region mask -o part -q\nx")

    assert remote.user_ns["part"].pil.getpixel((20, 50)) == (0, 0, 255)
    assert remote.user_ns["part"].pil.getpixel((100, 50)) == (255, 0, 0)


def test_in_a_sweep(remote, gateway):
    gateway.reply(completion(png("blue", (200, 100))), times=2)
    remote.run("%%imagine -e fox --region 100,0,100,100 -o grid -q -x tone=['dark','light']\na {{tone}} blue")

    for image in remote.user_ns["grid"].images:
        assert image.pil.getpixel((20, 50)) == (255, 0, 0)
        assert image.pil.getpixel((150, 50)) == (0, 0, 255)


def test_in_a_sweep_that_is_asked_for_once_more(remote, gateway):
    gateway.reply({"error": {"message": "out of order"}}, status=400)
    gateway.reply(completion(png("blue", (200, 100))), times=2)
    cell = "%%imagine -e fox --region 100,0,100,100 -o grid -q -j 1 -x tone=['dark','light']\na {{tone}} blue"
    remote.run(cell, fails=True)
    grid = remote.user_ns["grid"]
    assert len(grid) == 1

    grid.retry()

    assert [image.pil.getpixel((20, 50)) for image in grid.images] == [(255, 0, 0)] * 2
    assert [image.pil.getpixel((150, 50)) for image in grid.images] == [(0, 0, 255)] * 2
    assert {image.alt for image in grid.images} == {"a dark blue", "a light blue"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--region 1,2,3,4", "needs one picture to edit"),
        ("-e fox --region 1,2,3", "X,Y,W,H"),
        ("-e fox --region 500,0,10,10", "inside of the picture"),
        ("-e fox --region nothing", "nothing"),
    ],
)
def test_what_does_not_fit_is_told_before_anything_is_sent(remote, gateway, line, told):
    with pytest.raises(errors.PromptError, match=told):
        remote.run(f"%imagine {line} x")
    assert len(gateway.requests) == 1
