"""A survey to locate by: its walks, their scans, its floor plan, and where on the earth it lies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.experts.scan_table import ScanTable, scan_table
from mtloc_jax.logs.jobs import read_all
from mtloc_jax.logs.round import Round
from mtloc_jax.sites import formats
from mtloc_jax.sites.floor_plan import FloorPlan, published_plan
from mtloc_jax.sites.geo_map import GeoMap, published_map
from mtloc_jax.sites.plans import plan_of
from mtloc_jax.sites.recordings import open_recordings
from mtloc_jax.sites.windows import interpolate
from mtloc_jax.tracking.ticks import TICK_MS, Prior, survey_prior

_SAME_READINGS = 50


@dataclass(frozen=True)
class Survey:
    """Hold the walks of a building, and what belongs to its floor.

    plan, geo: None where nobody published them
    origin_deg: latitude and longitude of (0, 0), where the survey was recorded in degrees
    """

    name: str
    walks: tuple[Round, ...]
    plan: FloorPlan | None = None
    geo: GeoMap | None = None
    origin_deg: tuple[float, float] | None = None

    @cached_property
    def table(self) -> ScanTable:
        """Return the scans that were heard between their walks' waypoints."""
        table = scan_table(self.walks)
        first_ms, last_ms = np.array([walk.used_ms for walk in self.walks]).T[:, table.walk]
        return table.at(np.flatnonzero((table.heard_ms >= first_ms) & (table.heard_ms <= last_ms)))

    @cached_property
    def prior(self) -> Prior:
        """Return where a phone may be before it heard anything: where the scans were surveyed.

        Of a survey without a scan, where its waypoints lie.
        """
        xy_m = self.table.xy_m
        marks_m = [walk.waypoint_xy_m for walk in self.walks]
        return survey_prior(xy_m if len(xy_m) else np.concatenate(marks_m))

    @cached_property
    def walked_m(self) -> np.ndarray:
        """Return where its walks were, every 100 ms between their waypoints, f64[N, 2]."""
        return np.concatenate([_walked_m(walk) for walk in self.walks])

    def without(self, log: Round) -> "Survey":
        """Return the survey but for the walk that `log` is a recording of, if it holds it.

        Raises InputError where nothing is left.
        """
        if not any(same_recording(walk, log) for walk in self.walks):
            return self
        others = tuple(walk for walk in self.walks if not same_recording(walk, log))
        if not others:
            raise InputError(
                f"the survey of {self.name} holds no walk but the one to locate",
                remedy="survey others",
                path=log.source,
            )
        return replace(self, walks=others)


def open_survey(
    name: str, data_dir: str = "", *, form: str = "", rounds: Sequence[int] = ()
) -> Survey:
    """Open a building by name, a site folder, or a folder of recordings in the format `form`.

    rounds: those to survey; all where none is named

    Raises InputError as `open_recordings` and the readers do, and on a round that is not there.
    """
    if form:
        folder = Path(name)
        walks, label = read_all(formats.jobs(form, folder)), folder.resolve().name
        plan, origin_deg = published_plan(folder), formats.origin_deg(form, folder)
    else:
        opened = open_recordings(name, data_dir)
        walks, label, folder, plan = opened.walks, opened.name, opened.plan_folder, plan_of(opened)
        origin_deg = opened.origin_deg
    absent = sorted(set(rounds) - {walk.number for walk in walks})
    if absent:
        raise InputError(
            f"{label} has no round {absent[0]}",
            remedy=f"it has {', '.join(map(str, sorted({walk.number for walk in walks})))}",
        )
    kept = tuple(walk for walk in walks if not rounds or walk.number in rounds)
    return Survey(label, kept, plan, published_map(folder), origin_deg)


def same_recording(one: Round, other: Round) -> bool:
    """Say whether two logs are of one recording, as far as the shorter goes."""
    n = min(_SAME_READINGS, len(one.accel.t_ms), len(other.accel.t_ms))
    times, values = (
        [getattr(walk.accel, part)[:n] for walk in (one, other)] for part in ("t_ms", "values")
    )
    return n > 0 and np.array_equal(*times) and np.array_equal(*values)


def _walked_m(walk: Round) -> np.ndarray:
    first_ms, last_ms = walk.used_ms
    t_ms = np.append(np.arange(first_ms, last_ms, TICK_MS), last_ms)
    return interpolate(walk.waypoint_t_ms, walk.waypoint_xy_m, t_ms)
