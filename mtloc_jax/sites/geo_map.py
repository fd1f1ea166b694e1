"""Where on the earth a floor lies: metres of its plan as longitude and latitude, and back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.sites.floor_plan import published_plan
from mtloc_jax.sites.site_folder import PLAN_MAP


class GeoMap(NamedTuple):
    """Hold the corners of a floor plan on the earth, and the metres between them.

    west_south, east_north: f64[2], longitude and latitude in degrees of WGS-84
    size_m: f64[2], width and height
    """

    west_south: np.ndarray
    east_north: np.ndarray
    size_m: np.ndarray

    def degrees(self, xy_m: np.ndarray) -> np.ndarray:
        """Return positions f64[N, 2] in metres as longitude and latitude f64[N, 2]."""
        return self.west_south + xy_m / self.size_m * (self.east_north - self.west_south)


def published_map(folder: Path) -> GeoMap | None:
    """Return where the floor of Indoor Location 2.0 in a folder lies; None without map or plan.

    Its plan covers just what its map does: their sizes agree to a decimetre.
    Raises InputError where `geojson_map.json` holds no position, or as `published_plan`.
    """
    path, plan = folder / PLAN_MAP, published_plan(folder)
    if plan is None or not path.is_file():
        return None
    try:
        features = json.loads(path.read_text(encoding="utf-8"))["features"]
        places = np.array([p for f in features for p in _pairs(f["geometry"]["coordinates"])])
        west_south, east_north = places.min(axis=0), places.max(axis=0)
    except (ValueError, KeyError, TypeError):
        raise InputError(
            "is no GeoJSON map of a floor",
            remedy="copy it again, or move it away to write no GeoJSON",
            path=path,
        ) from None
    return GeoMap(west_south, east_north, np.array([plan.width_m, plan.height_m]))


def _pairs(coordinates: Any) -> Iterator[tuple[float, float]]:
    """Yield the positions of a geometry, however deep they lie: none of an empty one.

    Raises TypeError where it holds anything else.
    """
    match coordinates:
        case [int() | float() as x, int() | float() as y, *_]:
            yield float(x), float(y)
        case list():
            for inner in coordinates:
                yield from _pairs(inner)
        case _:
            raise TypeError(f"{coordinates!r} is no position")
