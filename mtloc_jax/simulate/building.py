"""The two buildings: corridors, walls, access points, magnetic sources, and who surveyed them."""

import zlib
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from mtloc_jax.simulate.sweep import BAND_2, BAND_5, channel_mhz

CORRIDOR_HALF_WIDTH_M, ROOM_DEPTH_M, ROOM_WIDTH_M = 1.3, 5.0, 6.0
PATH_LOSS_EXPONENT = 2.4
WALL_LOSS_DB, MOST_WALLS = 3.0, 7  # beyond that many walls the signal finds its way around
SHADOW_DB, SHADOW_LENGTH_M, SHADOW_WAVES = 4.5, 3.5, 48
DAY_SHADOW_DB, DAY_DRIFT_DB = 5.0, 2.0  # what doors, people and power control change by
MAGNET_SPACING_M = 3.0


class Sensor(NamedTuple):
    """Hold a sensor's errors: one sigma of white noise, and a bias f64[3] in the phone's axes."""

    noise: float
    bias: np.ndarray


class Phone(NamedTuple):
    """Hold a phone's sensors (m/s^2, rad/s, microtesla) and RSS offset; mag.bias is hard iron."""

    accel: Sensor
    gyro: Sensor
    mag: Sensor
    rss_offset_db: float


class Walker(NamedTuple):
    """Hold a person's gait at their usual speed."""

    speed_m_s: float
    step_hz: float
    bounce_m_s2: float


@dataclass(frozen=True, eq=False)
class SimulatedBuilding:
    """Hold a plan, what radiates in it, and the phone and the people it was surveyed with.

    nodes_m:      f64[N, 2]; edges: i64[E, 2], the corridor graph; walls_m: f64[K, 2, 2], segments
    bssid:        str[A]; ap_m: f64[A, 2]; tx_dbm: f64[A], RSS at 1 m
    ap_life:      f64[A, 2], share of the survey at which an access point appears and vanishes
    ap_mobile:    bool[A], a hotspot: elsewhere, or absent, in each round
    ap_lag_s:     f64[A], from hearing the access point's channel to the end of the scan
    shadow_rad_m: f64[F, 2], shadow_rad: f64[F], shadow_db: f64[F, A]; shadowing is a sum of random
                  waves, so that neighbouring places share it
    magnets_m:    f64[M, 3], relative to the phone's height; magnets_ut_m3: f64[M, 3], dipoles
    earth_ut:     f64[3]
    """

    name: str
    extent_m: tuple[float, float]
    nodes_m: np.ndarray
    edges: np.ndarray
    walls_m: np.ndarray
    bssid: np.ndarray
    ap_m: np.ndarray
    tx_dbm: np.ndarray
    ap_life: np.ndarray
    ap_mobile: np.ndarray
    ap_lag_s: np.ndarray
    shadow_rad_m: np.ndarray
    shadow_rad: np.ndarray
    shadow_db: np.ndarray
    magnets_m: np.ndarray
    magnets_ut_m3: np.ndarray
    earth_ut: np.ndarray
    phone: Phone
    walkers: tuple[Walker, ...]

    @property
    def corridors_m(self) -> np.ndarray:
        """Return the corridors' centre lines, f64[E, 2 ends, 2], for drawing."""
        return self.nodes_m[self.edges]

    @property
    def ap_mhz(self) -> np.ndarray:
        """Return the channel of each access point, i32[A]."""
        return channel_mhz(self.ap_lag_s)

    def on_the_day(self, rng: np.random.Generator) -> "SimulatedBuilding":
        """Return the building as one round finds it: shadows and powers differ, hotspots move."""
        roaming_m = rng.uniform(0, self.extent_m, self.ap_m.shape)
        day_db = DAY_SHADOW_DB * np.sqrt(2 / SHADOW_WAVES)
        return replace(
            self,
            ap_m=np.where(self.ap_mobile[:, None], roaming_m, self.ap_m),
            tx_dbm=self.tx_dbm + rng.normal(0, DAY_DRIFT_DB, self.tx_dbm.shape),
            shadow_db=self.shadow_db + rng.normal(0, day_db, self.shadow_db.shape),
        )

    def field_ut(self, xy_m: np.ndarray) -> np.ndarray:
        """Return the magnetic field (x, y, up) at phone height, f64[n, 3], at f64[n, 2]."""
        away_m = np.pad(xy_m, ((0, 0), (0, 1)))[:, None, :] - self.magnets_m
        r_m = np.linalg.norm(away_m, axis=2)
        along = np.einsum("nmc,mc->nm", away_m, self.magnets_ut_m3)
        radial = np.einsum("nm,nmc->nc", 3 * along / r_m**5, away_m)
        return self.earth_ut + radial - r_m**-3 @ self.magnets_ut_m3

    def mean_rss_dbm(self, xy_m: np.ndarray) -> np.ndarray:
        """Return RSS before fading, f64[S, A], where access point a is heard at xy_m f64[S, A, 2].

        Log-distance path loss, a loss for each wall in between, shadowing fixed to the place.
        """
        distance_m = np.maximum(np.linalg.norm(xy_m - self.ap_m, axis=2), 1.0)
        walls = np.minimum(_crossings(xy_m, self.ap_m, self.walls_m), MOST_WALLS)
        waves = np.cos(xy_m @ self.shadow_rad_m.T + self.shadow_rad)
        shadow_db = np.einsum("saf,fa->sa", waves, self.shadow_db)
        loss_db = 10 * PATH_LOSS_EXPONENT * np.log10(distance_m) + WALL_LOSS_DB * walls
        return self.tx_dbm - loss_db + shadow_db


