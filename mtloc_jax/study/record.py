"""What was measured on one chunk of runs, as rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from mtloc_jax.arms import HEADLINE_RATE, arm_label
from mtloc_jax.core.evaluate import Clean, Wiped
from mtloc_jax.rows import (
    CDF,
    CHOSEN,
    COVERAGE,
    DIVERGED,
    HISTORY,
    LEAVES,
    METRICS,
    QUANTILES,
    RADIUS,
    ROWS,
    TRACKS,
    WALKS,
)
from mtloc_jax.settings import Settings
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.survey import Coverage
from mtloc_jax.study import radii
from mtloc_jax.study.curves import Curve, GroupCurve, cells, grouped
from mtloc_jax.study.runs import RunSpec

Row = dict[str, Any]
NETWORK = "network"
"""The part that history.csv calls a network which is no part of anything."""
WHOLE = 1.0
"""The drop rate of rows of a loss: it befalls the whole walk, whatever it takes of it."""


@dataclass(frozen=True)
class Record:
    """Hold the judgement of a chunk of runs on a target site.

    settings: of the variant that the rows are for; its study names it
    wanted: the runs that have rows, unless they ended in what is no number
    clean: by split; wiped: on test, by modality in the order of `modalities`; None where nothing
           was wiped; lost: on test, by loss. Leaves have a leading runs axis
    proofs: of each run, what became of its grafted leaves; None where nothing was grafted
    chosen: of each run, the settings that it chose on validation
    covered: of each run, by split: how the windows that it was trained on cover those it is judged
             on
    stated: by split f64[R, N], metres, the standard deviation of either coordinate that each run
            states of each window; None where they state none
    counts: by split, bool[N], the windows whose errors count; coverage alone has all
    curves: of each run, how the networks trained that were trained for it, by the part that each
            is; none where nothing was trained
    """

    settings: Settings
    site_pair: str
    site: Site
    specs: list[RunSpec]
    wanted: list[int]
    clean: Mapping[str, Clean]
    modalities: tuple[str, ...]
    wiped: Wiped | None
    lost: Mapping[str, Clean]
    proofs: list[Row | None]
    chosen: list[Mapping[str, Any]]
    covered: list[Mapping[str, Coverage]]
    counts: Mapping[str, np.ndarray]
    stated: Mapping[str, np.ndarray] | None = None
    curves: Sequence[Mapping[str, Curve]] = ()

    def tables(self) -> dict[str, Iterator[Row]]:
        """Return the rows of each file."""
        return {
            ROWS: self._rows(),
            CDF: self._cdfs(),
            TRACKS: self._tracks(),
            LEAVES: self._leaves(),
            CHOSEN: self._chosen(),
            WALKS: self._walks(),
            COVERAGE: self._coverage(),
            RADIUS: self._radii(),
            DIVERGED: self._diverged(),
            HISTORY: self._history(),
        }

    def groups(self) -> list[GroupCurve]:
        """Return the mean curve of the runs of each arm and rate, diverged ones too.

        What is a part of arms has a curve of its own.
        """
        wanted = [(self.specs[run], self.curves[run]) for run in self.wanted if self.curves]
        return grouped(
            (f"{self.settings.study}, {_called(of, part)}", of.seed, curve)
            for of, curves in wanted
            for part, curve in curves.items()
        )

    def best_m(self) -> float:
        """Return the least mean error of a run, metres: on validation, where there is some.

        Infinite where all diverged.
        """
        split = self.site.split.judged[0]
        means = self.clean[split].metrics[:, list(METRICS).index("mean_m")]
        return float(means.min(where=np.isfinite(means), initial=np.inf))

    @cached_property
    def sound(self) -> list[int]:
        """Return the wanted runs whose every figure is a number."""
        metrics = [one.metrics for one in (*self.clean.values(), *self.lost.values())]
        if self.wiped is not None:
            metrics.append(self.wiped.metrics)
        finite = [np.isfinite(np.asarray(of).reshape(len(of), -1)).all(axis=1) for of in metrics]
        return [run for run in self.wanted if np.all([found[run] for found in finite])]

    def _rows(self) -> Iterator[Row]:
        """Yield each split untouched, then losses, then modality x wipe seed x drop rate."""
        drop_rates = self.settings.wipe.drop_rates
        for run in self.sound:
            spec = self.specs[run]
            for split, clean in self.clean.items():
                yield self._row(spec, split) | _metrics(clean.metrics[run])
            for name in self._losses:
                row = self._row(spec, "test", name, WHOLE)
                yield row | _metrics(self.lost[name].metrics[run])
            if self.wiped is None:
                continue
            for index in np.ndindex(self.wiped.metrics.shape[1:4]):
                m, wipe_seed, d = index
                row = self._row(spec, "test", self.modalities[m], drop_rates[d], wipe_seed)
                yield row | _metrics(self.wiped.metrics[(run, *index)])

    def _cdfs(self) -> Iterator[Row]:
        """Yield each split untouched (Fig 4), and one drop rate (Fig 6)."""
        rate = self.settings.wipe.cdf_drop_rate
        for run in self.sound:
            spec = self.specs[run]
            for split, clean in self.clean.items():
                yield self._row(spec, split) | _quantiles(clean.cdf_m[run])
            if self.wiped is None:
                continue
            for m, wipe_seed in np.ndindex(self.wiped.cdf_m.shape[1:3]):
                row = self._row(spec, "test", self.modalities[m], rate, wipe_seed)
                yield row | _quantiles(self.wiped.cdf_m[run, m, wipe_seed])

    def _tracks(self) -> Iterator[Row]:
        """Yield the test walks as the headline models of seed 0 saw them."""
        windows, test = self.site.windows, self.site.rows("test")
        trace = self.site.trace[test]
        first = np.searchsorted(trace, trace)  # walks are contiguous: where each one begins
        t_s = (windows.end_ms[test] - windows.end_ms[test][first]) / 1000
        for run in [run for run in self.sound if on_maps(self.specs[run], self.settings)]:
            predicted_m = self.clean["test"].predicted_m[run]
            for k, row in enumerate(test):
                yield self._row(self.specs[run], "test") | {
                    "trace": self.site.trace_names[trace[k]],
                    "t_s": t_s[k],
                    "x_m": windows.xy_m[row, 0],
                    "y_m": windows.xy_m[row, 1],
                    "predicted_x_m": predicted_m[k, 0],
                    "predicted_y_m": predicted_m[k, 1],
                }

    def _leaves(self) -> Iterator[Row]:
        """Yield what training did to the leaves that were grafted."""
        for run in self.sound:
            if (found := self.proofs[run]) is not None:
                yield self._row(self.specs[run], "test") | found

    def _chosen(self) -> Iterator[Row]:
        for run in self.sound:
            for name, value in self.chosen[run].items():
                yield self._row(self.specs[run], "test") | {"setting": name, "value": value}

    def _walks(self) -> Iterator[Row]:
        """Yield the errors on each walk, with nothing lost and under each loss."""
        every = [(split, "none", clean) for split, clean in self.clean.items()]
        lost = [("test", name, self.lost[name]) for name in self._losses]
        for run, (split, name, clean) in product(self.sound, [*every, *lost]):
            counts = self.counts[split]
            trace = self.site.trace[self.site.rows(split)][counts]
            error_m = self._error_m(clean, run, split)[counts]
            for at in np.unique(trace):
                of_walk = error_m[trace == at]
                yield self._row(self.specs[run], split, name) | {
                    "walk": self.site.trace_names[at],
                    "n_windows": len(of_walk),
                    "mean_m": of_walk.mean(),
                    "median_m": np.median(of_walk),
                }

    def _coverage(self) -> Iterator[Row]:
        """Yield the errors by distance to what the run was trained on."""
        for run, split, error_m in self._errors_m():
            found = self.covered[run][split]
            for nearest, away_m in (("position", found.position_m), ("scan", found.scan_m)):
                if not np.isfinite(away_m).all():
                    continue  # no scan was surveyed
                for band, held in found.banded(away_m).items():
                    yield self._row(self.specs[run], split) | {
                        "nearest": nearest,
                        "band": band,
                        "n_windows": held.sum(),
                        "mean_m": error_m[held].mean(),
                    }

    def _radii(self) -> Iterator[Row]:
        """Yield how often errors lie within the radius stated, and within a calibrated one.

        Validation calibrates test, where there is some; else walks calibrate each other by fold.
        """
        for run in self.sound if self.stated else ():
            held = {split: self._counted(run, split) for split in self.clean}
            for split, (error_m, sigma_m, walk, near) in held.items():
                if self.site.split.in_turn or split == "validation":
                    scale = radii.by_others(error_m, sigma_m, walk)
                else:
                    scale = np.full(len(walk), radii.by(*held["validation"][:3]))
                for row in radii.rows(error_m, sigma_m, walk, near, scale):
                    yield self._row(self.specs[run], split) | row

    def _diverged(self) -> Iterator[Row]:
        for run in sorted(set(self.wanted) - set(self.sound)):
            named = self._row(self.specs[run], "test")
            yield named | {"learning_rate": self.settings.learning_rate}

    def _history(self) -> Iterator[Row]:
        for run in self.wanted if self.curves else ():
            for part, points in self.curves[run].items():
                named = self._row(self.specs[run], "test") | {"part": part}
                yield from (named | row for row in cells(points))

    def _counted(self, run: int, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, Coverage]:
        """Return error, sigma and walk of the windows of a split that count, and their coverage."""
        assert self.stated is not None
        counts = self.counts[split]
        error_m = self._error_m(self.clean[split], run, split)
        trace, near = self.site.trace[self.site.rows(split)], self.covered[run][split]
        of = (error_m, self.stated[split][run], trace)
        error_m, sigma_m, walk = (part[counts] for part in of)
        return error_m, sigma_m, walk, Coverage(*(part[counts] for part in near))

    def _errors_m(self) -> Iterator[tuple[int, str, np.ndarray]]:
        """Yield a run, a split and its errors f64[N] on untouched windows, metres."""
        for run, (split, clean) in product(self.sound, self.clean.items()):
            yield run, split, self._error_m(clean, run, split)

    def _error_m(self, clean: Clean, run: int, split: str) -> np.ndarray:
        there_m = self.site.windows.xy_m[self.site.rows(split)]
        return np.linalg.norm(clean.predicted_m[run] - there_m, axis=1)

    @property
    def _losses(self) -> list[str]:
        """Return the losses that the variant is judged under, in its order."""
        return [name for name in self.settings.wipe.losses if name in self.lost]

    def _row(
        self,
        spec: RunSpec,
        split: str,
        modality: str = "none",
        drop_rate: float = 0.0,
        wipe_seed: int = 0,
    ) -> Row:
        return {
            "study": self.settings.study,
            "site_pair": self.site_pair,
            "arm": spec.arm,
            "finetune_rate": spec.finetune_rate,
            "seed": spec.seed,
            "split": split,
            "modality": modality,
            "drop_rate": drop_rate,
            "wipe_seed": wipe_seed,
            "n_windows": self.counts[split].sum(),
        }


def _called(spec: RunSpec, part: str) -> str:
    return arm_label(spec.arm, spec.finetune_rate) if part == NETWORK else part


def on_maps(spec: RunSpec, settings: Settings) -> bool:
    """Say whether maps show a run: of seed 0, a network from scratch on all it is given, a grafted
    one at the rate nearest to the paper's choice.
    """
    arm = spec.of
    if spec.seed != 0 or not arm.of_problem:
        return False
    rates = arm.rates_in(settings)
    if not arm.grafted:
        return spec.finetune_rate == max(rates)
    return spec.finetune_rate == min(rates, key=lambda r: (round(abs(r - HEADLINE_RATE), 9), r))


def _metrics(values: np.ndarray) -> Row:
    return dict(zip(METRICS, values, strict=True))


def _quantiles(values: np.ndarray) -> Row:
    return {f"q{q:03d}": value for q, value in zip(QUANTILES, values, strict=True)}
