"""A study from recordings to rows: pretrain, graft, train the grid, judge it, write it down."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain, product
from pathlib import Path

from mtloc_jax import times
from mtloc_jax.errors import InputError
from mtloc_jax.rows import DIVERGED, Table, empty, read
from mtloc_jax.settings import Settings
from mtloc_jax.study import history, learnt, merging, workdir
from mtloc_jax.study.chunks import Chunks, wait_for
from mtloc_jax.study.claims import Claim, alone, claimed
from mtloc_jax.study.estimate import Estimate, estimated, work_of
from mtloc_jax.study.learnt import Row
from mtloc_jax.study.opened import (
    Report,
    Sites,
    digests_of,
    open_sites,
    pair_of,
    write_cards,
    write_plans,
)
from mtloc_jax.study.plan import FROM_PRETRAINED, FROM_TRANSFERRED, Chunk, Plan, plan
from mtloc_jax.study.processes import Share
from mtloc_jax.study.progress import Clock, Live
from mtloc_jax.study.runs import turns
from mtloc_jax.study.stages import READING, REPORTING
from mtloc_jax.study.starts import Starts
from mtloc_jax.study.variants import Variant, variant_folder
from mtloc_jax.surgery.network import Network, folder_and_run, read_network
from mtloc_jax.surgery.new_network import check_heard
from mtloc_jax.surgery.tree import tree_digest
from mtloc_jax.times import Times

ALONE = Share()


def run_study(settings: Settings, folder: Path, report: Report) -> None:
    """Run the study that `settings` describe and leave its rows in `folder`.

    A study that was stopped goes on after its last finished chunk. Raises InputError on settings
    that say nothing possible, bad recordings, or a folder that holds another study.
    """
    Study(settings, folder, report).run()


class Study:
    """A study: its plan, what the plan will take, and the doing of it."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        report: Report,
        share: Share = ALONE,
        question: str = "",
    ) -> None:
        """Lay out the plan and read the buildings; nothing is written.

        question: what the study asks, in words, for its report
        Raises InputError on settings that say nothing possible, or bad recordings.
        """
        self.plan = plan(settings)
        self.settings, self.folder, self.share = settings, folder, share
        self.question = question
        self.given, began_s = _given(self.plan), time.monotonic()
        # What was given is grafted; what locates walks learns of the source's all the same.
        learns_there = any(
            job.spec.of.start == "pretrained" and (self.given is None or job.spec.of.locate)
            for group in self.plan.groups
            for job in group.jobs
        )
        opened = open_sites(
            [group.settings for group in self.plan.groups],
            learns_there,
            _origin(self.given),
            report,
        )
        self.sites = [
            replace(sites, both=group.example.of.both)
            for group, sites in zip(self.plan.groups, opened, strict=True)
        ]
        self._read_s = time.monotonic() - began_s
        self.starts = Starts(folder, report, self.given)
        for group, sites in zip(self.plan.groups, self.sites, strict=True):
            self.starts.check_given(group, sites.target)
            if any(job.spec.of.of_problem for job in group.jobs):
                check_heard(sites.target)
            for job in group.jobs:
                if self.plan.of(job).walks:
                    turns(job.spec, sites.target, self.plan.of(job))  # says itself what it lacks
        self.chunks = Chunks(self.plan, self.sites, folder, share, self.starts, report)
        self.folders = self.chunks.folders
        self._claim: Claim | None = None

    def estimate(self, reporting_s: float = 0.0) -> Estimate:
        """Say what there is to do, and what of it is left to this process.

        reporting_s: what a report will take
        Calibrates shortly each program that has work left.
        """
        mine = [c.number for c in self.plan.chunks if self.share.has(c.number)]
        left = {number for number in mine if not self.folders[number].is_dir()}
        self.chunks.equipment.compile_ahead(c for c in self.plan.chunks if c.number in left)
        around = {READING: self._read_s, REPORTING: reporting_s}
        return estimated(
            self.plan,
            self.sites,
            left,
            self.chunks.equipment.calibrated,
            around,
            lambda job: self.starts.is_pretrained(job, self.plan.of(job)),
        )

    @contextmanager
    def claimed(self) -> Iterator[Claim]:
        """Keep other processes from this one's chunks, until a report of them is written as well.

        Raises InputError where the folder holds other files, another process is at work on these
        chunks, or the folder was removed meanwhile.
        """
        if self._claim is not None:
            yield self._claim
            return
        workdir.check_empty(self.folder, self.settings, self._digests())
        with claimed(self.folder, self.share) as self._claim:
            try:
                yield self._claim
            finally:
                self._claim = None

    def run(
        self, tell: Callable[[Live], object] = lambda live: None, *, accept_changes: bool = False
    ) -> bool:
        """Do this process's share of what is missing; merge and return True where all is there.

        accept_changes: go on with other code or packages than the study was begun with
        Raises InputError as `claimed`, and where the folder holds another study.
        """
        with self.claimed() as claim:
            with alone(self.folder):
                identity = workdir.claim(
                    self.folder,
                    self.settings,
                    site_pair=pair_of(self.sites),
                    simulated=any(sites.simulated for sites in self.sites),
                    data=self._digests(),
                    question=self.question,
                    accept_changes=accept_changes,
                )
            self.starts.kept.begin(identity, claim)
            if self.share.count == 1 and claim.locked:
                workdir.sweep_up(self.folder)
            mine = [chunk for chunk in self.plan.chunks if self.share.has(chunk.number)]
            missing = [chunk for chunk in mine if not self.chunks.is_sound(chunk)]
            self.chunks.equipment.compile_ahead(missing)
            clock = Clock(self._live(mine, missing), tell)
            for batch in self.chunks.equipment.together(missing):
                self.chunks.finish(batch, clock, claim)
            return self._merged(claim)

    def _digests(self) -> dict[str, str]:
        given = {} if self.given is None else {"start": tree_digest(self.given.params)}
        return digests_of(self.sites) | given

    def check_diverged(self) -> None:
        """Raise InputError where merged runs diverged, with their number and their setting."""
        path = self.folder / DIVERGED
        found = read(path) if path.is_file() else empty(DIVERGED)
        if not len(found["seed"]):
            return
        said = [
            f"{arm} {rate:g}, seed {seed} of {study} at learning_rate {step:g}"
            for study, arm, rate, seed, step in zip(
                *(found[name] for name in ("study", "arm", "finetune_rate", "seed")),
                found["learning_rate"],
                strict=True,
            )
        ]
        raise InputError(
            f"{len(said)} of {len(self.plan.order())} runs diverged: {', '.join(said[:3])}"
            + (", .." if len(said) > 3 else "")
            + self._of_pretraining(found)
            + "; the others have their rows",
            remedy="lower --config.learning_rate and give another --workdir",
            path=path,
        )

    def _of_pretraining(self, diverged: Table) -> str:
        """Say of which seeds it was the pretraining that diverged."""
        keys = set(zip(*(diverged[name] for name in ("study", "arm", "seed")), strict=True))
        seeds = {
            job.spec.seed
            for group in self.plan.groups
            for job in group.jobs
            for variant in job.judged
            if (variant.study(self.settings.study), job.spec.arm, job.spec.seed) in keys
            and self.starts.lost(job, self.plan.of(job))
        }
        if not seeds:
            return ""
        return f"; the pretraining of seed {', '.join(map(str, sorted(seeds)))} did"

    def _merged(self, claim: Claim) -> bool:
        """Merge all chunks: joined, the first process does; else whoever sees the last."""
        if self.share.joined and self.share.index > 0:
            return False
        if self.share.joined:
            for folder in self.folders:
                wait_for(folder, claim)
        claim.check()
        if not all(folder.is_dir() for folder in self.folders):
            return False
        done = [self.chunks.checked(chunk) for chunk in self.plan.chunks]
        merging.merge(self.folder, self.folders, self.plan, self._pairs(), self._taught_in_parts())
        for folder, took in self._times_in_parts(done).items():
            workdir.write_json(folder / times.TIMES, took.plain())
        parts = self._sites_of_parts()
        write_cards(parts)
        write_plans(parts)
        learnt.write(self._learnt_in_parts())
        merging.record_sums(list(parts))
        self.starts.kept.tidy()
        return True

    def _times_in_parts(self, done: Sequence[Times | None]) -> dict[Path, Times]:
        """Return when each variant's runs were done, its share of the work by runs; on top, all.

        done: of each chunk, None where that does not say
        """
        shares: dict[Variant, list[Times]] = {variant: [] for variant in self.plan.variants}
        for chunk, took in zip(self.plan.chunks, done, strict=True):
            if took is None:
                continue
            judged = Counter(variant for job in chunk.jobs for variant in job.judged)
            for variant, n in judged.items():
                shares[variant].append(replace(took, work_s=took.work_s * n / len(chunk.jobs)))
        of_each = {variant_folder(self.folder, of): shares[of] for of in shares}
        found = {folder: times.together(some) for folder, some in of_each.items()}
        found[self.folder] = times.together(filter(None, done))
        return {folder: took for folder, took in found.items() if took}

    def _sites_of_parts(self) -> dict[Path, Sites]:
        """Return the buildings of each folder that gets a report; on top, the first's."""
        return {self.folder: self.sites[0]} | {
            variant_folder(self.folder, variant): sites
            for group, sites in zip(self.plan.groups, self.sites, strict=True)
            for job in group.jobs
            for variant in job.judged
        }

    def _pairs(self) -> dict[Variant, str]:
        """Return the pair of buildings that each variant is of."""
        return {
            variant: sites.pair
            for group, sites in zip(self.plan.groups, self.sites, strict=True)
            for job in group.jobs
            for variant in job.judged
        }

    def _learnt_in_parts(self) -> dict[Path, list[Row]]:
        """Return what the pretrained networks of each variant learnt; on top, those of all."""
        found: dict[Variant, list[Row]] = {variant: [] for variant in self.plan.variants}
        for group, sites in zip(self.plan.groups, self.sites, strict=True):
            for job in group.jobs:
                rows = self.starts.learnt(job, self.plan.of(job))
                for variant in job.judged:
                    named = {"study": variant.study(self.settings.study), "site_pair": sites.pair}
                    found[variant] = found[variant] or [named | row for row in rows]
        every = {self.folder: [row for of_variant in found.values() for row in of_variant]}
        return every | {variant_folder(self.folder, of): found[of] for of in found}

    def _taught_in_parts(self) -> dict[Path, list[Row]]:
        """Return how the networks trained that runs of each variant start from; on top, of all."""
        found: dict[Variant, dict[str, list[Row]]] = {of: {} for of in self.plan.variants}
        for group, sites in zip(self.plan.groups, self.sites, strict=True):
            for job in group.jobs:
                by_part = self.starts.trained(job, self.plan.of(job))
                for part, variant in product(by_part, job.judged):
                    named = {"study": variant.study(self.settings.study), "site_pair": sites.pair}
                    told = list(history.rows_of(named, part, by_part[part]))
                    found[variant].setdefault(part, told)
        of_each = {of: list(chain(*parts.values())) for of, parts in found.items()}
        every = {self.folder: list(chain(*of_each.values()))}
        return every | {variant_folder(self.folder, of): rows for of, rows in of_each.items()}

    def _live(self, mine: list[Chunk], missing: list[Chunk]) -> Live:
        work = [work_of(c, self.plan, self.sites[c.group].target) for c in missing]
        n_runs, n_left = (sum(len(chunk.jobs) for chunk in some) for some in (mine, missing))
        return Live(n_runs, n_runs - n_left, gflop_left=sum(gflop for _, gflop in work))


def _given(plan: Plan) -> Network | None:
    """Return the checkpoint that grafted arms start from; None where they are pretrained here.

    Raises InputError where `start` is neither a word nor a checkpoint, or variants differ in it.
    """
    starts = {made.start for made in plan.made.values()}
    places = starts - {FROM_PRETRAINED, FROM_TRANSFERRED}
    if not places:
        return None
    (place, *others) = sorted(places)
    if not Path(folder_and_run(place)[0]).exists():
        raise InputError(
            f"start is {place!r}, and no checkpoint is there",
            remedy=f"set --config.start to {FROM_PRETRAINED}, {FROM_TRANSFERRED}, or a checkpoint "
            "that launch.graft wrote",
        )
    if others or len(starts) > 1:
        raise InputError(
            f"config.sweep: start is {place!r} in some variants alone",
            remedy="give each checkpoint a study of its own: its rows name one pair of sites",
        )
    return read_network(place)


def _origin(given: Network | None) -> str:
    """Return where the given network came from: the sites of its donors, or its own."""
    if given is None:
        return ""
    donors = [donor.get("site") for donor in given.card.get("lineage", {}).values()]
    return "+".join(filter(None, donors)) or str(given.card.get("site", {}).get("name", "imported"))