def building_a(seed: int) -> SimulatedBuilding:
    """Return the source building: a ring with one cross corridor and a spur, 60 access points.

    The plan is fixed; the seed draws what radiates, the phone and the people.
    """
    nodes_m = [(4, 4), (23, 4), (50, 4), (50, 30), (23, 30), (4, 30), (50, 17), (38, 17)]
    edges = [(0, 1), (1, 2), (2, 6), (6, 3), (3, 4), (4, 5), (5, 0), (1, 4), (6, 7)]
    return _building("simulated-a", seed, (56, 36), nodes_m, edges, n_ap=60, n_hotspots=4)


def building_b(seed: int) -> SimulatedBuilding:
    """Return the target building: two rings and a slanted wing, 90 access points.

    The plan is fixed; the seed draws what radiates, the phone and the people.
    """
    nodes_m = [(5, 6), (30, 6), (62, 6), (5, 40), (30, 40), (5, 24), (30, 24), (46, 30), (60, 40)]
    edges = [(0, 1), (1, 2), (0, 5), (5, 3), (3, 4), (1, 6), (6, 4), (5, 6), (2, 7), (7, 8)]
    return _building("simulated-b", seed, (68, 46), nodes_m, edges, n_ap=90, n_hotspots=6)


def _building(
    name: str,
    seed: int,
    extent_m: tuple[float, float],
    node_list: list[tuple[int, int]],
    edge_list: list[tuple[int, int]],
    *,
    n_ap: int,
    n_hotspots: int,
) -> SimulatedBuilding:
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), 0])
    nodes_m, edges = np.array(node_list, np.float64), np.array(edge_list)
    corridors_m = nodes_m[edges]
    mobile = np.arange(n_ap) >= n_ap - n_hotspots
    # Two radios to a box, at 2.4 and 5 GHz; a hotspot has one.
    box, radio = np.divmod(np.arange(n_ap), 2)
    radio = np.where(mobile, 0, radio)
    box_m = _beside(rng, corridors_m, n_ap // 2, 0.3, 6.0)
    magnets_m, magnets_ut_m3 = _magnets(rng, corridors_m)
    return SimulatedBuilding(
        name=name,
        extent_m=extent_m,
        nodes_m=nodes_m,
        edges=edges,
        walls_m=_walls(corridors_m),
        bssid=np.array([f"{name}:{i:03d}:{'25'[r]}ghz" for i, r in enumerate(radio)]),
        ap_m=np.clip(box_m[box], 0.5, np.array(extent_m) - 0.5),
        tx_dbm=np.where(mobile, -44, -38 - 6 * radio) + rng.normal(0, 3, n_ap),
        ap_life=_lives(rng, n_ap),
        ap_mobile=mobile,
        ap_lag_s=np.where(
            radio == 0, *(rng.uniform(band.last_s, band.first_s, n_ap) for band in (BAND_2, BAND_5))
        ),
        shadow_rad_m=rng.normal(0, 1 / SHADOW_LENGTH_M, (SHADOW_WAVES, 2)),
        shadow_rad=rng.uniform(0, 2 * np.pi, SHADOW_WAVES),
        shadow_db=rng.normal(0, SHADOW_DB * np.sqrt(2 / SHADOW_WAVES), (SHADOW_WAVES, n_ap)),
        magnets_m=magnets_m,
        magnets_ut_m3=magnets_ut_m3,
        earth_ut=_earth_ut(rng),
        phone=_phone(rng),
        walkers=tuple(_walker(rng) for _ in range(3)),
    )


def _lives(rng: np.random.Generator, n_ap: int) -> np.ndarray:
    """Let a few access points appear late and a few vanish early: f64[A, 2]."""
    late, early = rng.random((2, n_ap)) < 0.07
    appears = np.where(late, rng.uniform(0.1, 0.9, n_ap), 0.0)
    vanishes = np.where(early & ~late, rng.uniform(0.2, 1.0, n_ap), 1.0)
    return np.column_stack([appears, vanishes])


def _magnets(rng: np.random.Generator, corridors_m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw dipoles above and below the walkers: steel in the ceiling, cables in the floor."""
    n = round(
        np.linalg.norm(corridors_m[:, 1] - corridors_m[:, 0], axis=1).sum() / MAGNET_SPACING_M
    )
    height_m = rng.choice([-1, 1], n) * rng.uniform(1.3, 2.5, n)
    magnets_m = np.column_stack([_beside(rng, corridors_m, n, 0.0, 2.0), height_m])
    moment = rng.normal(size=(n, 3))
    moment /= np.linalg.norm(moment, axis=1, keepdims=True)
    # Strength is drawn as it arrives below or above the source, so that none drowns the Earth.
    return magnets_m, moment * (rng.uniform(4, 20, n) * np.abs(height_m) ** 3)[:, None]


def _earth_ut(rng: np.random.Generator) -> np.ndarray:
    """Point the Earth's field (latitude 45 to 50 degrees) anywhere: buildings face any way."""
    north_rad = rng.uniform(0, 2 * np.pi)
    return np.array([20 * np.cos(north_rad), 20 * np.sin(north_rad), -44.0])


def _phone(rng: np.random.Generator) -> Phone:
    accel, gyro, mag = (
        Sensor(noise * rng.uniform(0.7, 1.5), rng.normal(0, bias, 3))
        for noise, bias in ((0.25, 0.12), (0.03, 0.01), (0.5, 6.0))
    )
    return Phone(accel, gyro, mag, rss_offset_db=rng.normal(0, 4))


def _walker(rng: np.random.Generator) -> Walker:
    speed_m_s, step_m = rng.uniform(1.1, 1.4), rng.uniform(0.64, 0.76)
    return Walker(speed_m_s, speed_m_s / step_m, bounce_m_s2=rng.uniform(2.0, 3.5))


def _walls(corridors_m: np.ndarray) -> np.ndarray:
    """Line both sides of each corridor and divide the rooms behind them: f64[K, 2, 2]."""
    walls = []
    for start, end in corridors_m:
        length_m = np.linalg.norm(end - start)
        along = (end - start) / length_m
        left = np.array([-along[1], along[0]])
        inner_m = np.outer([CORRIDOR_HALF_WIDTH_M, length_m - CORRIDOR_HALF_WIDTH_M], along)
        margin_m = CORRIDOR_HALF_WIDTH_M + ROOM_DEPTH_M  # no divider reaches into a side corridor
        dividers_m = np.arange(margin_m, length_m - margin_m + 0.01, ROOM_WIDTH_M)
        for side in (left, -left):
            face_m = start + CORRIDOR_HALF_WIDTH_M * side
            walls.append(face_m + inner_m)
            walls += [face_m + np.outer([0, ROOM_DEPTH_M], side) + d * along for d in dividers_m]
    return np.array(walls)


def _beside(
    rng: np.random.Generator, corridors_m: np.ndarray, n: int, nearest_m: float, farthest_m: float
) -> np.ndarray:
    """Draw points spread evenly along the corridors, to their left or right: f64[n, 2]."""
    span_m = corridors_m[:, 1] - corridors_m[:, 0]
    length_m = np.linalg.norm(span_m, axis=1)
    end_m = np.cumsum(length_m)
    at_m = (np.arange(n) + rng.random(n)) / n * end_m[-1]
    edge = np.minimum(np.searchsorted(end_m, at_m), len(end_m) - 1)
    along = span_m[edge] / length_m[edge, None]
    aside_m = rng.uniform(nearest_m, farthest_m, n) * rng.choice([-1, 1], n)
    left = np.stack([-along[:, 1], along[:, 0]], axis=1)
    return corridors_m[edge, 1] - (end_m[edge] - at_m)[:, None] * along + aside_m[:, None] * left


def _crossings(xy_m: np.ndarray, ap_m: np.ndarray, walls_m: np.ndarray) -> np.ndarray:
    """Count the walls between phone and access point: i64[S, A]."""
    start_m, end_m = walls_m[:, 0], walls_m[:, 1]
    along = end_m - start_m
    phone_m, to_ap = xy_m[:, :, None, :], (ap_m - xy_m)[:, :, None, :]
    parted = _cross(along, phone_m - start_m) * _cross(along, ap_m[:, None, :] - start_m) < 0
    struck = _cross(to_ap, start_m - phone_m) * _cross(to_ap, end_m - phone_m) < 0
    return np.sum(parted & struck, axis=2)


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
