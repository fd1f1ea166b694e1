"""How far each variant of a swept study is from the reference, paired by walk: what is drawn."""

from collections.abc import Mapping, Sequence

import numpy as np

from mtloc_jax.report.bands import Curve
from mtloc_jax.report.comparison import Line
from mtloc_jax.report.headline import ArmAtRate


def paired_by_walk(shown: Sequence[Line]) -> list[Line]:
    """Return the lines whose difference to the reference is paired by walk."""
    return [line for line in shown if line.to_reference and line.to_reference.by_walk]


def differences(
    shown: Sequence[Line], chosen: Sequence[ArmAtRate], places: Mapping[str, float]
) -> dict[ArmAtRate, Curve]:
    """Return each arm's differences to the reference, metres, with their 95 % intervals.

    shown: lines that are paired by walk; places: label of a contender -> where it stands
    """
    found = {}
    for arm in chosen:
        of_arm = [
            (places[line.contender.label], line.to_reference) for line in shown if line.arm == arm
        ]
        held = sorted((at, c.difference.mean_m, *c.difference.interval_m) for at, c in of_arm if c)
        found[arm] = Curve(*np.array(held).reshape(-1, 4).T)
    return found


def limits(curves: Mapping[ArmAtRate, Curve]) -> tuple[float, float]:
    """Return the ends of an axis, metres, that holds 0 and all intervals."""
    ends = [end for curve in curves.values() for end in (*curve.low_m, *curve.high_m)]
    least_m, most_m = min(0.0, *ends), max(0.0, *ends)
    margin_m = 0.06 * max(most_m - least_m, 0.1)
    return least_m - margin_m, most_m + margin_m
