"""Rows -> one figure with its spread over seeds: the cell of a table, the band of a curve."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from mtloc_jax.rows import METRICS, Selection, Table


@dataclass(frozen=True)
class Summary:
    """Hold one arm's errors over seeds.

    mean, spread: f64[6], metres, in the order of rows.METRICS; spread is the sample standard
                  deviation over seeds, NaN for one seed
    n_windows:    how many windows each error was measured on (the fewest, where runs differ)
    """

    mean: np.ndarray
    spread: np.ndarray
    n_seeds: int
    n_windows: int


def per_seed(table: Table, columns: Collection[str]) -> tuple[np.ndarray, np.ndarray]:
    """Average over wipe seeds within each seed; return seeds i64[S] and values f64[S, C].

    A wipe seed repeats the measurement of one trained model, so it is no independent sample.
    """
    values = np.stack([table[name] for name in columns], axis=1)
    seeds, of_row = np.unique(table["seed"], return_inverse=True)
    totals = np.zeros((len(seeds), len(columns)))
    np.add.at(totals, of_row, values)
    return seeds, totals / np.bincount(of_row, minlength=len(seeds))[:, None]


def of_whole_seeds(table: Table) -> Table:
    """Keep, of one arm's rows, those of the seeds that have all its studies and site pairs.

    A run that diverged has no rows: the mean of its seed is over fewer test rounds or targets than
    that of others, and does not compare.
    """
    columns = (table[name].tolist() for name in ("seed", "study", "site_pair"))
    held: dict[int, set[tuple[str, str]]] = {}
    for seed, *place in zip(*columns, strict=True):
        held.setdefault(seed, set()).add((place[0], place[1]))
    every = set().union(*held.values())
    whole = [seed for seed, places in held.items() if places == every]
    return Selection(table, np.isin(table["seed"], whole))


def over_seeds(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and sample standard deviation over axis 0, f64[S, ...]; NaN spread if S = 1."""
    mean = values.mean(axis=0)
    if len(values) < 2:
        return mean, np.full_like(mean, np.nan)
    return mean, values.std(axis=0, ddof=1)


def summarise(table: Table) -> Summary | None:
    """Summarise the rows of one cell over seeds; None where there are none."""
    if not len(table["seed"]):
        return None
    seeds, values = per_seed(table, METRICS)
    mean, spread = over_seeds(values)
    return Summary(mean, spread, len(seeds), int(table["n_windows"].min()))


def summarise_average(tables: Sequence[Table]) -> Summary | None:
    """Average cells seed by seed, over the seeds all of them hold; None where no seed is shared."""
    cells = [per_seed(table, METRICS) for table in tables]
    shared = set.intersection(*(set(seeds.tolist()) for seeds, _ in cells))
    if not shared:
        return None
    kept = [values[np.isin(seeds, list(shared))] for seeds, values in cells]
    mean, spread = over_seeds(np.mean(kept, axis=0))
    n_windows = min(int(table["n_windows"].min()) for table in tables)
    return Summary(mean, spread, len(shared), n_windows)
