"""Walks as TFDS examples and back, exactly; sets by name; shared by all builders."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow_datasets as tfds

from mtloc_jax.errors import InputError
from mtloc_jax.logs.round import SENSORS, Round
from mtloc_jax.sites.splits import Split
from mtloc_jax.sites.walk_arrays import from_arrays, to_arrays

BUILDERS = ("location20", "mmloc", "simulated")
SPLITS = Split._fields
_TEXT = ("name", "source", "phone")
_TEXTS = ("wifi_bssids", "extra_names")
_COUNTS = ("number",)
_INTEGERS = ("started_unix_ms", "session", "frozen_sensor", "frozen_start_ms", "frozen_end_ms")
_WIFI = {
    "wifi_t_ms": np.int64,
    "wifi_scan": np.int32,
    "wifi_bssid": np.int32,
    "wifi_rss_dbm": np.float32,
    "wifi_age_ms": np.int64,
    "wifi_mhz": np.int32,
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
        arrays: dict[str, Any] = to_arrays(walk) | {"wifi_mhz": walk.wifi.mhz}
        arrays |= {name: str(arrays[name]) for name in _TEXT}
        yield key, arrays | {name: arrays[name].tolist() for name in _TEXTS}


def from_file(walk: Round, path: Path | str) -> Round:
    """Name the published file as a walk's source, not the cache it was downloaded to."""
    return replace(walk, source=Path(Path(path).name))


def read_walks(builder: tfds.core.DatasetBuilder) -> tuple[list[Round], Split]:
    """Return all walks of a prepared builder, and the split they were stored in."""
    walks = {name: [_walk(e) for e in builder.as_data_source(name)] for name in SPLITS}
    split = Split(*(tuple(sorted({w.number for w in walks[name]})) for name in SPLITS))
    return [walk for name in SPLITS for walk in walks[name]], split


def prepare(name: str, data_dir: str = "", manual_dir: str = "") -> None:
    """Prepare the set called `name` ("mmloc/edinburgh") below `data_dir`, or TFDS's own folder.

    Files are downloaded, but for those that lie in `manual_dir`.
    Raises InputError where there is no such set, or a file is damaged.
    """
    settings = tfds.download.DownloadConfig(manual_dir=manual_dir or None)
    builder_of(name, data_dir).download_and_prepare(download_config=settings)


def open_prepared(name: str, data_dir: str = "") -> tuple[list[Round], Split, Path]:
    """Return the walks of the set called `name`, its split and the folder that holds it.

    Looks below `data_dir`, then in TFDS's own folder.
    Raises InputError where there is no such set, or it is in neither.
    """
    for folder in dict.fromkeys([data_dir, ""]):
        builder = builder_of(name, folder)
        if builder.is_prepared():
            return *read_walks(builder), Path(builder.data_path)
    call = ", ".join(map(repr, filter(None, (name, data_dir))))
    raise InputError(
        f"the set {name} is not prepared",
        remedy=f'run python -c "from mtloc_jax.datasets import walks; walks.prepare({call})"',
        path=builder_of(name, data_dir).data_path,
    )


def builder_of(name: str, data_dir: str = "") -> tfds.core.DatasetBuilder:
    """Return the builder of the set called `name`; raises InputError where there is none."""
    builders = {
        f"{module}/{config}": builder
        for module in BUILDERS
        for builder in [import_module(f"{__package__}.{module}.{module}_dataset_builder").Builder]
        for config in builder.builder_configs
    }
    if name not in builders:
        raise InputError(f"there is no set {name!r}", remedy=f"choose one of {', '.join(builders)}")
    config = name.partition("/")[2]
    return builders[name](config=config, data_dir=data_dir or None, file_format="array_record")


def _walk(example: Mapping[str, Any]) -> Round:
    arrays = {name: np.asarray(value) for name, value in example.items()}
    arrays |= {name: np.array([t.decode() for t in example[name]], np.str_) for name in _TEXTS}
    return from_arrays(arrays | {name: np.array(example[name].decode()) for name in _TEXT})


def _features() -> dict[str, Any]:
    line = {
        **dict.fromkeys(_INTEGERS, np.int64),
        **_WIFI,
        "waypoint_t_ms": np.int64,
        "extra_t_ms": np.int64,
        **{f"{sensor}_t_ms": np.int64 for sensor in SENSORS},
    }
    axes = {f"{sensor}_values": (None, 3) for sensor in SENSORS}
    measured = {"waypoint_xy_m": (None, 2), "extra_values": (None,), **axes}
    return {
        **{name: tfds.features.Text() for name in _TEXT},
        **{name: tfds.features.Scalar(dtype=np.int64) for name in _COUNTS},
        "normalised": tfds.features.Scalar(dtype=np.bool_),
        **{name: tfds.features.Sequence(tfds.features.Text()) for name in _TEXTS},
        "extra_shape": tfds.features.Tensor(shape=(None, 2), dtype=np.int64),
        **{n: tfds.features.Tensor(shape=(None,), dtype=kind) for n, kind in line.items()},
        **{
            n: tfds.features.Tensor(
                shape=shape,
                dtype=np.float64,
                encoding=tfds.features.Encoding.BYTES,  # else stored as float32
            )
            for n, shape in measured.items()
        },
    }
