"""Fixtures shared by all tests."""

import gc
import os
import signal
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path

# Small networks compile longer than they train: before JAX wakes up, ask for less of it.
# Later releases than 0.10 end the process at the last flag, which they do not know.
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
    + (" --xla_cpu_use_fusion_emitters=false" if version("jaxlib").startswith("0.10.") else ""),
)

import jax
import pytest
from matplotlib.figure import Figure

from mtloc_jax import files
from tests.undrawn import undrawn

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of every collection of garbage to come."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of real recordings, or skip: they are not part of the repository."""
    path = Path(os.environ.get("MTLOC_DATA", ROOT.parent / "shared" / "data"))
    if not path.is_dir():
        pytest.skip(f"real recordings are not at {path}; set MTLOC_DATA to run this test")
    return path


@pytest.fixture(scope="session", autouse=True)
def compile_each_program_once(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Share compiled programs between the tests of a session, its parallel workers included."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    jax.config.update("jax_compilation_cache_dir", str(folder / "compiled"))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0)


@pytest.fixture(scope="session", autouse=True)
def ask_git_once() -> Iterator[None]:
    """Let the code be the same all session: an edit while tests run is none of what they test."""
    asked = cache(files.revision)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "revision", lambda apart_from=None: asked())
        yield


@pytest.fixture(scope="module")
def signals_heard() -> Iterator[None]:
    """Let programs hear what signals tests send, though a shell's "&" or nohup ignores them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    ignored = [number for number, handler in before.items() if handler is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture
def without_drawing() -> Iterator[dict[str, Figure]]:
    """Render no figure; return those that reports make, by name."""
    with undrawn() as figures:
        yield figures


@pytest.fixture(scope="module")
def double_precision() -> Iterator[None]:
    """Compute in float64 throughout a file; what was traced so serves in float64 alone."""
    jax.clear_caches()
    with jax.enable_x64(True):
        yield
    jax.clear_caches()
