"""Where chunks of runs are trained, judged and written down."""

import time
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict

from mtloc_jax.core.evaluate import Wipes
from mtloc_jax.core.model import MTLoc, Params
from mtloc_jax.core.train import Run, Static
from mtloc_jax.errors import InputError
from mtloc_jax.report import rows
from mtloc_jax.report.arms import FINETUNED, TRANSFERRED
from mtloc_jax.surgery import checkpoint
from mtloc_jax.sweep import replicas, workdir
from mtloc_jax.sweep.expected import work_of
from mtloc_jax.sweep.grid import RunSpec, prepared
from mtloc_jax.sweep.live import Clock, Live
from mtloc_jax.sweep.pair import Sites
from mtloc_jax.sweep.plan import Chunk, Job, Plan
from mtloc_jax.sweep.processes import Share
from mtloc_jax.sweep.proof import proof
from mtloc_jax.sweep.record import Record
from mtloc_jax.sweep.starts import Report, Starts, placed
from mtloc_jax.sweep.trainer import Diverged, Judge, Speed, Trainer
from mtloc_jax.sweep.variants import Variant

WAIT_S = 2.0  # between looks at another process's chunk


class Workshop:
    """Hold what all chunks of one study share: data on the devices, compiled programs, starts."""

    def __init__(
        self, plan: Plan, sites: list[Sites], folder: Path, share: Share, report: Report
    ) -> None:
        """Compile nothing yet; `sites` are each group's."""
        self.plan, self.sites, self.share, self.report = plan, sites, share, report
        self.folders = [workdir.chunk_folder(folder, chunk.number) for chunk in plan.chunks]
        self.starts = Starts(folder, share, report)
        self._trainers: dict[tuple[int, Static], Trainer] = {}
        self._judges: dict[tuple[MTLoc, Wipes], Judge] = {}
        self._data: dict[int, dict[str, Any]] = {}

    def calibrated(self, chunk: Chunk) -> Speed:
        """Train a little of a chunk, from fresh networks: what is grafted costs the same."""
        target = self.sites[chunk.group].target
        runs = [
            prepared(
                job.spec,
                replicas.take(self.starts.fresh(self.plan.of(job), target), job.spec.seed),
                target,
                self.plan.of(job),
            )
            for job in chunk.jobs
        ]
        return self._trainer(chunk).calibrate(runs, self._on_device(chunk.group)["train"])

    def finish(self, chunk: Chunk, clock: Clock) -> None:
        """Train and judge one chunk and write it down, whole or not at all."""
        title = f"chunk {chunk.number + 1} of {len(self.plan.chunks)}"
        runs = [self._prepared(job, chunk.group) for job in chunk.jobs]
        params = self._trained(chunk, runs, title, clock)
        records = self._judged(chunk, runs, params, f"judging, {title}")
        folder = self.folders[chunk.number]
        with workdir.whole(folder, self.share.index) as partial:
            for record in records:
                rows.append(partial / rows.ROWS, record.rows())
                rows.append(partial / rows.CDF, record.cdfs())
                rows.append(partial / rows.TRACKS, record.tracks())
                rows.append(partial / rows.LEAVES, record.leaves())
            card = self._card(chunk, runs) | {"rows_sha256": workdir.digests(partial)}
            checkpoint.save(partial / "checkpoint", params, card)
        clock.finished(len(runs), min(record.best_m() for record in records))

    def _prepared(self, job: Job, group: int) -> Run:
        config, sites = self.plan.of(job), self.sites[group]
        if job.spec.arm == FINETUNED and config.start == "from_transferred":
            start = self._transferred(job)
        else:
            start = self.starts.of(job, config, sites.source, sites.target)
        return prepared(job.spec, start, sites.target, config)

    def _transferred(self, job: Job) -> Params:
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
            self.finish(chunk, Clock(Live(len(chunk.jobs), 0, 0.0), lambda live: None))
        wait_for(folder)
        return checkpoint.load_run(folder / "checkpoint", index)[0]

    def _trained(self, chunk: Chunk, runs: list[Run], title: str, clock: Clock) -> Params:
        _, gflop = work_of(chunk, self.plan, self.sites[chunk.group].target)

        def told(done: float, total: float) -> None:
            self.report(f"training, {title}", done, total)
            clock.trained(done, gflop * done / max(total, 1))

        data = self._on_device(chunk.group)["train"]
        try:
            return self._trainer(chunk).train(runs, data, told)
        except Diverged as error:
            lost = [described(chunk.jobs[k]) for k in error.runs[:3]]
            raise InputError(
                f"{len(error.runs)} of {len(runs)} runs diverged, among them {lost}",
                remedy="lower their learning rate; finished chunks are kept",
            ) from error

    def _judged(self, chunk: Chunk, runs: list[Run], params: Params, stage: str) -> list[Record]:
        """Judge all runs of a chunk, once for each way of wiping that one of them is judged by."""
        sites, data = self.sites[chunk.group], self._on_device(chunk.group)
        scalers, specs = [run.scaler for run in runs], [job.spec for job in chunk.jobs]
        variants = list(dict.fromkeys(v for job in chunk.jobs for v in job.judged))
        judges = {variant: self._judge(chunk.group, variant) for variant in variants}
        clean, wiped = {}, {}
        n_stages = 2 + len(set(judges.values()))
        judge = judges[variants[0]]
        for done, split in enumerate(("validation", "test")):
            self.report(stage, done, n_stages)
            clean[split] = judge.clean(params, scalers, data[split])
        for done, judge in enumerate(dict.fromkeys(judges.values())):
            self.report(stage, 2 + done, n_stages)
            wiped[judge] = judge.wiped(params, scalers, data["test"])
        self.report(stage, n_stages, n_stages)
        proofs = [
            self._proof(job, replicas.take(params, index)) for index, job in enumerate(chunk.jobs)
        ]
        return [
            Record(
                variant.study(self.plan.config.study),
                sites.pair,
                sites.target,
                specs,
                [k for k, job in enumerate(chunk.jobs) if variant in job.judged],
                _wipes(variant.applied(self.plan.config)),
                clean,
                wiped[judges[variant]],
                proofs,
            )
            for variant in variants
        ]

    def _proof(self, job: Job, params: Params) -> dict[str, Any] | None:
        """Return what training did to a job's grafted leaves; None where none were."""
        report = self.starts.graft_report(job, self.plan.of(job))
        return None if report is None else proof(report, params, job.spec.seed)

    def _trainer(self, chunk: Chunk) -> Trainer:
        config = self.plan.groups[chunk.group].config
        features = replicas.imu_features(chunk.frozen)
        key = chunk.group, Static(_network(config), config.batch_size, features)
        if key not in self._trainers:
            self._trainers[key] = Trainer(key[1], self.plan.size(chunk.group))
        return self._trainers[key]

    def _judge(self, group: int, variant: Variant) -> Judge:
        """Return a judge; programs that differ in how they train share it."""
        network = _network(self.plan.groups[group].config)
        key = (network, _wipes(variant.applied(self.plan.config)))
        if key not in self._judges:
            self._judges[key] = Judge(*key, max(map(self.plan.size, range(len(self.sites)))))
        return self._judges[key]

    def _on_device(self, group: int) -> dict[str, Any]:
        target = self.sites[group].target
        if id(target) not in self._data:
            self._data[id(target)] = {s: placed(target, s) for s in target.split._fields}
        return self._data[id(target)]

    def _card(self, chunk: Chunk, runs: list[Run]) -> dict[str, Any]:
        runs_done = [
            described(job) | {"scaler": run.scaler._asdict()}
            for job, run in zip(chunk.jobs, runs, strict=True)
        ]
        return {
            "site": self.sites[chunk.group].target.card(),
            "config": self.plan.groups[chunk.group].config.to_dict(),
            "runs": checkpoint.plain(runs_done),
        }


def described(job: Job) -> dict[str, Any]:
    """Return how a chunk's card names one of its runs."""
    named = {"variant": job.trained.name} if job.trained.settings else {}
    return vars(job.spec) | named


def _network(config: ConfigDict) -> MTLoc:
    return MTLoc(config.hidden, config.forget_bias, config.output)


def _wipes(config: ConfigDict) -> Wipes:
    return Wipes(**config.wipe)


def wait_for(folder: Path) -> None:
    """Wait until another process has written a chunk; should it die, JAX ends this one too."""
    while not folder.is_dir():
        time.sleep(WAIT_S)
