"""Fixtures shared by all tests."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of real recordings, or skip: they are not part of the repository."""
    path = Path(os.environ.get("MTLOC_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"real recordings are not at {path}; set MTLOC_DATA to run this test")
    return path
