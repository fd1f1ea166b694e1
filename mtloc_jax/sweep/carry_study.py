"""The study of carried WiFi rows: train on one survey, move to the other, fine-tune, judge."""

from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from mtloc_jax.core.evaluate import Clean, Wipes
from mtloc_jax.core.model import MTLoc, Params
from mtloc_jax.core.train import Run, Static
from mtloc_jax.errors import InputError
from mtloc_jax.report import rows
from mtloc_jax.report.arms import CARRY_ARMS, SCRATCH
from mtloc_jax.report.rows import METRICS, QUANTILES
from mtloc_jax.sites import recordings
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Site
from mtloc_jax.sites.windows import WindowSpec
from mtloc_jax.surgery import carry, checkpoint
from mtloc_jax.surgery.carry import Survey
from mtloc_jax.surgery.graft import GraftReport, graft
from mtloc_jax.sweep import replicas, workdir
from mtloc_jax.sweep.grid import RunSpec, prepared, trained_on
from mtloc_jax.sweep.study import Report
from mtloc_jax.sweep.trainer import Judge, Told, Trainer, initialised

SPLITS = ("validation", "test")


def run_study(config: ConfigDict, folder: Path, report: Report) -> None:
    """Run the study that `config` describes and leave its rows in `folder`, a seed at a time.

    A study that was stopped goes on after its last finished seed. Raises InputError on a config
    that says nothing possible, bad recordings, or a folder that holds another study.
    """
    _check(config)
    site = recordings.open_site(
        config.site,
        config.data_dir,
        WindowSpec(**config.window),
        wifi_entry_max_age_ms=config.wifi_entry_max_age_ms,
        simulation_seed=config.simulation.seed,
        simulated_round_s=config.simulation.round_s,
        on_progress=lambda done, total: report(f"reading {config.site}", done, total),
    )
    workdir.claim(folder, config, _pair(site), site.simulated)
    folders = [workdir.chunk_folder(folder, seed) for seed in range(config.seeds)]
    if not all(part.is_dir() for part in folders):
        bench = _Bench(config, site, folder, report)
        for seed, part in enumerate(folders):
            if not part.is_dir():
                bench.finish(part, seed)
    workdir.merge(folder, folders)


