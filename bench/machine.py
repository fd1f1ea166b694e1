"""Which machine measured, and with which versions."""

import importlib.metadata
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from mtloc_jax.cores import usable_cores

LIBRARIES = ("jax", "jaxlib", "flax", "optax", "numpy", "torch", "keras")
_PROBE = (
    "import jax, json; print(json.dumps([jax.default_backend(), jax.devices()[0].device_kind]))"
)
_CARD = "name,driver_version,clocks.sm,clocks.max.sm,memory.used,utilization.gpu,power.limit"


def about() -> dict[str, Any]:
    """Return the hardware as plain data.

    load: processes that wanted a core over the last minute, before anything was started here;
    accelerator: JAX's name of it, None where JAX computes on the CPU
    card: what an NVIDIA card's driver says of it and of how busy it is, None without one
    """
    backend, kind = _devices()
    return {
        "cpu": _cpu(),
        "cores": usable_cores(),
        "memory_gb": round(_memory_gb(), 1),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 2),
        "accelerator": None if backend == "cpu" else kind,
        "card": _card(),
    }


def versions(libraries: tuple[str, ...] = LIBRARIES) -> dict[str, str | None]:
    """Return the versions of Python and of some libraries, None where not installed."""
    return {"python": platform.python_version()} | {name: _version(name) for name in libraries}


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _devices() -> tuple[str, str]:
    # Asked elsewhere: a process that opens an accelerator keeps part of its memory.
    # Why JAX finds none, where a card is there, it says on stderr.
    answer = subprocess.run(
        [sys.executable, "-c", _PROBE], stdout=subprocess.PIPE, text=True, check=True
    )
    backend, kind = json.loads(answer.stdout.splitlines()[-1])
    return backend, kind


def _card() -> str | None:
    try:
        answer = subprocess.run(
            ["nvidia-smi", f"--query-gpu={_CARD}", "--format=csv,noheader"],
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        return None
    return answer.stdout.strip() or None


def _cpu() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
