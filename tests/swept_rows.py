"""The workdir of a swept study with rows of known figures, as launch.study would leave it."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from mtloc_jax import rows
from tests.synthetic_rows import PAIR, STUDY

Axis = Mapping[str, Sequence[Any]]
CONFIG = {
    "hidden": 128,
    "start": "from_pretrained",
    "subset": "drawn",
    "learning_rate": 0.005,
    "test_round": 0,
    "walks": 0,
    "wipe": {"mode": "windows", "fill": "zero"},
}


def write_swept(
    path: Path, sweep: Sequence[Axis], measured: Callable[[dict], Iterable[dict]]
) -> list[Path]:
    """Write config.json into `path`, and config.json and rows.csv alone into each variant's folder.

    measured: settings of a variant -> its rows
    """
    _write_config(path, STUDY, {**CONFIG, "sweep": sweep})
    axes = [
        [dict(zip(a, point, strict=True)) for point in zip(*a.values(), strict=True)] for a in sweep
    ]
    folders = []
    for points in product(*axes):
        settings = {name: value for point in points for name, value in point.items()}
        name = "+".join(f"{setting}={value}" for setting, value in settings.items())
        folders.append(path / "variants" / re.sub(r"[^\w.=+-]+", "-", name))
        _write_config(folders[-1], f"{STUDY}/{name}", _applied(settings))
        lines = [{**line, "study": f"{STUDY}/{name}"} for line in measured(settings)]
        rows.append(folders[-1] / rows.ROWS, lines)
    return sorted(folders)


def _applied(settings: Mapping[str, Any]) -> dict:
    config = json.loads(json.dumps(CONFIG))
    for setting, value in settings.items():
        *outer, name = setting.split(".")
        held = config[outer[0]] if outer else config
        held[name] = value
    return config


def _write_config(path: Path, study: str, config: Mapping[str, Any]) -> None:
    path.mkdir(parents=True, exist_ok=True)
    record = {"study": study, "site_pair": PAIR, "simulated": True, "config": config}
    record |= {"git_revision": "0123abc", "device": "cpu", "versions": {}}
    (path / "config.json").write_text(json.dumps(record))
