"""A large picture is never whole in memory, nor is its file: only its luma is.

Each picture goes its way in a process of its own; what that takes beyond a small picture is measured.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import pyvips
from format_files import GREY, Wish
from format_kinds import KINDS, Kind
from numpy.typing import NDArray

from photochrom import photo
from photochrom.errors import PhotoError

WIDTH, HEIGHT = 6000, 4000

SCRIPT = """
import sys
import photo_files as files
from photochrom import photo
for path in sys.argv[1:3]:  # a small one, then the one that is measured
    files.colored(photo.open(path)).save(path + ".out" + path[-4:])
    print(int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024)
"""

FULL = """
import resource, signal, sys
import photo_files as files
from photochrom import photo
from photochrom.errors import PhotoError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000_000, 20_000_000))
try:
    files.colored(photo.open(sys.argv[1])).save(sys.argv[2])
except PhotoError as error:
    print(error)
"""

linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the system does not say how much was used")


def picture(bands: int, bits: int, width: int = WIDTH, height: int = HEIGHT) -> pyvips.Image:
    noise = pyvips.Image.gaussnoise(width, height, mean=100, sigma=20, seed=1)
    image = noise.linear([1.0, 0.9, 0.7][:bands], [0, 0, 0][:bands]) * (1 if bits == 8 else 256)
    name = {(1, 8): "b-w", (3, 8): "srgb", (1, 16): "grey16", (3, 16): "rgb16"}[bands, bits]
    return image.cast("uchar" if bits == 8 else "ushort").copy(interpretation=name)


def luma_of(samples: NDArray[np.integer]) -> NDArray[np.int64]:
    wide = samples.astype(np.int64)
    return wide if samples.ndim == 2 else (wide @ np.array([19595, 38470, 7471]) + 0x8000) >> 16


def run(script: str, *arguments: Path) -> str:
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]).stdout


@linux
@pytest.mark.parametrize(
    ("name", "bands", "bits", "bytes_a_pixel"),
    [
        ("large.tif", 3, 16, 2),
        ("large.tif", 1, 16, 2),
        ("large.png", 1, 8, 1),
    ],
)
def test_memory_grows_by_the_luma_and_little_else(
    name: str, bands: int, bits: int, bytes_a_pixel: int, tmp_path: Path
) -> None:
    options = {"compression": "none"} if name.endswith("tif") else {"compression": 1, "filter": "sub"}
    for path, size in ((tmp_path / f"small-{name}", (300, 200)), (tmp_path / name, (WIDTH, HEIGHT))):
        picture(bands, bits, *size).write_to_file(str(path), **options)
    small, large = (float(line) for line in run(SCRIPT, tmp_path / f"small-{name}", tmp_path / name).split())
    luma = WIDTH * HEIGHT * bytes_a_pixel / 1e6
    assert large - small < 2 * luma + 60  # the RGB alone would be three of it
    given, result = (pyvips.Image.new_from_file(str(tmp_path / each)) for each in (name, f"{name}.out{name[-4:]}"))
    assert (result.width, result.height, result.bands) == (WIDTH, HEIGHT, 3)
    assert result.format == given.format
    rows = (0, HEIGHT - 300, WIDTH, 300)
    before, after = (luma_of(image.crop(*rows).numpy()) for image in (given, result))
    assert np.abs(after - before).max() <= 1


@pytest.mark.skipif(sys.platform == "win32", reason="no limit for the size of files there")
@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_a_full_disk_is_a_clear_error_and_leaves_nothing_behind(suffix: str, tmp_path: Path) -> None:
    source, target = tmp_path / "scan.tif", tmp_path / f"result{suffix}"
    picture(1, 16).write_to_file(str(source), compression="none")
    said = run(FULL, source, target)
    assert said.startswith(f"{target}: could not be written (File too large); nothing was left behind")
    assert [path.name for path in tmp_path.iterdir()] == ["scan.tif"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_the_limit_for_pixels_holds_for_every_kind_of_file(kind: Kind) -> None:
    if not kind.is_there:
        pytest.skip(f"{kind.name} needs {kind.needs}")
    file = kind.make(Wish())
    assert file is not None
    width, height = photo.open(file, max_pixels=GREY.size).size
    assert width * height == GREY.size
    with pytest.raises(PhotoError, match=r"has 96 x 64 = .* more than the limit of .*--max-pixels"):
        photo.open(file, max_pixels=GREY.size - 1)
