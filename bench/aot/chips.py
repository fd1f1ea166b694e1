"""Chips that a compiler here can compile for, and their devices, with none plugged in."""

import importlib.util
import os
from dataclasses import dataclass

import jax
from jax.experimental import topologies

# The public limits of an H100 SXM, as its driver would tell them.
_H100 = """gpu_device_info { threads_per_block_limit: 1024 threads_per_warp: 32
 shared_memory_per_block: 49152 shared_memory_per_core: 233472 threads_per_core_limit: 2048
 core_count: 132 fpus_per_core: 128 block_dim_limit_x: 2147483647 block_dim_limit_y: 65535
 block_dim_limit_z: 65535 memory_bandwidth: 3352320000000 l2_cache_size: 52428800
 clock_rate_ghz: 1.98 device_memory_size: 84942979072 shared_memory_per_block_optin: 232448
 cuda_compute_capability { major: 9 } registers_per_core_limit: 65536
 registers_per_block_limit: 65536 }
platform_name: "CUDA" dnn_version_info { major: 9 minor: 10 } device_description_str: "H100" """

# There is no TPU here, no server that knows of one, and nobody to share it with.
_NO_TPU = {
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "TPU_WORKER_ID": "0",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",
    "TPU_STDERR_LOG_LEVEL": "3",
}


class NotInstalled(Exception):
    """Say which compiler is lacking, and how to install it."""


@dataclass(frozen=True)
class Chip:
    """Hold what is public of a chip.

    topology: its name for four chips, as its compiler has it; memory_gib: of one
    gb_s, tflop_s: peak rates of memory, and of products in bfloat16
    runs: on one chip at once
    needs: modules of its compiler; extra: of this package, that installs them
    """

    topology: str
    memory_gib: int
    gb_s: float
    tflop_s: float
    runs: int
    needs: tuple[str, ...]
    extra: str

    @property
    def is_tpu(self) -> bool:
        """Say whether it is a TPU."""
        return self.extra == "aot-tpu"


_CUDA = ("jax_cuda12_plugin", "jax_plugins.xla_cuda12")
CHIPS = {
    "h100": Chip("1x1x4", 79, 3352, 989, 64, _CUDA, "aot-cuda"),
    "v5e": Chip("v5e:2x2", 16, 819, 197, 16, ("libtpu",), "aot-tpu"),
    "v5p": Chip("v5p:2x2x1", 95, 2765, 459, 16, ("libtpu",), "aot-tpu"),
    "v6e": Chip("v6e:2x2", 32, 1640, 918, 16, ("libtpu",), "aot-tpu"),
}
CHIPS_COMPILED_FOR = 4
"""More than one, or there would be nobody to exchange anything with."""


def devices(name: str) -> list[jax.Device]:
    """Return four chips of a kind that are not there, to compile for.

    Raises NotInstalled where its compiler is not installed.
    """
    chip = CHIPS[name]
    for module in chip.needs:
        if not is_there(module):
            raise NotInstalled(
                f"no compiler for {name}: {module} is not installed; "
                f"pip install -e '.[{chip.extra}]'"
            )
    if chip.is_tpu:
        os.environ.update({key: os.environ.get(key, value) for key, value in _NO_TPU.items()})
        return list(
            topologies.get_topology_desc(platform="tpu", topology_name=chip.topology).devices
        )
    found = topologies.get_topology_desc(
        platform="cuda", topology_name=name, target_config=_H100, topology=chip.topology
    )
    return list(found.devices)


def is_there(module: str) -> bool:
    """Say whether a module is installed."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False
