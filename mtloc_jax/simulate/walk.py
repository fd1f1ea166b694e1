"""A walk through a corridor graph: where the phone is, how it is held, and the steps it feels."""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np

from mtloc_jax.simulate.building import Walker

PATH_STEP_M, MOTION_STEP_S = 0.05, 0.01
MARK_SPACING_M = 14.0
OVERRUN_S = 0.5  # recordings run on a little after the last waypoint


class Posture(NamedTuple):
    """Hold how a phone is carried: lifted, turned from the walking direction, swung by strides.

    bounce is the share of the body's bounce that reaches the phone.
    """

    pitch_rad: float
    yaw_rad: float
    bounce: float
    sway_rad: float
    nod_rad: float


POSTURES = (
    Posture(pitch_rad=0.6, yaw_rad=0.0, bounce=0.8, sway_rad=0.03, nod_rad=0.02),  # in front
    Posture(pitch_rad=0.4, yaw_rad=0.3, bounce=0.9, sway_rad=0.05, nod_rad=0.03),  # to one side
    Posture(pitch_rad=1.2, yaw_rad=0.1, bounce=0.7, sway_rad=0.06, nod_rad=0.06),  # raised
)


@dataclass(frozen=True)
class Motion:
    """Hold a phone's motion, one row per t_s.

    xy_m is f64[n, 2], all else f64[n]. surge_m_s2 is the bounce's amplitude, phase_rad grows by
    2 pi a step.
    """

    t_s: np.ndarray
    xy_m: np.ndarray
    yaw_rad: np.ndarray
    pitch_rad: np.ndarray
    yaw_rate_rad_s: np.ndarray
    pitch_rate_rad_s: np.ndarray
    phase_rad: np.ndarray
    surge_m_s2: np.ndarray

    def at(self, t_s: np.ndarray) -> "Motion":
        """Interpolate every column at `t_s`."""
        columns = (getattr(self, column.name) for column in fields(self))
        return Motion(*(_interpolate(t_s, self.t_s, column) for column in columns))


class Walk(NamedTuple):
    """Hold a walk and the waypoints tapped on it: f64[W] seconds, f64[W, 2] metres."""

    motion: Motion
    waypoint_s: np.ndarray
    waypoint_xy_m: np.ndarray


class _Pace(NamedTuple):
    """Hold a line through nodes, and when (t_s) each length along it (s_m) is reached."""

    nodes_m: np.ndarray
    node_s_m: np.ndarray
    marks_s_m: np.ndarray
    s_m: np.ndarray
    heading_rad: np.ndarray
    t_s: np.ndarray

    def line_m(self, s_m: np.ndarray) -> np.ndarray:
        return _interpolate(s_m, self.node_s_m, self.nodes_m)


def draw_routes(
    rng: np.random.Generator, nodes_m: np.ndarray, edges: np.ndarray, n_rounds: int, reach_m: float
) -> list[np.ndarray]:
    """Draw walks f64[nodes, 2] that favour corridors seldom walked so far.

    Each is longer than `reach_m` even without its first corridor, inside which a walk starts.
    """
    length_m = np.linalg.norm(nodes_m[:, None] - nodes_m, axis=2)
    joined = np.zeros(length_m.shape, bool)
    joined[edges[:, 0], edges[:, 1]] = joined[edges[:, 1], edges[:, 0]] = True
    walked = np.zeros(length_m.shape)
    routes = []
    for _ in range(n_rounds):
        route, so_far_m = [int(rng.integers(len(nodes_m)))], -length_m[joined].max()
        while so_far_m < reach_m:
            here, back = route[-1], route[-2:-1]
            onward = np.setdiff1d(np.flatnonzero(joined[here]), back)
            choices = onward if len(onward) else np.array(back)  # turn round at a dead end
            weight = np.exp(walked[here, choices].min() - walked[here, choices])
            there = int(rng.choice(choices, p=weight / weight.sum()))
            walked[[here, there], [there, here]] += 1
            so_far_m += length_m[here, there]
            route.append(there)
        routes.append(nodes_m[route])
    return routes


def walk(
    rng: np.random.Generator, nodes_m: np.ndarray, walker: Walker, posture: Posture, round_s: float
) -> Walk:
    """Walk along `nodes_m` for `round_s`, tapping a waypoint at the start, at marks and the end."""
    pace = _pace(rng, nodes_m, walker)
    motion = _carry(rng, pace, walker, posture, round_s)
    return Walk(motion, *_tap_waypoints(rng, pace, round_s))


