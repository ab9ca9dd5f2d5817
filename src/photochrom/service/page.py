"""The page: the files of `web` as they are, at /. What they are served as does not hang on the machine's settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

WEB: Final = Path(__file__).parent / "web"

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
"""A module that is not served as JavaScript does not run, and on Windows any program may have changed what .js is."""


def serve(app: FastAPI) -> None:
    """Give out the page. It answers whatever no route does; an address that takes other methods only stays one."""
    app.router.default = _Files(directory=WEB, html=True)


class _Files(StaticFiles):
    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        response = super().file_response(full_path, stat_result, scope, status_code)
        response.headers["content-type"] = TYPES[Path(full_path).suffix]
        return response
