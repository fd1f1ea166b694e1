"""A study from recordings to rows: pretrain, graft, train the grid, judge it, write it down."""

from collections.abc import Callable
from pathlib import Path

from ml_collections import ConfigDict

from mtloc_jax.core.evaluate import Wipes
from mtloc_jax.core.model import OUTPUTS
from mtloc_jax.errors import InputError
from mtloc_jax.sites.heard import SUBSETS
from mtloc_jax.sites.pretext import PRETEXTS
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.thaw import clauses
from mtloc_jax.sweep import workdir
from mtloc_jax.sweep.estimate import Estimate
from mtloc_jax.sweep.expected import estimated, work_of
from mtloc_jax.sweep.live import Clock, Live
from mtloc_jax.sweep.pair import Sites, open_sites, write_cards
from mtloc_jax.sweep.plan import Chunk, plan
from mtloc_jax.sweep.processes import Share
from mtloc_jax.sweep.starts import Report
from mtloc_jax.sweep.variants import variant_folder
from mtloc_jax.sweep.workshop import Workshop, described, wait_for

ALONE = Share()
CHOICES = {
    "start": ("from_pretrained", "from_transferred"),
    "subset": ("first", "drawn"),
    "protocol": ("epochs", "steps"),
    "branches": SUBSETS,
    "scaling": ("survey", "round"),
    "pretext": PRETEXTS,
    "output": OUTPUTS,
}


def run_study(config: ConfigDict, folder: Path, report: Report) -> None:
    """Run the study that `config` describes and leave its rows in `folder`.

    A study that was stopped goes on after its last finished chunk. Raises InputError on a config
    that says nothing possible, bad recordings, or a folder that holds another study.
    """
    Study(config, folder, report).run()


class Study:
    """A study: its plan, what the plan will take, and the doing of it."""

    def __init__(
        self, config: ConfigDict, folder: Path, report: Report, share: Share = ALONE
    ) -> None:
        """Lay out the plan and read the buildings; nothing is written.

        Raises InputError on a config that says nothing possible, or bad recordings.
        """
        self.plan = plan(config)
        for variant in self.plan.variants:
            check(variant.applied(config))
        self.config, self.folder, self.share = config, folder, share
        self.sites = open_sites([group.config for group in self.plan.groups], report)
        self.workshop = Workshop(self.plan, self.sites, folder, share, report)
        self.folders = self.workshop.folders

    def estimate(self) -> Estimate:
        """Say what there is to do, and what of it is left to this process.

        Calibrates shortly each program that has work left.
        """
        mine = [c.number for c in self.plan.chunks if self.share.has(c.number)]
        left = {number for number in mine if not self.folders[number].is_dir()}
        return estimated(self.plan, self.sites, left, self.workshop.calibrated)

    def run(self, tell: Callable[[Live], object] = lambda live: None) -> bool:
        """Do this process's share of what is missing; merge and return True where all is there.

        Raises InputError where the folder holds another study.
        """
        sites = self.sites[0]
        workdir.claim(self.folder, self.config, sites.pair, sites.simulated)
        if self.share.count == 1:
            workdir.sweep_up(self.folder)
        mine = [chunk for chunk in self.plan.chunks if self.share.has(chunk.number)]
        missing = [chunk for chunk in mine if not _sound(chunk, self.folders[chunk.number])]
        clock = Clock(self._live(mine, missing), tell)
        for chunk in missing:
            self.workshop.finish(chunk, clock)
        return self._merged()

    def _merged(self) -> bool:
        """Merge all chunks: joined, the first process does; else whoever sees the last."""
        if self.share.joined and self.share.index > 0:
            return False
        if self.share.joined:
            for folder in self.folders:
                wait_for(folder)
        if not all(folder.is_dir() for folder in self.folders):
            return False
        workdir.merge_variants(self.folder, self.folders, self.plan)
        write_cards(self._sites_of_parts())
        return True

    def _sites_of_parts(self) -> dict[Path, Sites]:
        """Return the buildings of each folder that gets a report; on top, the first's."""
        return {self.folder: self.sites[0]} | {
            variant_folder(self.folder, variant): sites
            for group, sites in zip(self.plan.groups, self.sites, strict=True)
            for job in group.jobs
            for variant in job.judged
        }

    def _live(self, mine: list[Chunk], missing: list[Chunk]) -> Live:
        work = [work_of(c, self.plan, self.sites[c.group].target) for c in missing]
        n_runs, n_left = (sum(len(chunk.jobs) for chunk in some) for some in (mine, missing))
        return Live(n_runs, n_runs - n_left, gflop_left=sum(gflop for _, gflop in work))


def check(config: ConfigDict) -> None:
    """Raise InputError where a setting is not one of its choices."""
    settings = {name: (config[name], allowed) for name, allowed in CHOICES.items()}
    for name, (value, allowed) in settings.items():
        if value not in allowed:
            raise InputError(
                f"{name} is {value!r}", remedy=f"set --config.{name} to one of {', '.join(allowed)}"
            )
    if not 0 < config.source_rate <= 1:
        raise InputError(
            f"source_rate is {config.source_rate}", remedy="set --config.source_rate in (0, 1]"
        )
    if not 0 <= config.dropout < 1:
        raise InputError(f"dropout is {config.dropout}", remedy="set --config.dropout in [0, 1)")
    Wipes(**config.wipe)  # says itself what it cannot be
    clauses(config.finetune_plan)  # and so does this


def _sound(chunk: Chunk, folder: Path) -> bool:
    """Say whether a chunk is on the disk as it was written; set it aside where it is not.

    Raises InputError where it holds other runs than the plan's.
    """
    if not folder.is_dir():
        return False
    try:
        _, card = checkpoint.load(folder / "checkpoint")
        workdir.check_digests(folder, card.get("rows_sha256", {}))
    except InputError as error:
        workdir.set_aside(folder, f"{error.path}: {error.problem}")
        return False
    planned = [described(job) for job in chunk.jobs]
    if [{k: run.get(k) for k in planned[0]} for run in card["runs"]] != planned:
        raise InputError(
            "this chunk holds other runs than planned",
            remedy="finish with the version that began, or give another --workdir",
            path=folder,
        )
    return True
