"""A workdir with rows of known figures, as launch.study would leave it."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from mtloc_jax import rows

PAIR, STUDY = "office -> hall", "table5"
RATES = (1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125)
ARMS = (("scratch", 1.0), ("transferred", 0.0), *(("finetuned", rate) for rate in RATES))


def row(arm: str, finetune_rate: float, seed: int, mean_m: float, **other: object) -> dict:
    """Return a row whose metrics are mean_m plus 0, 1, .. 5 metres."""
    metrics = {name: mean_m + at for at, name in enumerate(rows.METRICS)}
    keys = {"arm": arm, "finetune_rate": finetune_rate, "seed": seed, "split": "test"}
    clean = {"modality": "none", "drop_rate": 0.0, "wipe_seed": 0, "n_windows": 844}
    return {"study": STUDY, "site_pair": PAIR, **keys, **clean, **metrics, **other}


def as_table(measured: Iterable[Mapping[str, object]], file: str = rows.ROWS) -> rows.Table:
    """Return rows as the columns that rows.read would give of a file."""
    lines = list(measured)
    return {name: np.array([line[name] for line in lines]) for name in rows.COLUMNS[file]}


def whole_grid(seeds: Iterable[int] = (0, 1)) -> list[dict]:
    """Return rows of every arm, clean on both splits and with each modality wiped."""
    found = []
    for arm, rate in ARMS:
        for seed in seeds:
            mean_m = 4.0 - 2.0 * rate + 0.5 * seed
            found += [row(arm, rate, seed, mean_m, split=split) for split in ("validation", "test")]
            found += [
                row(arm, rate, seed, mean_m + 5 * drop, modality=name, drop_rate=drop, wipe_seed=w)
                for name in ("imu", "mag", "wifi")
                for drop in (0.0, 0.4, 1.0)
                for w in (0, 1)
            ]
    return found


def cdf_rows(measured: Iterable[Mapping[str, object]]) -> list[dict]:
    """Return CDF rows (clean and 40 % wiped) whose quantiles rise linearly to twice the mean."""
    shown = [line for line in measured if line["modality"] == "none" or line["drop_rate"] == 0.4]
    names = rows.COLUMNS[rows.CDF][len(rows.KEYS) + 1 :]
    return [
        {**line, **{name: 2 * line["mean_m"] * at / 50 for at, name in enumerate(names)}}  # type: ignore[operator]
        for line in shown
    ]


def track_rows() -> list[dict]:
    """Return two traces of 20 windows for three arms, 1 m off in x, one walked after the other."""
    keys = {"study": STUDY, "site_pair": PAIR, "seed": 0, "split": "test"}
    return [
        {**keys, "arm": arm, "finetune_rate": rate, "trace": trace, "t_s": 0.1 * at}
        | {"x_m": x_m, "y_m": 0.5 * at, "predicted_x_m": x_m + 1, "predicted_y_m": 0.5 * at}
        for arm, rate in (("scratch", 1.0), ("transferred", 0.0), ("finetuned", 0.625))
        for trace, x_m in (("first", 0.0), ("second", 30.0))
        for at in range(20)
    ]


def write_workdir(path: Path, measured: list[dict] | None = None, simulated: bool = True) -> Path:
    """Write config.json and the three CSV files into `path`."""
    _write_config(path, STUDY, {}, simulated)
    measured = whole_grid() if measured is None else measured
    rows.append(path / rows.ROWS, measured)
    rows.append(path / rows.CDF, cdf_rows(measured))
    rows.append(path / rows.TRACKS, track_rows())
    return path


def write_predictors(path: Path, networks: str = "") -> Path:
    """Write a study of predictors into `path`: rows, and the numbers of neighbours they chose."""
    path.mkdir(exist_ok=True)
    config = {"networks": networks, "window": {"steps": 10}, "subset": "drawn"}
    _write_config(path, STUDY, config)
    keys = [
        (arm, rate, s) for arm in ("constant", "wifi-knn") for rate in (1.0, 0.5) for s in (0, 1)
    ]
    splits = ("validation", "test")
    rows.append(
        path / rows.ROWS, [row(*key, 4.0 + key[2], split=s) for key in keys for s in splits]
    )
    chosen = {"study": STUDY, "site_pair": PAIR, "setting": "neighbours", "value": 5}
    names = ("arm", "finetune_rate", "seed")
    found = [dict(zip(names, key, strict=True)) | chosen for key in keys if key[0] != "constant"]
    rows.append(path / rows.CHOSEN, found)
    return path


def write_networks(path: Path, **config: object) -> Path:
    """Write a study of networks into `path`, a metre better than the predictors' constant."""
    path.mkdir()
    _write_config(path, "nets", {"window": {"steps": 10}, "subset": "drawn", **config})
    found = [
        row(arm, rate, seed, 3.0 + seed, study="nets")
        for arm, rates in (
            ("scratch", (1.0, 0.5)),
            ("finetuned", (1.0, 0.5)),
            ("transferred", (0.0,)),
        )
        for rate in rates
        for seed in (0, 1)
    ]
    rows.append(path / rows.ROWS, found)
    return path


def _write_config(
    path: Path, study: str, config: Mapping[str, object], simulated: bool = True
) -> None:
    record = {"study": study, "site_pair": PAIR, "simulated": simulated, "config": config}
    record |= {"git_revision": "0123abc", "device": "cpu", "versions": {}}
    (path / "config.json").write_text(json.dumps(record))
