"""A study from recordings to rows: pretrain, graft, train the grid, judge it, write it down."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from ml_collections import ConfigDict

from mtloc_jax import buildings, checkpoint, replicas, rows, workdir
from mtloc_jax.arms import FINETUNED, TRANSFERRED
from mtloc_jax.errors import InputError
from mtloc_jax.evaluate import Wipes
from mtloc_jax.graft import Keep, Leave, Take, graft
from mtloc_jax.grid import RunSpec, chunks, grid, prepared, run_of
from mtloc_jax.inputs import Inputs
from mtloc_jax.missing import FILLS, MODES
from mtloc_jax.model import ImuRegressor, MTLoc, Params
from mtloc_jax.record import Record
from mtloc_jax.site import Site
from mtloc_jax.sweep import Judge, Told, Trainer, initialised
from mtloc_jax.train import Run, Static
from mtloc_jax.windows import WindowSpec

Report = Callable[[str, float, float], None]
"""Called with (stage, done, total) whenever there is something new to show."""

IMU_FROM_SOURCE = (
    Take("imu", "source:imu"),
    Keep("mag"),
    Keep("wifi"),
    Keep("fusion"),
    Leave("source:head"),
)
"""Section IV-C: the LSTM layer is taken out of the pretrained network, its head is left."""

CHOICES = {
    "start": ("from_pretrained", "from_transferred"),
    "subset": ("first", "drawn"),
    "protocol": ("epochs", "steps"),
}


@dataclass(frozen=True)
class Sites:
    """Hold the two buildings of a study."""

    source: Site
    target: Site

    @property
    def pair(self) -> str:
        """Return the pair as rows name it."""
        return f"{self.source.name}->{self.target.name}"


def run_study(config: ConfigDict, folder: Path, report: Report) -> None:
    """Run the study that `config` describes and leave its rows in `folder`.

    A study that was stopped goes on after its last finished chunk. Raises InputError on a config
    that says nothing possible, bad recordings, or a folder that holds another study.
    """
    check(config)
    parts = chunks(grid(config), config)
    sites = open_sites(config, report)
    workdir.claim(folder, config, sites.pair, sites.source.simulated or sites.target.simulated)
    folders = [workdir.chunk_folder(folder, number) for number in range(len(parts))]
    if not all(part.is_dir() for part in folders):
        bench = _Bench(config, sites, folder, report)
        for number, runs in enumerate(parts):
            if not folders[number].is_dir():
                bench.finish(folders[number], runs, f"chunk {number + 1} of {len(parts)}")
    workdir.merge(folder, folders)


def check(config: ConfigDict) -> None:
    """Raise InputError where a setting is not one of its choices."""
    settings = {name: (config[name], allowed) for name, allowed in CHOICES.items()}
    settings |= {"wipe.mode": (config.wipe.mode, MODES), "wipe.fill": (config.wipe.fill, FILLS)}
    for name, (value, allowed) in settings.items():
        if value not in allowed:
            raise InputError(
                f"{name} is {value!r}", remedy=f"set --config.{name} to one of {', '.join(allowed)}"
            )
    if config.wipe.cdf_drop_rate not in config.wipe.drop_rates:
        raise InputError(
            f"wipe.cdf_drop_rate {config.wipe.cdf_drop_rate} is not among wipe.drop_rates",
            remedy="add it there",
        )
    if config.start == "from_transferred" and TRANSFERRED not in config.arms:
        raise InputError(
            "start is 'from_transferred' but the transferred arm is not trained",
            remedy="add 'transferred' to --config.arms",
        )


def open_sites(config: ConfigDict, report: Report) -> Sites:
    """Read both buildings; raises InputError where one cannot be."""

    def one(name: str) -> Site:
        return buildings.open_site(
            name,
            config.data_dir,
            WindowSpec(**config.window),
            wifi_entry_max_age_ms=config.wifi_entry_max_age_ms,
            simulation_seed=config.simulation.seed,
            simulated_round_s=config.simulation.round_s,
            on_progress=lambda done, total: report(f"reading {name}", done, total),
        )

    return Sites(one(config.source), one(config.target))


class _Bench:
    """Hold what all chunks of one study share: data on the devices, compiled programs, starts."""

    def __init__(self, config: ConfigDict, sites: Sites, folder: Path, report: Report) -> None:
        self.config, self.sites, self.folder, self.report = config, sites, folder, report
        self.network = MTLoc(config.hidden, config.forget_bias)
        self.wipes = Wipes(**config.wipe)
        n_runs = min(config.runs_per_chunk, len(grid(config)))
        share_frozen = replicas.replica_axis() == "map"
        self.trainer = Trainer(Static(self.network, config.batch_size, share_frozen), n_runs)
        self.judge = Judge(self.network, self.wipes, n_runs)
        self.data = {split: _placed(sites.target, split) for split in sites.target.split._fields}
        self._starts: dict[str, Params] = {}

    def finish(self, folder: Path, specs: list[RunSpec], title: str) -> None:
        """Train and judge one chunk and write it down, whole or not at all."""
        runs = [prepared(s, self._start(s), self.sites.target, self.config) for s in specs]
        params = self.trainer.train(runs, self.data["train"], self._told(f"training, {title}"))
        record = self._judged(specs, runs, params, self._told(f"judging, {title}"))
        with workdir.whole(folder) as partial:
            rows.append(partial / rows.ROWS, record.rows())
            rows.append(partial / rows.CDF, record.cdfs())
            rows.append(partial / rows.TRACKS, record.tracks())
            checkpoint.save(partial / "checkpoint", params, self._chunk_card(specs, runs))

    def _judged(self, specs: list[RunSpec], runs: list[Run], params: Params, told: Told) -> Record:
        scalers, clean = [run.scaler for run in runs], {}
        for done, split in enumerate(("validation", "test")):
            told(done, 3)
            clean[split] = self.judge.clean(params, scalers, self.data[split])
        wiped = self.judge.wiped(params, scalers, self.data["test"])
        told(3, 3)
        return Record(
            self.config.study,
            self.sites.pair,
            self.sites.target,
            specs,
            self.wipes,
            clean,
            wiped,
        )

    def _start(self, spec: RunSpec) -> Params:
        """Return the parameters a run starts from."""
        if spec.arm == FINETUNED and self.config.start == "from_transferred":
            return self._trained(RunSpec(TRANSFERRED, 0.0, spec.seed))
        kind = "grafted" if spec.grafted else "fresh"
        if kind not in self._starts:
            self._starts[kind] = self._grafted() if spec.grafted else self._fresh()
        return replicas.take(self._starts[kind], spec.seed)

    def _trained(self, spec: RunSpec) -> Params:
        parts = chunks(grid(self.config), self.config)
        number = next(k for k, runs in enumerate(parts) if spec in runs)
        folder = workdir.chunk_folder(self.folder, number) / "checkpoint"
        return checkpoint.load_run(folder, parts[number].index(spec))[0]

    def _fresh(self) -> Params:
        """Return fresh target networks, one a seed: the same for every arm, so that arms pair."""
        return initialised(self.network, _example(self.sites.target), self.config.seeds)

    def _grafted(self) -> Params:
        """Return the fresh networks with the IMU branch of the source site's, one a seed."""
        folder, card = self.folder / "grafted", self._seed_card(self.sites.target)
        if not folder.is_dir():
            donors = {"source": self._pretrained()}
            params, taken = graft(self._fresh(), donors, IMU_FROM_SOURCE, stacked=True)
            checkpoint.save(folder, params, card, taken)
        return checkpoint.load(folder, {"site": card["site"]})[0]

    def _pretrained(self) -> Params:
        """Return the networks pretrained on the source site (Table IV), one a seed."""
        folder, card = self.folder / "pretrained", self._seed_card(self.sites.source)
        if not folder.is_dir():
            runs = _pretraining(self.sites.source, self.config)
            network = ImuRegressor(self.config.hidden, self.config.forget_bias)
            trainer = Trainer(Static(network, self.config.batch_size), len(runs))
            told = self._told(f"pretraining on {self.sites.source.name}")
            params = trainer.train(runs, _placed(self.sites.source, "train"), told)
            checkpoint.save(folder, params, card)
        return checkpoint.load(folder, {"site": card["site"]})[0]

    def _told(self, stage: str) -> Told:
        return lambda done, total: self.report(stage, done, total)

    def _seed_card(self, site: Site) -> dict[str, Any]:
        seeds = [{"seed": seed} for seed in range(self.config.seeds)]
        return {"site": site.card(), "config": self.config.to_dict(), "runs": seeds}

    def _chunk_card(self, specs: list[RunSpec], runs: list[Run]) -> dict[str, Any]:
        described = [
            vars(spec) | {"scaler": run.scaler._asdict()}
            for spec, run in zip(specs, runs, strict=True)
        ]
        return {
            "site": self.sites.target.card(),
            "config": self.config.to_dict(),
            "runs": checkpoint.plain(described),
        }


def _pretraining(source: Site, config: ConfigDict) -> list[Run]:
    train = source.rows("train")
    network = ImuRegressor(config.hidden, config.forget_bias)
    fresh = initialised(network, _example(source)[:1], config.seeds)
    return [
        run_of(
            seed=seed,
            start=replicas.take(fresh, seed),
            rows=np.arange(len(train)),
            n_train=len(train),
            scaler=source.scaler(train),
            frozen=(),
            epochs=config.pretrain_epochs,
            config=config,
        )
        for seed in range(config.seeds)
    ]


def _placed(site: Site, split: str):
    return replicas.placed(site.arrays(site.rows(split)), replicas.mesh(), replicas.ALL)


def _example(site: Site) -> Inputs:
    """Return one empty window of the site's shapes, to initialise a network with."""
    w = site.windows
    return Inputs(
        np.zeros((1, *w.imu.shape[1:]), np.float32),
        np.zeros((1, *w.mag.shape[1:]), np.float32),
        np.zeros((1, len(site.bssids)), np.float32),
    )
