"""What is written of a located log: a table, a line on the map, a row of the summary."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from mtloc_jax.prediction.located import Located
from mtloc_jax.sites.geo_map import GeoMap

COLUMNS = ("t_s", "x_m", "y_m", "radius_m", "spoke", "scan_age_s")
TRUTH_COLUMNS = ("true_x_m", "true_y_m", "error_m")
SUMMARY_COLUMNS = (
    *("log", "rows", "seconds", "scans"),
    *("mean_error_m", "median_error_m", "mean_after_scan_m", "within"),
)


def header(*, truth: bool) -> str:
    """Return the first line of a track's table."""
    return ",".join(COLUMNS + (TRUTH_COLUMNS if truth else ())) + "\n"


def lines(located: Located, *, truth: bool) -> str:
    """Return rows as lines of CSV: seconds since the log began, metres; empty where not known."""
    said = located.said
    columns = [
        _numbers(located.t_s, 3),
        *(_numbers(said.xy_m[:, axis], 3) for axis in (0, 1)),
        _numbers(said.radius_m, 2),
        said.spoke.tolist(),
        _numbers(said.scan_age_s, 2),
    ]
    if truth:
        columns += [_numbers(located.true_m[:, axis], 3) for axis in (0, 1)]
        columns.append(_numbers(located.error_m, 3))
    return "".join(f"{','.join(row)}\n" for row in zip(*columns, strict=True))


def table(located: Located) -> str:
    """Return a track's whole table, with errors where the log has ground truth."""
    truth = located.has_truth
    return header(truth=truth) + lines(located, truth=truth)


def geojson(located: Located, geo: GeoMap) -> str:
    """Return a track as GeoJSON (RFC 7946): its line, and that of the waypoints where there are."""
    drawn = [_feature("located", geo.degrees(located.xy_m), located)]
    if located.has_truth:
        drawn.append(_feature("waypoints", geo.degrees(located.log.waypoint_xy_m), located))
    return json.dumps({"type": "FeatureCollection", "features": drawn}) + "\n"


def summary_row(located: Located) -> dict[str, Any]:
    """Return what is said of a log in one row, by SUMMARY_COLUMNS; errors are None without truth.

    within: the share of rows whose truth lies in their radius
    """
    known = ~np.isnan(located.error_m)
    off_m, radius_m = located.error_m[known], located.radius_m[known]
    after_m = located.mean_after_scan_m
    stated = len(off_m) and not np.isnan(radius_m).any()
    return {
        "log": located.name,
        "rows": len(located.t_s),
        "seconds": round(float(np.ptp(located.t_s)), 1),
        "scans": len(located.log.wifi.t_ms),
        "mean_error_m": round(float(off_m.mean()), 3) if len(off_m) else None,
        "median_error_m": round(float(np.median(off_m)), 3) if len(off_m) else None,
        "mean_after_scan_m": None if np.isnan(after_m) else round(after_m, 3),
        "within": round(float((off_m <= radius_m).mean()), 3) if stated else None,
    }


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """Return the rows of all logs as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, SUMMARY_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _numbers(values: np.ndarray, digits: int) -> list[str]:
    return ["" if np.isnan(x) else f"{x:.{digits}f}" for x in values.tolist()]


def _feature(kind: str, degrees: np.ndarray, located: Located) -> dict[str, Any]:
    places = [[round(value, 8) for value in place] for place in degrees.tolist()]
    return {
        "type": "Feature",
        "properties": {"kind": kind, "log": located.name},
        "geometry": {"type": "LineString", "coordinates": places},
    }
