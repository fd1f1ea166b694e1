"""How long it takes to import a trained network and graft it onto another building."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import save_file

from mtloc_jax.settings import Settings
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.windows import Windows
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.grafting import read_rules
from mtloc_jax.surgery.network import Network, read_network
from mtloc_jax.surgery.new_network import fresh
from mtloc_jax.surgery.tree import leaves

N_APS, HIDDEN = 750, 128  # Table I: 295,810 parameters
LIMIT_S = 2.0
STAGES = ("read", "target", "graft", "save")
_RULES = Path(__file__).parents[1] / "configs" / "graft"
# How the donor is stored, and the rules it is grafted by: without a card, no row finds its BSSID.
CASES = {
    "checkpoint": "resurvey.py",
    "donor.safetensors": "resurvey.py",
    "donor.npz": "imu.py",
}


class Timing(NamedTuple):
    """Hold one case: seconds of each stage and in all, medians over processes, and the slowest."""

    donor: str
    rules: str
    stages_s: dict[str, float]
    total_s: float
    slowest_s: float


def timings(folder: Path, repeats: int) -> list[Timing]:
    """Graft each donor `repeats` times, each time in a process of its own, and time it there."""
    write_donors(folder, trained(N_APS, HIDDEN))
    return [_timing(folder, donor, rules, repeats) for donor, rules in CASES.items()]


def trained(n_aps: int, hidden: int) -> Network:
    """Return a network with a card, as a study leaves it (its weights do not matter here)."""
    return fresh(surveyed(n_aps, 0), Settings(hidden=hidden), 0)


def write_donors(folder: Path, network: Network) -> None:
    """Write a network into `folder` in each way of CASES."""
    flat = {path: np.ascontiguousarray(leaf) for path, leaf in leaves(network.params).items()}
    checkpoint.save(folder / "checkpoint", network.params, network.card)
    metadata = {"card": json.dumps(network.card)}
    save_file(flat, folder / "donor.safetensors", metadata=metadata)
    np.savez(folder / "donor.npz", **flat)  # type: ignore[arg-type]


def staged(place: Path, rules: str, site: Site, hidden: int, output: Path) -> dict[str, float]:
    """Import, graft and save as launch.graft does; return the seconds of each of STAGES."""
    clock = [time.perf_counter()]
    donors = {"donor": read_network(str(place))}
    clock.append(time.perf_counter())
    target = fresh(site, Settings(hidden=hidden), 1)
    clock.append(time.perf_counter())
    trees = {name: donor.params for name, donor in donors.items()}
    params, report = graft(target.params, trees, read_rules(_RULES / rules)(target, donors))
    clock.append(time.perf_counter())
    lineage = {name: donor.lineage() for name, donor in donors.items()}
    checkpoint.save(output, params, {**target.card, "lineage": lineage}, report)
    clock.append(time.perf_counter())
    return dict(zip(STAGES, np.diff(clock).tolist(), strict=True))


def surveyed(n_aps: int, first_ap: int) -> Site:
    """Return an invented site of `n_aps` access points, numbered from `first_ap`, all heard."""
    rng, n = np.random.default_rng(first_ap), 60
    rounds = np.repeat(np.arange(1, 4), n // 3).astype(np.int32)
    windows = Windows(
        inputs={
            "imu": rng.normal(9, 1, (n, 10, 2)).astype(np.float32),
            "mag": rng.normal(45, 5, (n, 10, 1)).astype(np.float32),
        },
        end_ms=np.arange(n),
        xy_m=rng.uniform(0, 50, (n, 2)),
        scan=np.arange(n),
        wifi_age_ms=np.zeros(n, np.int64),
    )
    return Site(
        name=f"hall {first_ap}",
        split=Split((1,), (2,), (3,)),
        modalities=Settings.modalities,
        bssids=tuple(f"{first_ap + k:012x}" for k in range(n_aps)),
        windows=windows,
        round=rounds,
        trace=rounds - 1,
        trace_names=("walk 1", "walk 2", "walk 3"),
        wifi_dbm=rng.uniform(-90, -40, (n, n_aps)).astype(np.float32),
        scan=np.arange(n, dtype=np.int32),
        simulated=True,
    )


def report(found: list[Timing], repeats: int) -> dict[str, Any]:
    """Return timings as plain data, with the promise and whether it is kept."""
    slowest_s = max(timing.slowest_s for timing in found)
    return {
        "parameters": 295_810,
        "access_points": N_APS,
        "hidden": HIDDEN,
        "processes_a_case": repeats,
        "counted": "from after the imports to the saved checkpoint, JAX's start included",
        "cases": [timing._asdict() for timing in found],
        "promise": {"at_most_s": LIMIT_S, "slowest_s": slowest_s, "kept": slowest_s < LIMIT_S},
    }


def _timing(folder: Path, donor: str, rules: str, repeats: int) -> Timing:
    runs = list(_in_processes(folder / donor, rules, repeats))
    totals = [sum(run.values()) for run in runs]
    stages = {stage: median(run[stage] for run in runs) for stage in STAGES}
    return Timing(donor, rules, stages, median(totals), max(totals))


def _in_processes(place: Path, rules: str, repeats: int) -> Iterator[dict[str, float]]:
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as scratch:
            words = [sys.executable, "-m", "bench.surgery", str(place), rules, f"{scratch}/net"]
            told = subprocess.run(words, capture_output=True, text=True, check=True)
            yield json.loads(told.stdout)


if __name__ == "__main__":
    half_known = surveyed(N_APS, N_APS // 2)
    place, rules, output = sys.argv[1:]
    print(json.dumps(staged(Path(place), rules, half_known, HIDDEN, Path(output))))
