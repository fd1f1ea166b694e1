"""What was measured on one chunk of runs, as rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtloc_jax.core.evaluate import Clean, Wiped, Wipes
from mtloc_jax.core.model import MODALITIES
from mtloc_jax.report.arms import FINETUNED, HEADLINE_RATE, SCRATCH
from mtloc_jax.report.rows import METRICS, QUANTILES
from mtloc_jax.sites.site import Site
from mtloc_jax.sweep.grid import RunSpec

Row = dict[str, Any]


@dataclass(frozen=True)
class Record:
    """Hold the judgement of a chunk of runs on a target site.

    study: what the `study` column says, which names the variant; wanted: the runs that have rows
    clean: by split ("validation", "test"); wiped: on test. Leaves have a leading runs axis
    proofs: of each run, what became of its grafted leaves; None where nothing was grafted
    """

    study: str
    site_pair: str
    site: Site
    specs: list[RunSpec]
    wanted: list[int]
    wipes: Wipes
    clean: dict[str, Clean]
    wiped: Wiped
    proofs: list[Row | None]

    def rows(self) -> Iterator[Row]:
        """Yield rows of rows.csv: each split untouched, then modality x wipe seed x drop rate."""
        for run in self.wanted:
            spec = self.specs[run]
            for split, clean in self.clean.items():
                yield self._row(spec, split, "none", 0.0, 0) | _metrics(clean.metrics[run])
            for index in np.ndindex(self.wiped.metrics.shape[1:4]):
                m, wipe_seed, d = index
                row = self._row(spec, "test", MODALITIES[m], self.wipes.drop_rates[d], wipe_seed)
                yield row | _metrics(self.wiped.metrics[(run, *index)])

    def cdfs(self) -> Iterator[Row]:
        """Yield rows of cdf.csv: each split untouched (Fig 4), and one drop rate (Fig 6)."""
        rate = self.wipes.cdf_drop_rate
        for run in self.wanted:
            spec = self.specs[run]
            for split, clean in self.clean.items():
                yield self._row(spec, split, "none", 0.0, 0) | _quantiles(clean.cdf_m[run])
            for m, wipe_seed in np.ndindex(self.wiped.cdf_m.shape[1:3]):
                row = self._row(spec, "test", MODALITIES[m], rate, wipe_seed)
                yield row | _quantiles(self.wiped.cdf_m[run, m, wipe_seed])

    def tracks(self) -> Iterator[Row]:
        """Yield rows of tracks.csv: the test walks as the headline models of seed 0 saw them."""
        windows, test = self.site.windows, self.site.rows("test")
        trace = self.site.trace[test]
        first = np.searchsorted(trace, trace)  # walks are contiguous: where each one begins
        t_s = (windows.end_ms[test] - windows.end_ms[test][first]) / 1000
        for run in [run for run in self.wanted if _drawn(self.specs[run])]:
            predicted_m = self.clean["test"].predicted_m[run]
            for k, row in enumerate(test):
                yield self._row(self.specs[run], "test", "none", 0.0, 0) | {
                    "trace": self.site.trace_names[trace[k]],
                    "t_s": t_s[k],
                    "x_m": windows.xy_m[row, 0],
                    "y_m": windows.xy_m[row, 1],
                    "predicted_x_m": predicted_m[k, 0],
                    "predicted_y_m": predicted_m[k, 1],
                }

    def leaves(self) -> Iterator[Row]:
        """Yield rows of leaves.csv: what training did to the leaves that were grafted."""
        for run in self.wanted:
            if (found := self.proofs[run]) is not None:
                yield self._row(self.specs[run], "test", "none", 0.0, 0) | found

    def best_m(self) -> float:
        """Return the least mean validation error of a run, metres."""
        return float(self.clean["validation"].metrics[:, METRICS.index("mean_m")].min())

    def _row(
        self, spec: RunSpec, split: str, modality: str, drop_rate: float, wipe_seed: int
    ) -> Row:
        return {
            "study": self.study,
            "site_pair": self.site_pair,
            "arm": spec.arm,
            "finetune_rate": spec.finetune_rate,
            "seed": spec.seed,
            "split": split,
            "modality": modality,
            "drop_rate": drop_rate,
            "wipe_seed": wipe_seed,
            "n_windows": len(self.site.rows(split)),
        }


def _drawn(spec: RunSpec) -> bool:
    if spec.seed != 0 or (spec.arm == SCRATCH and spec.finetune_rate != 1):
        return False
    return spec.arm != FINETUNED or spec.finetune_rate == HEADLINE_RATE


def _metrics(values: np.ndarray) -> Row:
    return dict(zip(METRICS, values, strict=True))


def _quantiles(values: np.ndarray) -> Row:
    return {f"q{q:03d}": value for q, value in zip(QUANTILES, values, strict=True)}
