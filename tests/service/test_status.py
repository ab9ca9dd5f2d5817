"""Whoever watches over a server learns how it is."""

from __future__ import annotations

import subprocess
import sys

import httpx
from fastapi.testclient import TestClient


def test_health_tells_of_workers_and_queue(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok", "queue": 0, "workers": 1}


def test_a_real_server_answers_as_well(server: str) -> None:
    assert httpx.get(f"{server}/healthz").json() == {"status": "ok", "queue": 0, "workers": 2}


def test_the_version_names_the_exact_weights(client: TestClient) -> None:
    assert client.get("/version").json()["model"].startswith("tiny 1.0 (sha256 ")


def test_metrics_count_requests_by_route_and_status(client: TestClient) -> None:
    client.get("/no/such/place")
    client.get("/healthz")
    lines = client.get("/metrics").text.splitlines()
    assert any(line.startswith("photochrom_requests_total") and '"/healthz",status="200"' in line for line in lines)
    assert any(line.startswith("photochrom_requests_total") and '"none",status="404"' in line for line in lines)
    assert "photochrom_queue 0.0" in lines
    assert "photochrom_workers 1.0" in lines
    assert 'photochrom_batch_photographs{state="waiting"} 0.0' in lines


def test_every_error_is_a_code_and_a_sentence(client: TestClient) -> None:
    missing = client.get("/no/such/place")
    assert (missing.status_code, missing.json()) == (
        404,
        {"code": "not_found", "message": "there is nothing at this address"},
    )
    assert client.delete("/healthz").json()["code"] == "not_allowed"


def test_the_server_process_loads_no_decoder_and_no_network() -> None:
    code = (
        "import sys\n"
        "from photochrom.service.app import create_app\n"
        "print(sorted({'cv2', 'onnxruntime', 'pyvips', 'simplejpeg'} & set(sys.modules)))\n"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
