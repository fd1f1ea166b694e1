"""Two simulated buildings surveyed on foot: the embedded default, and named as simulated."""

import zlib
from pathlib import Path

import numpy as np

from mtloc_jax.errors import InputError
from mtloc_jax.logs.orientation import ORIENTATION
from mtloc_jax.logs.round import Round
from mtloc_jax.simulate.attitude import record_orientation
from mtloc_jax.simulate.building import SimulatedBuilding, building_a, building_b
from mtloc_jax.simulate.phone import milliseconds, record_imu, scan_wifi
from mtloc_jax.simulate.walk import POSTURES, Walk, draw_routes, walk

# What was simulated later is drawn apart, so that what was there before stays as it was.
_ATTITUDE, _SWEEP = 7, 8

__all__ = ["SimulatedBuilding", "building_a", "building_b", "simulate", "simulate_walks"]


def simulate(
    building: SimulatedBuilding, seed: int, n_rounds: int = 14, round_s: float = 60.0
) -> list[Round]:
    """Survey `building` and return what the phone recorded, rounds 1..n_rounds.

    Start, direction, route, person and posture differ between rounds. Equal seeds give equal
    bytes. Raises InputError where there would be nothing to learn from.
    """
    return [walked for walked, _ in simulate_walks(building, seed, n_rounds, round_s)]


def simulate_walks(
    building: SimulatedBuilding, seed: int, n_rounds: int = 14, round_s: float = 60.0
) -> list[tuple[Round, Walk]]:
    """Return the rounds of `simulate`, each with the true walk behind it, which no log tells."""
    if n_rounds < 1 or not 5 <= round_s < np.inf:
        raise InputError(
            f"cannot simulate {n_rounds} round(s) of {round_s} s",
            remedy="set at least 1 round of at least 5 s",
        )
    place = zlib.crc32(building.name.encode())
    fastest_m_s = max(walker.speed_m_s for walker in building.walkers)
    routes = draw_routes(
        np.random.default_rng([seed, place]),
        building.nodes_m,
        building.edges,
        n_rounds,
        reach_m=1.3 * round_s * fastest_m_s,
    )
    return [
        _survey(
            building,
            [seed, place, number],
            nodes_m,
            round_s,
            survey_share=(number - 0.5) / n_rounds,
        )
        for number, nodes_m in enumerate(routes, start=1)
    ]


def _survey(
    building: SimulatedBuilding,
    drawn_by: list[int],
    nodes_m: np.ndarray,
    round_s: float,
    survey_share: float,
) -> tuple[Round, Walk]:
    number = drawn_by[-1]
    rng = np.random.default_rng(drawn_by)
    attitude_rng, sweep_rng = (np.random.default_rng([*drawn_by, k]) for k in (_ATTITUDE, _SWEEP))
    walker = building.walkers[rng.integers(len(building.walkers))]
    posture = POSTURES[rng.integers(len(POSTURES))]
    truth = walk(rng, nodes_m, walker, posture, round_s)
    accel, gyro, mag = record_imu(rng, building, truth.motion)
    recorded = Round(
        name=f"{building.name}-{number:02d}",
        number=number,
        accel=accel,
        gyro=gyro,
        mag=mag,
        wifi=scan_wifi(
            rng, sweep_rng, building.on_the_day(rng), truth.motion, round_s, survey_share
        ),
        waypoint_t_ms=milliseconds(truth.waypoint_s),
        waypoint_xy_m=truth.waypoint_xy_m,
        source=Path(building.name),
        extra={ORIENTATION: record_orientation(attitude_rng, truth.motion)},
    )
    return recorded, truth
