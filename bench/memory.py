"""The most memory a worker ever held."""

import resource
import sys


def peak_mb() -> dict[str, float | None]:
    """Return the peak on the host, and on the accelerator where there is one (else None), MB."""
    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, bytes
    host_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6
    return {"host_mb": host_mb, "device_mb": _device_mb()}


def _device_mb() -> float | None:
    """Ask whichever library this worker has loaded."""
    if "jax" in sys.modules:
        held = sys.modules["jax"].devices()[0].memory_stats()
        return held["peak_bytes_in_use"] / 1e6 if held else None
    if "torch" in sys.modules and sys.modules["torch"].cuda.is_available():
        return sys.modules["torch"].cuda.max_memory_allocated() / 1e6
    return None
