"""Reading hints takes none of the libraries that compute: the process that serves them decodes nothing."""

from __future__ import annotations

import subprocess
import sys


def test_reading_a_hint_loads_neither_opencv_nor_onnx_runtime() -> None:
    script = (
        "import sys; from photochrom.hints.hint import from_json;"
        "from_json({'x': 1, 'y': 2, 'color': '#7a1f2b'});"
        "sys.exit(', '.join({'cv2', 'onnxruntime', 'pyvips'} & set(sys.modules)) or None)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
