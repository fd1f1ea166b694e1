"""What each run of a study starts from: fresh, or with the pretrained IMU branch grafted in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from mtloc_jax.core.model import MTLoc, Params
from mtloc_jax.core.train import Static
from mtloc_jax.errors import InputError
from mtloc_jax.sites.pretext import RANDOM
from mtloc_jax.sites.site import Arrays, Site
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.graft import Keep, Leave, Take, graft
from mtloc_jax.surgery.graft_report import GraftReport
from mtloc_jax.sweep import replicas, workdir
from mtloc_jax.sweep.plan import Job
from mtloc_jax.sweep.pretraining import Pretraining, example, pretraining, untrained
from mtloc_jax.sweep.processes import Share
from mtloc_jax.sweep.trainer import Diverged, Trainer, initialised
from mtloc_jax.sweep.variants import Variant, grafting_settings, pretraining_settings

IMU_FROM_SOURCE = (
    Take("imu", "source:imu"),
    Keep("mag"),
    Keep("wifi"),
    Keep("fusion"),
    Leave("source:head"),
)
"""Section IV-C: the LSTM layer is taken out of the pretrained network, its head is left."""

Report = Callable[[str, float, float], None]
"""Called with (stage, done, total) whenever there is something new to show."""


class Starts:
    """Make the networks that runs start from, one a seed, and keep those that took training."""

    def __init__(self, folder: Path, share: Share, report: Report) -> None:
        """Make nothing yet."""
        self.folder, self.share, self.report = folder, share, report
        self._made: dict[str, Params] = {}
        self._reports: dict[str, GraftReport | None] = {}
        self._trainers: dict[tuple[Any, ...], Trainer] = {}

    def of(self, job: Job, config: ConfigDict, source: Site, target: Site) -> Params:
        """Return the parameters a job starts from; `config` is what it is trained with."""
        if not job.spec.grafted:
            return replicas.take(self.fresh(config, target), job.spec.seed)
        name = _grafted_name(job, config)
        if name not in self._made:
            variant = _of_settings(job.trained, pretraining_settings(config))
            self._made[name] = self._grafted(name, variant, config, source, target)
        return replicas.take(self._made[name], job.spec.seed)

    def graft_report(self, job: Job, config: ConfigDict) -> GraftReport | None:
        """Return what the graft did that a job's network came from, of all seeds; None for none."""
        if not job.spec.grafted:
            return None
        name = _grafted_name(job, config)
        if name not in self._reports:
            self._reports[name] = checkpoint.read_report(self.folder / name)
        return self._reports[name]

    def fresh(self, config: ConfigDict, target: Site) -> Params:
        """Return fresh target networks, one a seed: the same for every arm, so that arms pair."""
        network, window = MTLoc(config.hidden, config.forget_bias), example(target)
        key = repr((network.hidden, network.forget_bias, *(part.shape for part in window)))
        if key not in self._made:
            self._made[key] = initialised(network, window, config.seeds)
        return self._made[key]

    def _grafted(
        self, name: str, variant: Variant, config: ConfigDict, source: Site, target: Site
    ) -> Params:
        """Return the fresh networks with the IMU branch of the source site's, one a seed."""

        def make(folder: Path) -> None:
            donors = {"source": self._pretrained(variant, config, source)}
            params, taken = graft(self.fresh(config, target), donors, IMU_FROM_SOURCE, stacked=True)
            checkpoint.save(folder, params, _card(target, config), taken)

        return self._kept(self.folder / name, target, make)

    def _pretrained(self, variant: Variant, config: ConfigDict, source: Site) -> Params:
        """Return the networks pretrained on the source site (Table IV), one a seed."""

        def make(folder: Path) -> None:
            if config.pretext == RANDOM:
                params = untrained(source, config)
            else:
                stage = f"pretraining on {source.name}" + (variant.name and f", {variant.name}")
                params = self._trained(pretraining(source, config), config, stage)
            checkpoint.save(folder, params, _card(source, config))

        return self._kept(self.folder / f"pretrained{_suffix(variant)}", source, make)

    def _trained(self, made: Pretraining, config: ConfigDict, stage: str) -> Params:
        static = Static(made.network, config.batch_size)
        key = (static, made.data.imu.shape)
        if key not in self._trainers:
            self._trainers[key] = Trainer(static, len(made.runs))
        data = replicas.placed(made.data, replicas.mesh(), replicas.ALL)
        try:
            return self._trainers[key].train(
                made.runs, data, lambda done, total: self.report(stage, done, total)
            )
        except Diverged as error:
            raise InputError(f"{stage}: {error}", remedy="lower --config.learning_rate") from error

    def _kept(self, folder: Path, site: Site, make: Callable[[Path], None]) -> Params:
        """Return the networks in `folder`; make them where they are not, or are damaged."""
        if folder.is_dir():
            try:
                checkpoint.load(folder)
            except InputError as error:
                workdir.set_aside(folder, str(error))
        if not folder.is_dir():
            mine = workdir.partial(folder, self.share.index)
            make(mine)
            workdir.settle(mine, folder)
        return checkpoint.load(folder, {"site": site.card()})[0]


def placed(site: Site, split: str) -> Arrays:
    """Put a split's windows on each device."""
    return replicas.placed(site.arrays(site.rows(split)), replicas.mesh(), replicas.ALL)


def _of_settings(variant: Variant, names: tuple[str, ...]) -> Variant:
    """Return the part of a variant that concerns some settings."""
    return Variant(tuple(p for p in variant.settings if p[0].partition(".")[0] in names))


def _grafted_name(job: Job, config: ConfigDict) -> str:
    return f"grafted{_suffix(_of_settings(job.trained, grafting_settings(config)))}"


def _suffix(variant: Variant) -> str:
    return f"-{variant.name}" if variant.settings else ""


def _card(site: Site, config: ConfigDict) -> dict[str, Any]:
    seeds = [{"seed": seed} for seed in range(config.seeds)]
    return {"site": site.card(), "config": config.to_dict(), "runs": seeds}
