"""What is written of a located log: a table, a line on the map, a row of the summary."""

import csv
import io
import json
from typing import Any, NamedTuple

import numpy as np

from mtloc_jax.logs.round import Round
from mtloc_jax.predict.said import Said, begun_ms, truth_m
from mtloc_jax.sites.geo_map import GeoMap

COLUMNS = ("t_s", "x_m", "y_m", "radius_m", "spoke", "scan_age_s")
TRUTH_COLUMNS = ("true_x_m", "true_y_m", "error_m")
SUMMARY_COLUMNS = ("log", "rows", "seconds", "scans", "mean_error_m", "median_error_m", "within")


class Errors(NamedTuple):
    """Hold how far off rows are where the truth is known, NaN elsewhere: f64[N, 2], f64[N]."""

    true_m: np.ndarray
    error_m: np.ndarray


def errors(said: Said, log: Round) -> Errors | None:
    """Return how far off a log's rows are; None where it has no two waypoints."""
    if len(log.waypoint_t_ms) < 2:
        return None
    true_m = truth_m(log, said.t_ms)
    return Errors(true_m, np.linalg.norm(said.xy_m - true_m, axis=1))


def header(off: Errors | None = None) -> str:
    """Return the first line of a track's table."""
    return ",".join(COLUMNS + (TRUTH_COLUMNS if off else ())) + "\n"


def lines(said: Said, first_ms: int, off: Errors | None = None) -> str:
    """Return rows as lines of CSV: seconds since `first_ms`, metres; empty where not known."""
    columns = [
        _numbers((said.t_ms - first_ms) / 1000, 3),
        *(_numbers(said.xy_m[:, axis], 3) for axis in (0, 1)),
        _numbers(said.radius_m, 2),
        said.spoke.tolist(),
        _numbers(said.scan_age_s, 2),
    ]
    if off:
        columns += [_numbers(off.true_m[:, axis], 3) for axis in (0, 1)]
        columns.append(_numbers(off.error_m, 3))
    return "".join(f"{','.join(row)}\n" for row in zip(*columns, strict=True))


def table(said: Said, log: Round) -> str:
    """Return a track's whole table."""
    off = errors(said, log)
    return header(off) + lines(said, begun_ms(log), off)


def geojson(said: Said, log: Round, geo: GeoMap) -> str:
    """Return a track as GeoJSON (RFC 7946): its line, and that of the waypoints where there are."""
    drawn = [_feature("located", geo.degrees(said.xy_m), log)]
    if len(log.waypoint_t_ms) > 1:
        drawn.append(_feature("waypoints", geo.degrees(log.waypoint_xy_m), log))
    return json.dumps({"type": "FeatureCollection", "features": drawn}) + "\n"


def summary_row(said: Said, log: Round) -> dict[str, Any]:
    """Return what is said of a log in one row, by SUMMARY_COLUMNS; errors are None without truth.

    within: the share of rows whose truth lies in their radius
    """
    off = errors(said, log)
    off_m = off.error_m if off else np.zeros(0)
    known = ~np.isnan(off_m)
    judged = bool(known.any())
    stated = judged and not np.isnan(said.radius_m).any()
    return {
        "log": log.name,
        "rows": len(said.t_ms),
        "seconds": round(float(np.ptp(said.t_ms)) / 1000, 1) if len(said.t_ms) else 0.0,
        "scans": len(log.wifi.t_ms),
        "mean_error_m": round(float(off_m[known].mean()), 3) if judged else None,
        "median_error_m": round(float(np.median(off_m[known])), 3) if judged else None,
        "within": round(float((off_m <= said.radius_m)[known].mean()), 3) if stated else None,
    }


def summary(rows: list[dict[str, Any]]) -> str:
    """Return the rows of all logs as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, SUMMARY_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _numbers(values: np.ndarray, digits: int) -> list[str]:
    return ["" if np.isnan(x) else f"{x:.{digits}f}" for x in values.tolist()]


def _feature(kind: str, degrees: np.ndarray, log: Round) -> dict[str, Any]:
    places = [[round(value, 8) for value in place] for place in degrees.tolist()]
    return {
        "type": "Feature",
        "properties": {"kind": kind, "log": log.name},
        "geometry": {"type": "LineString", "coordinates": places},
    }