def _pace(rng: np.random.Generator, nodes_m: np.ndarray, walker: Walker) -> _Pace:
    """Draw the speed along a line: it wanders, drops in turns, and to nothing at one mark.

    So labels interpolated between waypoints err as they do in a real survey.
    """
    node_s_m = np.append(0, np.cumsum(np.linalg.norm(np.diff(nodes_m, axis=0), axis=1)))
    middles_m = (node_s_m[1:] + node_s_m[:-1]) / 2
    marks_s_m = np.sort(np.append(node_s_m, middles_m[np.diff(node_s_m) > MARK_SPACING_M]))
    s_m = np.arange(rng.uniform(0, 0.8 * node_s_m[1]), node_s_m[-1], PATH_STEP_M)
    east, north = np.gradient(_interpolate(s_m, node_s_m, nodes_m), axis=0).T
    heading_rad = _smooth(np.unwrap(np.arctan2(north, east)), 0.5 / PATH_STEP_M)
    turning_rad_m = np.abs(np.gradient(heading_rad, PATH_STEP_M))
    speed_m_s = walker.speed_m_s * np.exp(0.07 * wander(rng, len(s_m), 4 / PATH_STEP_M))
    lasts_s = PATH_STEP_M / speed_m_s * (1 + 0.5 * turning_rad_m)
    t_s = np.cumsum(lasts_s) - lasts_s[0]
    t_s[s_m > rng.choice(marks_s_m[1:])] += rng.uniform(1, 5)
    return _Pace(nodes_m, node_s_m, marks_s_m, s_m, heading_rad, t_s)


def _carry(
    rng: np.random.Generator, pace: _Pace, walker: Walker, posture: Posture, round_s: float
) -> Motion:
    """Return how a phone in `posture` moves: off the line by a little, swung by each stride."""
    t_s = np.arange(0, round_s + OVERRUN_S, MOTION_STEP_S)
    s_m = np.interp(t_s, pace.t_s, pace.s_m)
    heading_rad = np.interp(s_m, pace.s_m, pace.heading_rad)
    left = np.stack([-np.sin(heading_rad), np.cos(heading_rad)], axis=1)
    drift_m = np.interp(s_m, pace.s_m, 0.3 * wander(rng, len(pace.s_m), 3 / PATH_STEP_M))
    vigour = _smooth(np.gradient(s_m, MOTION_STEP_S), 0.15 / MOTION_STEP_S) / walker.speed_m_s
    # Faster people take quicker and longer steps alike: frequency goes with the root of speed.
    phase_rad = np.cumsum(2 * np.pi * walker.step_hz * np.sqrt(vigour)) * MOTION_STEP_S
    stride = np.sin(phase_rad / 2) * vigour
    uneven = np.exp(0.15 * wander(rng, len(t_s), 0.3 / MOTION_STEP_S))
    yaw_rad = heading_rad + posture.yaw_rad + posture.sway_rad * stride
    pitch_rad = posture.pitch_rad + posture.nod_rad * stride
    return Motion(
        t_s,
        pace.line_m(s_m) + drift_m[:, None] * left,
        yaw_rad,
        pitch_rad,
        np.gradient(yaw_rad, MOTION_STEP_S),
        np.gradient(pitch_rad, MOTION_STEP_S),
        phase_rad,
        walker.bounce_m_s2 * posture.bounce * vigour * uneven,
    )


def _tap_waypoints(
    rng: np.random.Generator, pace: _Pace, round_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """Tap at the start, a little early or late at every mark passed, and at the end."""
    end_m = np.interp(round_s, pace.t_s, pace.s_m)
    between = (pace.marks_s_m > pace.s_m[0] + 1) & (pace.marks_s_m < end_m - 1)
    passed_m = pace.marks_s_m[between]
    late_s = np.clip(rng.normal(0, 0.15, len(passed_m)), -0.3, 0.3)
    tap_s = np.interp(passed_m, pace.s_m, pace.t_s) + late_s
    tap_s_m = np.concatenate([pace.s_m[:1], passed_m, [end_m]])
    return np.concatenate([[0], tap_s, [round_s]]), pace.line_m(tap_s_m)


def _interpolate(t: np.ndarray, known_t: np.ndarray, known: np.ndarray) -> np.ndarray:
    if known.ndim == 1:
        return np.interp(t, known_t, known)
    return np.stack([np.interp(t, known_t, column) for column in known.T], axis=-1)


def _smooth(values: np.ndarray, sigma_steps: float) -> np.ndarray:
    """Average with a Gaussian; the ends are continued level."""
    reach = int(3 * sigma_steps) + 1
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_steps) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), mode="valid")


def wander(rng: np.random.Generator, n: int, sigma_steps: float) -> np.ndarray:
    """Draw smooth noise of about unit deviation, f64[n]."""
    reach = int(3 * sigma_steps) + 1
    noise = _smooth(rng.normal(size=n + 2 * reach), sigma_steps)[reach:-reach]
    return noise * np.sqrt(2 * sigma_steps * np.sqrt(np.pi))
