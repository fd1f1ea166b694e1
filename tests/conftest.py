"""Fixtures shared by all tests."""

import os
from pathlib import Path

import jax
import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of real recordings, or skip: they are not part of the repository."""
    path = Path(os.environ.get("MTLOC_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"real recordings are not at {path}; set MTLOC_DATA to run this test")
    return path


@pytest.fixture(scope="session", autouse=True)
def compile_each_program_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Share compiled programs between the tests of a session: compiling is most of their time."""
    jax.config.update("jax_compilation_cache_dir", str(tmp_path_factory.mktemp("compiled")))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)
