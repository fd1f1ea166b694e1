"""Where on a floor people walk at all: the white of its plan within the outline; near a survey."""

import numpy as np
from scipy import ndimage
from scipy.spatial import KDTree

from mtloc_jax.errors import InputError
from mtloc_jax.sites.floor_plan import FloorPlan
from mtloc_jax.tracking.cells import Cells

ELSEWHERE = 0.03
"""How likely a cell without a corridor is, to one that is all corridor."""
SURVEYED_M = 3.0
_WHITE = 0.95  # shops are filled with a light blue, 0.9


def log_corridor(plan: FloorPlan, cells: Cells, elsewhere: float = ELSEWHERE) -> np.ndarray:
    """Return log(elsewhere + (1 - elsewhere) share of corridor) of cells, f64[E, N].

    Raises InputError where the plan has no corridor, or cannot be read.
    """
    return np.log(elsewhere + (1 - elsewhere) * corridor_share(plan, cells))


def log_surveyed(xy_m: np.ndarray, cells: Cells, elsewhere: float = ELSEWHERE) -> np.ndarray:
    """Return log(elsewhere + (1 - elsewhere) exp(-d^2 / 2 SURVEYED_M^2)) of cells, f64[E, N].

    d is to the nearest of the surveyed positions f64[S, 2], at least one. Who surveys goes where
    people go, and a plan there need not be.
    """
    away_m = KDTree(xy_m).query(cells.centres_m)[0]
    return np.log(elsewhere + (1 - elsewhere) * np.exp(-(away_m**2) / (2 * SURVEYED_M**2)))


def log_walked(surveyed_m: np.ndarray, cells: Cells, plan: FloorPlan | None) -> np.ndarray:
    """Return how likely cells are beforehand, f64[E, N], up to a constant: `log_surveyed` f64[S, 2]
    and, with a plan, `log_corridor`. Raises InputError as that.
    """
    near = log_surveyed(surveyed_m, cells)
    return near if plan is None else near + log_corridor(plan, cells)


def corridor_share(plan: FloorPlan, cells: Cells) -> np.ndarray:
    """Return which share of each cell is corridor, f64[E, N]; beyond the plan none is.

    Raises InputError where the plan has no corridor, or cannot be read.
    """
    corridor = _corridor(plan).T[:, ::-1]  # [east, north], from the lower left corner
    sums = np.pad(corridor.cumsum(0, dtype=float).cumsum(1), ((1, 0), (1, 0)))
    pixels_m = np.array([plan.width_m, plan.height_m]) / corridor.shape
    for axis, centre_m in enumerate(cells.axes_m):
        edge_m = np.append(centre_m - cells.cell_m / 2, centre_m[-1] + cells.cell_m / 2)
        sums = _read_at(sums, edge_m / pixels_m[axis], axis)
    area = np.diff(np.diff(sums, axis=0), axis=1)
    return np.clip(area * pixels_m.prod() / cells.cell_m**2, 0, 1)


def _corridor(plan: FloorPlan) -> np.ndarray:
    """Return the white pixels that no white leads to from the image's border, bool[H, W]."""
    white = plan.paper() > _WHITE
    part, _ = ndimage.label(white)
    border = np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])
    corridor = white & ~np.isin(part, border)
    if not corridor.any():
        raise InputError(
            "no corridor on this floor plan: no white within a closed outline",
            remedy="close the outline, or do without the plan",
            path=plan.path,
        )
    return corridor


def _read_at(table: np.ndarray, at: np.ndarray, axis: int) -> np.ndarray:
    """Read a table along an axis at fractions of its entries; beyond its ends as at them."""
    at = np.clip(at, 0, table.shape[axis] - 1)
    low = np.minimum(at.astype(int), table.shape[axis] - 2)
    share = np.expand_dims(at - low, 1 - axis)
    return np.take(table, low, axis) * (1 - share) + np.take(table, low + 1, axis) * share
