"""What every test shares: a busy machine must not fail a property test on time alone."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_model
import training_files
from hypothesis import settings

settings.register_profile("photochrom", deadline=None)
settings.load_profile("photochrom")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model that colours any picture within milliseconds."""
    return tiny_model.write(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def grey_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a model that is broken in the worst way: it answers grey to everything."""
    return tiny_model.write(tmp_path_factory.mktemp("models") / "grey", grey=True)


@pytest.fixture(scope="session")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 photographs of the split `train` from two sources and 6 of `val`; read only."""
    return training_files.write_shards(tmp_path_factory.mktemp("photos"), training_files.pictures())


@pytest.fixture(autouse=True)
def _denormals() -> Iterator[None]:
    """Training flushes denormal numbers, for the whole process; property tests of other rooms want them back."""
    yield
    if "torch" in sys.modules:
        sys.modules["torch"].set_flush_denormal(False)
