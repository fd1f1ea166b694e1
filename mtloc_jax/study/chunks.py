"""Where chunks of runs are trained or fitted, judged and written down."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np

from mtloc_jax import rows
from mtloc_jax.arms import FINETUNED, TRANSFERRED
from mtloc_jax.core.evaluate import Clean, Wiped
from mtloc_jax.core.model import Params
from mtloc_jax.core.train import Run
from mtloc_jax.errors import InputError
from mtloc_jax.files import whole_folder
from mtloc_jax.settings import portable
from mtloc_jax.sites.survey import Coverage
from mtloc_jax.study import fitting, replicas, workdir
from mtloc_jax.study.claims import Claim
from mtloc_jax.study.covering import Covering
from mtloc_jax.study.curves import Curve
from mtloc_jax.study.diverged import unnumbered
from mtloc_jax.study.equipment import Equipment, variants_of
from mtloc_jax.study.estimate import work_of
from mtloc_jax.study.judge import Judge
from mtloc_jax.study.judging import counted, recounted
from mtloc_jax.study.learnt_here import trained_parts
from mtloc_jax.study.opened import Report, Sites
from mtloc_jax.study.plan import FROM_TRANSFERRED, Chunk, Job, Plan
from mtloc_jax.study.processes import Share
from mtloc_jax.study.progress import Clock, Live
from mtloc_jax.study.record import NETWORK, Record, Row
from mtloc_jax.study.runs import RunSpec, prepared
from mtloc_jax.study.starts import Starts
from mtloc_jax.study.trainer import Diverged, Trained
from mtloc_jax.study.variants import Variant
from mtloc_jax.study.walk_chunks import WalkChunks
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.graft_report import proof
from mtloc_jax.surgery.part_program import PART
from mtloc_jax.times import Times, between, from_plain

WAIT_S = 2.0  # between looks at another process's chunk
NETWORKS = "checkpoint"


class Chunks:
    """Do the chunks of one study: train or fit their runs, judge them, write them down."""

    def __init__(
        self,
        plan: Plan,
        sites: list[Sites],
        folder: Path,
        share: Share,
        starts: Starts,
        report: Report,
    ) -> None:
        """Compile nothing yet; `sites` are each group's."""
        self.plan, self.sites, self.share, self.report = plan, sites, share, report
        self.folders = [workdir.chunk_folder(folder, chunk.number) for chunk in plan.chunks]
        self.starts = starts
        self.equipment = Equipment(plan, sites, starts, report)
        self.walks = WalkChunks(plan, sites, starts, report)
        self._covering = Covering()
        self._since_s = time.time()

    def finish(self, batch: tuple[Chunk, ...], clock: Clock, claim: Claim) -> None:
        """Do chunks that train together and write them down, each whole or not at all."""
        self._since_s = time.time()
        first, last, total = batch[0].number + 1, batch[-1].number + 1, len(self.plan.chunks)
        title = f"chunk {first} of {total}"
        if len(batch) > 1:
            title = f"chunks {first} to {last} of {total}"
        if not batch[0].jobs[0].spec.of.of_problem:
            (chunk,) = batch
            networks: dict[str, tuple[Params, dict[str, Any]]] = {}
            if chunk.jobs[0].spec.of.predict:
                records = self._fitted(chunk, f"fitting, {title}")
            else:
                records, networks = self._located(chunk, f"locating, {title}")
            self._write(chunk, records, networks, clock, claim)
            return
        runs = [[self._prepared(job, chunk.group, claim) for job in chunk.jobs] for chunk in batch]
        trained, curves = self._trained(batch, [run for some in runs for run in some], title, clock)
        ends = np.cumsum([len(some) for some in runs]).tolist()
        for chunk, some, end in zip(batch, runs, ends, strict=True):
            part = slice(end - len(some), end)
            params = jax.tree.map(lambda leaf, part=part: leaf[part], trained)
            card = self._card(chunk, [run.scaler.plain() for run in some])
            stage = f"judging, chunk {chunk.number + 1} of {total}"
            records = self._judged(chunk, some, params, curves[part], stage)
            self._write(chunk, records, {NETWORKS: (params, card)}, clock, claim)

    def _write(
        self,
        chunk: Chunk,
        records: list[Record],
        networks: Mapping[str, tuple[Params, dict[str, Any]]],
        clock: Clock,
        claim: Claim,
    ) -> None:
        claim.check()
        with whole_folder(self.folders[chunk.number]) as partial:
            for record in records:
                for name, found in record.tables().items():
                    rows.append(partial / name, found)
            described_runs = [described(job) for job in chunk.jobs]
            now_s = time.time()
            took = between(self._since_s, max(now_s, self._since_s))
            self._since_s = now_s  # what follows is of the next chunk of its batch
            for name, (params, card) in networks.items():
                checkpoint.save(partial / name, params, card)
            workdir.seal(partial, self.starts.kept.identity, described_runs, took)
        best_m = min(record.best_m() for record in records)
        curves = [curve for record in records for curve in record.groups()]
        clock.finished(len(chunk.jobs), best_m, [*self.starts.curves(), *curves])

    def is_sound(self, chunk: Chunk) -> bool:
        """Say whether a chunk is on the disk as it was written; set it aside where it is not.

        Raises InputError where it is another study's, or holds other runs than the plan's.
        """
        folder = self.folders[chunk.number]
        if not folder.is_dir():
            return False
        try:
            found = workdir.sealed(folder)
            for name in _kept_by(chunk):
                checkpoint.verify(folder / name)
        except InputError as error:
            workdir.set_aside(folder, f"{error.path}: {error.problem}")
            return False
        self._check(chunk, found)
        return True

    def checked(self, chunk: Chunk) -> Times | None:
        """Return when a chunk was done, by whatever process; None where it does not say.

        Raises InputError where its rows are not as written.
        """
        found = workdir.sealed(self.folders[chunk.number])
        self._check(chunk, found)
        said = found.get(workdir.TIMES_OF_CHUNK)
        return from_plain(said) if said else None

    def _check(self, chunk: Chunk, found: Mapping[str, Any]) -> None:
        """Raise InputError where a chunk is another study's, or holds other runs than the plan."""
        folder = self.folders[chunk.number]
        self.starts.kept.identity.check(found, folder)
        if found["runs"] != [described(job) for job in chunk.jobs]:
            raise InputError(
                "this chunk holds other runs than planned",
                remedy="finish with the version that began, or give another --workdir",
                path=folder,
            )

    def _prepared(self, job: Job, group: int, claim: Claim) -> Run:
        settings, sites = self.plan.of(job), self.sites[group]
        if job.spec.arm == FINETUNED and settings.start == FROM_TRANSFERRED:
            start = self._transferred(job, claim)
        else:
            start = self.starts.of(job, settings, sites)
        return prepared(job.spec, start, sites.seen(job.spec.seed), settings)

    def _transferred(self, job: Job, claim: Claim) -> Params:
        """Return the transferred network that a fine-tuned one starts from, of an earlier chunk."""
        wanted = RunSpec(TRANSFERRED, 0.0, job.spec.seed)
        chunk, index = next(
            (chunk, k)
            for chunk in self.plan.chunks
            for k, other in enumerate(chunk.jobs)
            if (other.spec, other.trained) == (wanted, job.trained)
        )
        folder = self.folders[chunk.number]
        if not folder.is_dir() and not self.share.joined:
            alone = Clock(Live(len(chunk.jobs), 0, 0.0), lambda live: None)
            self.finish((chunk,), alone, claim)
        wait_for(folder, claim)
        return checkpoint.load_run(folder / NETWORKS, index)[0]

    def _trained(
        self, batch: tuple[Chunk, ...], runs: list[Run], title: str, clock: Clock
    ) -> Trained:
        group = batch[0].group
        target = self.sites[group].target
        gflop = sum(work_of(chunk, self.plan, target)[1] for chunk in batch)

        def told(done: float, total: float) -> None:
            self.report(f"training, {title}", done, total)
            clock.trained(done, gflop * done / max(total, 1))

        try:
            return self.equipment.trainer(batch).trained(
                runs, self.equipment.data(group)["train"], told, self.equipment.watched(group)
            )
        except Diverged as error:
            # Their judgement is no number either: they get no rows, the others do.
            params = unnumbered(error.trained.params, error.runs)
            return error.trained._replace(params=params)

    def _fitted(self, chunk: Chunk, stage: str) -> list[Record]:
        """Fit and judge the predictors of a chunk."""
        site, found = self.sites[chunk.group].target, []
        for done, job in enumerate(chunk.jobs):
            self.report(stage, done, len(chunk.jobs))
            found.append(
                fitting.fitted(
                    job.spec, self.sites[chunk.group].seen(job.spec.seed), self.plan.of(job)
                )
            )
        self.report(stage, len(chunk.jobs), len(chunk.jobs))
        every = {split: np.ones(len(site.rows(split)), bool) for split in site.split.judged}
        nothing: dict[Variant, Wiped | None] = dict.fromkeys(variants_of(chunk))
        chosen = [one.chosen for one in found]
        return self._records(chunk, fitting.judged(found, site, every), (), nothing, {}, chosen)

    def _located(
        self, chunk: Chunk, stage: str
    ) -> tuple[list[Record], dict[str, tuple[Params, dict[str, Any]]]]:
        """Locate the walks of a chunk; return the networks trained for it too, by their folder."""
        found = self.walks.judged(chunk, self.equipment.losses(variants_of(chunk)), stage)
        nothing: dict[Variant, Wiped | None] = dict.fromkeys(variants_of(chunk))
        records = self._records(
            chunk,
            found.clean,
            (),
            nothing,
            found.lost,
            found.chosen,
            stated=found.stated,
            curves=found.curves,
        )
        return records, {
            f"{NETWORKS}-{part}": (params, self._named(chunk) | {PART: part, "runs": runs})
            for part, (params, runs) in found.kept.items()
        }

    def _judged(
        self,
        chunk: Chunk,
        runs: list[Run],
        params: Params,
        curves: Sequence[Curve],
        stage: str,
    ) -> list[Record]:
        """Judge all runs of a chunk, once for each way of wiping that one of them is judged by."""
        data = self.equipment.data(chunk.group)
        scalers = [run.scaler for run in runs]
        judges = {variant: self.equipment.judge(chunk, variant) for variant in variants_of(chunk)}
        every = list(dict.fromkeys(judges.values()))
        unwiped = self.equipment.unwiped(chunk)
        clean, n_stages = {}, len(unwiped) + len(every)
        for done, name in enumerate(unwiped):
            self.report(stage, done, n_stages)
            clean[name] = every[0].clean(params, scalers, data[name])
        lost = {name: clean.pop(name) for name in self.equipment.losses(variants_of(chunk))}
        wiped: dict[Judge, Wiped | None] = {}
        for done, judge in enumerate(every, start=len(unwiped)):
            self.report(stage, done, n_stages)
            wiped[judge] = judge.wiped(params, scalers, data["test"])
        self.report(stage, n_stages, n_stages)
        proofs = [self._proof(job, replicas.take(params, k)) for k, job in enumerate(chunk.jobs)]
        branches = every[0].problem.branches
        by_variant = {variant: wiped[judge] for variant, judge in judges.items()}
        return self._records(
            chunk,
            clean,
            branches,
            by_variant,
            lost,
            [{}] * len(runs),
            proofs,
            curves=[{NETWORK: curve} for curve in curves],
        )

    def _records(
        self,
        chunk: Chunk,
        clean: Mapping[str, Clean],
        branches: tuple[str, ...],
        wiped: Mapping[Variant, Wiped | None],
        lost: Mapping[str, Clean],
        chosen: list[Mapping[str, Any]],
        proofs: list[Row | None] | None = None,
        stated: Mapping[str, np.ndarray] | None = None,
        curves: Sequence[Mapping[str, Curve]] = (),
    ) -> list[Record]:
        sites = self.sites[chunk.group]
        covered = [self._covered(job, sites) for job in chunk.jobs]
        made = {variant: variant.applied(self.plan.settings) for variant in wiped}
        counts = {variant: counted(sites.target, settings) for variant, settings in made.items()}
        return [
            Record(
                settings=made[variant],
                site_pair=sites.pair,
                site=sites.target,
                specs=[job.spec for job in chunk.jobs],
                wanted=[k for k, job in enumerate(chunk.jobs) if variant in job.judged],
                clean=recounted(clean, sites.target, counts[variant]),
                modalities=branches,
                wiped=found,
                lost=recounted(lost, sites.target, counts[variant]),
                proofs=proofs or [None] * len(chunk.jobs),
                chosen=chosen,
                covered=covered,
                counts=counts[variant],
                stated=stated,
                curves=curves,
            )
            for variant, found in wiped.items()
        ]

    def _covered(self, job: Job, sites: Sites) -> Mapping[str, Coverage]:
        """Return how what a job was trained on covers each split that it is judged on."""
        return self._covering.of(job.spec, sites.seen(job.spec.seed), self.plan.of(job))

    def _proof(self, job: Job, params: Params) -> Row | None:
        """Return what training did to a job's grafted leaves; None where none were."""
        report = self.starts.graft_report(job, self.plan.of(job))
        if report is None:
            return None
        return proof(report, params, job.spec.seed if report.stacked else 0)

    def _card(self, chunk: Chunk, scalers: list[dict[str, Any]]) -> dict[str, Any]:
        group = self.plan.groups[chunk.group]
        problem = group.example.of.problem_in(group.settings)
        runs = [
            described(job) | {"problem": problem, "scaler": scaler}
            for job, scaler in zip(chunk.jobs, scalers, strict=True)
        ]
        return self._named(chunk) | {"runs": checkpoint.plain(runs)}

    def _named(self, chunk: Chunk) -> dict[str, Any]:
        """Return what the card of a chunk's networks says of their site and settings."""
        settings = self.plan.groups[chunk.group].settings
        return {
            "site": self.sites[chunk.group].target.card(),
            "config": portable(settings),
        }


def described(job: Job) -> dict[str, Any]:
    """Return how a chunk's card names one of its runs."""
    named = {"variant": job.trained.name} if job.trained.settings else {}
    return vars(job.spec) | named


def wait_for(folder: Path, claim: Claim) -> None:
    """Wait until another process has written a chunk; should it die, JAX ends this one too.

    Raises InputError where the study's folder is removed.
    """
    while not folder.is_dir():
        claim.check()
        time.sleep(WAIT_S)


def _kept_by(chunk: Chunk) -> list[str]:
    """Return the folders of the networks that a chunk trains."""
    if chunk.jobs[0].spec.of.of_problem:
        return [NETWORKS]
    return [f"{NETWORKS}-{part}" for part in sorted(trained_parts(chunk.jobs))]
