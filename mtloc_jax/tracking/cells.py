"""Square cells that cover a floor, as arrays [E, N]: eastwards first, then northwards."""

from typing import NamedTuple

import numpy as np

CELL_M = 3.0


class Cells(NamedTuple):
    """Hold where cells lie: first_m f64[2], the centre of cell [0, 0]; shape (E, N); cell_m."""

    first_m: np.ndarray
    shape: tuple[int, int]
    cell_m: float

    @property
    def axes_m(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the centres along both axes: f64[E] east, f64[N] north."""
        east, north = (
            first + self.cell_m * np.arange(count)
            for first, count in zip(self.first_m, self.shape, strict=True)
        )
        return east, north

    @property
    def centres_m(self) -> np.ndarray:
        """Return the centres f64[E, N, 2]."""
        return np.stack(np.meshgrid(*self.axes_m, indexing="ij"), axis=-1)


def covering(xy_m: np.ndarray, margin_m: float = 0.0, cell_m: float = CELL_M) -> Cells:
    """Return cells that cover positions f64[S, 2], at least one, and `margin_m` around them."""
    low, high = xy_m.min(axis=0) - margin_m, xy_m.max(axis=0) + margin_m
    east, north = np.maximum(1, np.ceil((high - low) / cell_m)).astype(int).tolist()
    return Cells(low + cell_m / 2, (east, north), cell_m)


def between(cells: Cells, table: np.ndarray, offset_m: np.ndarray) -> np.ndarray:
    """Return what a table f64[E, N] holds at its cells' centres + `offset_m` f64[2].

    On straight lines between centres; beyond the outermost what is nearest.
    """
    for axis, metres in enumerate(offset_m):
        count = table.shape[axis]
        at = np.clip(np.arange(count) + metres / cells.cell_m, 0, count - 1)
        low = np.minimum(at.astype(int), max(count - 2, 0))
        high = np.minimum(low + 1, count - 1)
        share = np.expand_dims(at - low, 1 - axis)
        table = np.take(table, low, axis) * (1 - share) + np.take(table, high, axis) * share
    return table