class _Bench:
    """Hold what all seeds share: data on the devices, compiled programs, fresh networks."""

    def __init__(self, config: ConfigDict, site: Site, folder: Path, report: Report) -> None:
        self.config, self.site, self.folder, self.report = config, site, folder, report
        self.network = MTLoc(config.hidden, config.forget_bias)
        self.surveys = [
            carry.surveys(site, config.removed_share, seed) for seed in range(config.seeds)
        ]
        self._initialised: dict[int, Params] = {}
        self.specs = [(arm, float(rate)) for rate in config.finetune_rates for arm in CARRY_ARMS]
        self.judge = Judge(self.network, Wipes(), len(self.specs))
        self.judged_on = {split: _placed(site, site.rows(split)) for split in SPLITS}
        _, second = self.surveys[0]
        self.trainer = Trainer(Static(self.network, config.batch_size), len(self.specs))
        self.data = _placed(site, second.site.rows("train"))
        self.donors = self._donors()

    def finish(self, folder: Path, seed: int) -> None:
        """Train and judge one seed's runs and write them down, whole or not at all."""
        specs = [RunSpec(arm, rate, seed) for arm, rate in self.specs]
        runs, reports = zip(*(self._moved(spec) for spec in specs), strict=True)
        title = f"seed {seed + 1} of {self.config.seeds}"
        params = self.trainer.train(
            list(runs),
            self.data,
            lambda done, total: self.report(f"training, {title}", done, total),
        )
        scalers = [run.scaler for run in runs]
        clean = {
            split: self.judge.clean(params, scalers, data) for split, data in self.judged_on.items()
        }
        with workdir.whole(folder) as partial:
            found = [self._row(*key) for key in _keys(specs, clean)]
            rows.append(partial / rows.ROWS, found)
            rows.append(partial / rows.CDF, found)
            rows.append(partial / rows.TRACKS, [])
            rows.append(partial / rows.LEAVES, [])
            carried = reports[specs.index(RunSpec(carry.CARRIED, self.specs[0][1], seed))]
            (partial / checkpoint.GRAFT).write_text(carried.to_json(), encoding="utf-8")

    def _moved(self, spec: RunSpec) -> tuple[Run, GraftReport]:
        """Return a run of the second survey, started as its arm says, and how."""
        first, second = self.surveys[spec.seed]
        donor = carry.within(replicas.take(self.donors, spec.seed), first)
        in_use = trained_on(spec, second.site, self.config)
        scaler = second.site.scaler(second.site.rows("train")[in_use])
        taken = carry.rules(spec.arm, first, _scaler(first), second, scaler)
        start, report = graft(
            self._fresh(second, self.config.seeds + spec.seed), {"d": donor}, taken
        )
        return prepared(spec, carry.among(start, second), second.site, self.config), report

    def _donors(self) -> Params:
        """Return the networks trained on the first survey, one a seed, rows for all of the site."""
        folder, seeds = self.folder / "donors", range(self.config.seeds)
        card = {
            "site": self.site.card(),
            "config": self.config.to_dict(),
            "runs": [{"seed": seed, "bssids": self.surveys[seed][0].bssids} for seed in seeds],
        }
        if not folder.is_dir():
            runs = []
            for seed in seeds:
                first, _ = self.surveys[seed]
                start = carry.among(self._fresh(first, seed), first)
                spec = RunSpec(SCRATCH, 1.0, seed)
                runs.append(prepared(spec, start, first.site, self.config))
            trainer = Trainer(Static(self.network, self.config.batch_size), len(runs))
            data = _placed(self.site, self.surveys[0][0].site.rows("train"))
            params = trainer.train(runs, data, self._told("training on survey 1"))
            checkpoint.save(folder, params, card)
        return checkpoint.load(folder, {"site": card["site"]})[0]

    def _told(self, stage: str) -> Told:
        return lambda done, total: self.report(stage, done, total)

    def _fresh(self, survey: Survey, seed: int) -> Params:
        """Return a fresh network for a survey's vocabulary; both surveys' seeds differ."""
        n_aps = len(survey.columns)
        if n_aps not in self._initialised:
            windows = self.site.windows
            shapes = (windows.imu.shape[1:], windows.mag.shape[1:], (n_aps,))
            example = tuple(np.zeros((1, *shape), np.float32) for shape in shapes)
            self._initialised[n_aps] = initialised(self.network, example, 2 * self.config.seeds)
        return replicas.take(self._initialised[n_aps], seed)

    def _row(self, spec: RunSpec, split: str, clean: Clean, run: int) -> dict[str, Any]:
        cdf = {f"q{q:03d}": value for q, value in zip(QUANTILES, clean.cdf_m[run], strict=True)}
        return {
            "study": self.config.study,
            "site_pair": _pair(self.site),
            "arm": spec.arm,
            "finetune_rate": spec.finetune_rate,
            "seed": spec.seed,
            "split": split,
            "modality": "none",
            "drop_rate": 0.0,
            "wipe_seed": 0,
            "n_windows": len(self.site.rows(split)),
            **dict(zip(METRICS, clean.metrics[run], strict=True)),
            **cdf,
        }


def _keys(specs: list[RunSpec], clean: dict[str, Clean]):
    return [(spec, split, clean[split], run) for run, spec in enumerate(specs) for split in SPLITS]


def _check(config: ConfigDict) -> None:
    if not 0 <= config.removed_share < 1:
        raise InputError(
            f"removed_share {config.removed_share:g} leaves no access point",
            remedy="set --config.removed_share from 0 to below 1",
        )
    if config.seeds < 1 or not config.finetune_rates:
        raise InputError("there is nothing to train", remedy="set seeds and finetune_rates")


def _scaler(survey: Survey) -> Scaler:
    return survey.site.scaler(survey.site.rows("train"))


def _placed(site: Site, windows: np.ndarray):
    return replicas.placed(site.arrays(windows), replicas.mesh(), replicas.ALL)


def _pair(site: Site) -> str:
    return f"{site.name} survey 1->{site.name} survey 2"
