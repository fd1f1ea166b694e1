"""The floor plan of a simulated building, as Indoor Location 2.0 draws its floors."""

import numpy as np

from mtloc_jax.simulate.building import CORRIDOR_HALF_WIDTH_M, SimulatedBuilding

PIXELS_A_METRE = 8
CORRIDOR, ROOM, WALL = 1.0, 0.88, 0.4  # greys: 1 is paper
_WALL_M = 0.15


def floor_plan(building: SimulatedBuilding) -> tuple[np.ndarray, float, float]:
    """Draw where one can walk: an image f32[H, W], 1 = white, and its width and height in metres.

    Its lower left corner lies at (0, 0), its first row to the north; corridors are white, all else
    is grey and walls are dark. The plan of a building is the same for all seeds.
    """
    width_m, height_m = building.extent_m
    columns, rows = round(width_m * PIXELS_A_METRE), round(height_m * PIXELS_A_METRE)
    east_m = (np.arange(columns) + 0.5) / PIXELS_A_METRE
    north_m = height_m - (np.arange(rows) + 0.5) / PIXELS_A_METRE
    xy_m = np.stack(np.meshgrid(east_m, north_m), axis=2)
    image = np.full((rows, columns), ROOM, np.float32)
    image[_nearest_m(xy_m, building.walls_m) < _WALL_M] = WALL
    image[_nearest_m(xy_m, building.corridors_m) < CORRIDOR_HALF_WIDTH_M] = CORRIDOR
    return image, width_m, height_m


def _nearest_m(xy_m: np.ndarray, segments_m: np.ndarray) -> np.ndarray:
    """Return the distance f64[H, W] of each point to the nearest of the segments f64[K, 2, 2]."""
    nearest_m = np.full(xy_m.shape[:2], np.inf)
    for start_m, end_m in segments_m:
        along_m = end_m - start_m
        share = np.clip((xy_m - start_m) @ along_m / (along_m @ along_m), 0, 1)
        away_m = xy_m - start_m - share[..., None] * along_m
        np.minimum(nearest_m, np.hypot(away_m[..., 0], away_m[..., 1]), out=nearest_m)
    return nearest_m
