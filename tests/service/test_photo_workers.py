"""The network looks at a photograph once; whatever befalls its worker, it is opened again from what was sent."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import counting_work
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from photochrom.service.app import create_app
from photochrom.service.settings import Settings

BASE = "http://127.0.0.1:8421"


@pytest.fixture
def client(settings: Callable[..., Settings]) -> Iterator[TestClient]:
    with TestClient(create_app(settings()), base_url=BASE, raise_server_exceptions=False) as client:
        yield client


def looks(client: TestClient) -> tuple[int, int]:
    """How often the network has looked since this was asked first, and the id of its process."""
    app: Any = client.app
    assert client.portal is not None
    count, pid = client.portal.call(app.state.darkroom.pool.run, counting_work.looks)
    return int(count), int(pid)


def send(client: TestClient, data: bytes) -> str:
    answer = client.post("/v1/photos", files={"file": ("family.jpg", data)})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def paint(client: TestClient, id: str, **options: Any) -> bytes:
    answer = client.post(f"/v1/photos/{id}/paint", json=options)
    assert answer.status_code == 200, answer.text
    return bytes(answer.content)


def test_the_network_looks_once_however_often_it_is_painted(client: TestClient, jpeg: bytes) -> None:
    looks(client)
    id = send(client, jpeg)
    for vividness in (0.1, 0.5, 0.9):
        paint(client, id, output="preview", vividness=vividness)
    paint(client, id, hints=[{"x": 9, "y": 9, "color": "red"}])
    client.post(f"/v1/photos/{id}/suggest", json={"x": 5, "y": 5})
    client.post(f"/v1/photos/{id}/confidence", json={})
    client.post(f"/v1/photos/{id}/variants", json={"n": 2})
    client.get(f"/v1/photos/{id}/grey")
    assert looks(client)[0] == 1


def test_a_closer_look_is_one_more_look_and_no_second_at_the_whole(client: TestClient, jpeg: bytes) -> None:
    looks(client)
    id = send(client, jpeg)
    for box in ([10, 10, 60, 60], [90, 20, 140, 70.4]):
        id = client.post(f"/v1/photos/{id}/refine", json={"box": box}).json()["id"]
        paint(client, id, output="preview")
    assert looks(client)[0] == 3


def test_a_reference_is_looked_at_once_from_both_sides(client: TestClient, jpeg: bytes, color: bytes) -> None:
    looks(client)
    id, other = send(client, jpeg), send(client, color)
    for _ in range(3):
        paint(client, id, reference=other)
    assert looks(client)[0] == 1 + 1 + 2


def test_many_paint_one_photograph_at_once(client: TestClient, jpeg: bytes) -> None:
    id = send(client, jpeg)
    vividness = [number / 8 for number in range(8)] * 2
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda each: paint(client, id, vividness=each), vividness))
    assert found[:8] == found[8:]
    assert len(set(found)) == 8
    assert found[4] == paint(client, id, vividness=0.5)


def test_after_its_worker_was_killed_it_is_painted_the_same(client: TestClient, jpeg: bytes) -> None:
    id = send(client, jpeg)
    id = client.post(f"/v1/photos/{id}/refine", json={"box": [10, 10, 60, 60]}).json()["id"]
    before = paint(client, id)
    _, worker = looks(client)
    os.kill(worker, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while looks_or_none(client) in (None, worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert paint(client, id) == before
    assert looks(client)[1] != worker


def looks_or_none(client: TestClient) -> int | None:
    try:
        return looks(client)[1]
    except Exception:  # the pool may notice the death only now
        return None


def test_what_the_memory_has_no_room_for_is_looked_at_again(
    settings: Callable[..., Settings], jpeg: bytes, color: bytes
) -> None:
    with TestClient(create_app(settings(canvases_bytes=1)), base_url=BASE) as client:
        looks(client)
        one, other = send(client, jpeg), send(client, color)
        first = paint(client, one)
        paint(client, other)
        assert paint(client, one) == first
        assert looks(client)[0] == 5


@pytest.fixture(scope="module")
def color(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A photograph in colour, 160 x 160."""
    import skimage

    path = tmp_path_factory.mktemp("color") / "a.png"
    Image.fromarray(skimage.data.astronaut()).resize((160, 160)).save(path)
    return path.read_bytes()
