"""Walks as TFDS examples and back, exactly; shared by all builders."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from mtloc_jax.logs.round import SENSORS, Round
from mtloc_jax.sites import site
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.walk_arrays import from_arrays, to_arrays
from mtloc_jax.sites.windows import WindowSpec

SPLITS = Split._fields
_TEXT = ("name", "source")
_COUNTS = ("number",)
_INTEGERS = ("started_unix_ms", "frozen_sensor", "frozen_start_ms", "frozen_end_ms")
_WIFI = {
    "wifi_t_ms": np.int64,
    "wifi_scan": np.int32,
    "wifi_bssid": np.int32,
    "wifi_rss_dbm": np.float32,
    "wifi_age_ms": np.int64,
}


def info(builder: tfds.core.DatasetBuilder) -> tfds.core.DatasetInfo:
    """Return a builder's description; the arrays are those of `walk_arrays.to_arrays`."""
    return builder.dataset_info_from_configs(
        features=tfds.features.FeaturesDict(_features()),
        disable_shuffling=True,  # else walks come in the order of hashes
    )


def examples(walks: Iterable[Round]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield key and example of each walk."""
    for key, walk in enumerate(walks):
        arrays: dict[str, Any] = to_arrays(walk)
        arrays |= {name: str(arrays[name]) for name in _TEXT}
        yield key, arrays | {"wifi_bssids": arrays["wifi_bssids"].tolist()}


def from_file(walk: Round, path: Path | str) -> Round:
    """Name the published file as a walk's source, not the cache it was downloaded to."""
    return replace(walk, source=Path(Path(path).name))


def read_walks(builder: tfds.core.DatasetBuilder) -> tuple[list[Round], Split]:
    """Return all walks of a prepared builder, and the split they were stored in."""
    walks = {name: [_walk(e) for e in builder.as_data_source(name)] for name in SPLITS}
    split = Split(*(tuple(sorted({w.number for w in walks[name]})) for name in SPLITS))
    return [walk for name in SPLITS for walk in walks[name]], split


def open_site(builder: tfds.core.DatasetBuilder, spec: WindowSpec) -> Site:
    """Cut a prepared builder's walks into windows; raises InputError as `site.build`."""
    walks, split = read_walks(builder)
    name = f"{builder.name}/{builder.builder_config.name}"
    return site.build(name, walks, split, spec, simulated=builder.name == "simulated")


def _walk(example: Mapping[str, Any]) -> Round:
    arrays = {name: np.asarray(value) for name, value in example.items()}
    bssids = [bssid.decode() for bssid in example["wifi_bssids"]]
    arrays["wifi_bssids"] = np.array(bssids, np.str_)
    return from_arrays(arrays | {name: np.array(example[name].decode()) for name in _TEXT})


def _features() -> dict[str, Any]:
    line = {
        **dict.fromkeys(_INTEGERS, np.int64),
        **_WIFI,
        "waypoint_t_ms": np.int64,
        **{f"{sensor}_t_ms": np.int64 for sensor in SENSORS},
    }
    table = {"waypoint_xy_m": 2, **{f"{sensor}_values": 3 for sensor in SENSORS}}
    return {
        **{name: tfds.features.Text() for name in _TEXT},
        **{name: tfds.features.Scalar(dtype=np.int64) for name in _COUNTS},
        "normalised": tfds.features.Scalar(dtype=np.bool_),
        "wifi_bssids": tfds.features.Sequence(tfds.features.Text()),
        **{n: tfds.features.Tensor(shape=(None,), dtype=kind) for n, kind in line.items()},
        **{
            n: tfds.features.Tensor(
                shape=(None, width),
                dtype=np.float64,
                encoding=tfds.features.Encoding.BYTES,  # else stored as float32
            )
            for n, width in table.items()
        },
    }
