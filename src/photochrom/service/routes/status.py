"""How the server is: for whoever watches over it."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field

from photochrom.service.darkroom import Shared
from photochrom.service.problems import responses

router = APIRouter(tags=["status"])


class Health(BaseModel):
    """Whether it works."""

    status: str = Field(description='"ok", or "starting" while no worker is ready.', examples=["ok"])
    queue: int = Field(description="Work that waits for a worker.")
    workers: int = Field(description="Workers that are ready or at work.")


class Version(BaseModel):
    """What it is."""

    photochrom: str = Field(examples=["0.1.0"])
    model: str = Field(description="The exact weights.", examples=["best 1.0 (sha256 0123456789abcdef)"])


@router.get("/healthz", responses=responses())
async def health(darkroom: Shared) -> Health:
    """Whether it works, and how much waits."""
    pool = darkroom.pool
    return Health(status="ok" if pool.alive else "starting", queue=pool.waiting, workers=pool.alive)


@router.get("/version", responses=responses())
async def versions(darkroom: Shared) -> Version:
    """Which Photochrom and which model answer here."""
    return Version(photochrom=version("photochrom"), model=darkroom.pool.model)


@router.get("/metrics", responses=responses(), response_class=Response)
async def metrics(darkroom: Shared) -> Response:
    """Figures for Prometheus: requests by route and status, durations, the queue, workers, what is kept."""
    darkroom.metrics.count_batches(await darkroom.batches.counts())
    return Response(darkroom.metrics.text(), media_type=CONTENT_TYPE_LATEST)
