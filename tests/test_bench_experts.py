"""The bench's matcher, motion and single run: what is timed is what studies do, and peers agree."""

import importlib
import importlib.util
import json
import subprocess
import sys
from functools import cache

import jax
import numpy as np
import pytest

from bench import lessons, taught
from bench.contest import TINY
from bench.contestants.expert import Expert
from bench.contestants.locate import Locate
from bench.contestants.sklearn_nearest import SklearnNearest
from bench.expert_contests import LESSONS
from bench.problem import Shape
from bench.task import Task
from bench.taught import SUBJECTS
from mtloc_jax.experts import matcher_training
from mtloc_jax.experts.candidates import CANDIDATES
from mtloc_jax.experts.pair_features import FEATURES
from mtloc_jax.modalities import Held
from mtloc_jax.motion import learned
from mtloc_jax.motion import network as motion
from mtloc_jax.motion.legs import LEGS, TICKS, Stretches
from mtloc_jax.motion.phone_frame import N_INPUTS
from mtloc_jax.sites.site import Arrays
from mtloc_jax.surgery.tree import leaves, nest
from tests.conftest import ROOT
from tests.launched import launched

SHAPES = {"matcher": Shape(windows=12, batch=4), "motion": Shape(windows=32, batch=learned.BATCH)}
STEPS = 6
"""Of whole trainings: two epochs of matchers, three of motion."""


def drawn(*shape, by):
    return by.standard_normal(shape).astype(np.float32)


def scans():
    """Return lessons of a matcher, drawn; a candidate in four is none."""
    by = np.random.default_rng(0)
    xy_m = 20 * drawn(12, CANDIDATES, 2, by=by)
    mask = (by.random((12, CANDIDATES, 1)) < 0.75).astype(np.float32)
    pairs = drawn(12, CANDIDATES, len(FEATURES), by=by) * mask
    held = {"pairs": pairs.astype(np.float16), "candidates": np.concatenate([xy_m, mask], -1)}
    return Arrays({name: Held(x) for name, x in held.items()}, 20 * drawn(12, 2, by=by))


def walked():
    """Return stretches of legs of 32 ticks, drawn; of eight legs the last two are none."""
    by, n = np.random.default_rng(0), 32
    share = np.repeat(np.eye(LEGS, dtype=np.float32), TICKS // LEGS, axis=0)
    share[:, -2:] = 0
    inputs, yaw_rad = drawn(n, TICKS, N_INPUTS, by=by), drawn(n, TICKS, by=by)
    shares, moved_m = np.stack([share] * n), drawn(n, LEGS, 2, by=by)
    return Stretches(inputs, yaw_rad, shares, moved_m, np.arange(n, dtype=np.int32))


DRAWN = {"matcher": scans, "motion": lambda: motion.arrays(walked())}


@cache
def taught_on(of):
    """Return drawn lessons for two runs; a whole training is of STEPS steps."""
    return taught.dealt(SUBJECTS[of], DRAWN[of](), SHAPES[of], 2)._replace(n_steps=STEPS)


@pytest.fixture(scope="module", params=["matcher", "motion"])
def of(request):
    return request.param


@pytest.fixture(scope="module")
def task(of, tmp_path_factory):
    """Return the task of two runs on lessons that were written down."""
    path = tmp_path_factory.mktemp(of) / "lessons"
    lessons.write(path, taught_on(of))
    return Task("expert", SHAPES[of], runs=2, batches=str(path), options={"of": of})


@pytest.fixture(scope="module")
def ours(task):
    """Return ours: compiled once, and begun anew in each test."""
    return Expert(task)


def after(contestant, *parts):
    contestant.restart()
    for steps in parts:
        contestant.advance(steps)
    return contestant


def by_the_library(of, seed):
    """Return the weights, by path, that the library itself trains from the same start."""
    start = nest(taught_on(of).start_of(seed))
    if of == "motion":
        made, _ = learned.train_on(walked(), [seed], start=start, n_steps=STEPS)
        return leaves(made[0])
    made, _ = matcher_training.train_on(
        DRAWN[of](),
        [seed],
        start=jax.tree.map(lambda leaf: leaf[None], start),
        epochs=STEPS // SHAPES[of].batches,
        batch_size=SHAPES[of].batch,
    )
    return leaves(jax.tree.map(lambda leaf: leaf[0], made))


@pytest.mark.slow
def test_what_is_timed_as_ours_is_what_a_study_trains(of, ours):
    timed, trained = after(ours, 2, STEPS - 2).weights(), by_the_library(of, 0)
    assert timed.keys() == trained.keys()
    for path, leaf in trained.items():
        np.testing.assert_allclose(timed[path], leaf, rtol=1e-5, atol=1e-6, err_msg=path)


def test_when_a_network_is_trained_the_next_begins_where_it_did(ours):
    whole = after(ours, 2).outcome()
    assert after(ours, STEPS + 2).outcome() == pytest.approx(whole, rel=1e-5)


@pytest.mark.skipif(
    importlib.util.find_spec("torch") is None,
    reason="PyTorch is not installed: pip install -e '.[bench]'",
)
def test_the_pytorch_script_trains_to_the_same_weights(of, task, ours):
    import torch

    torch.set_num_threads(1)  # on a busy machine threads wait longer than they work
    made = importlib.import_module(f"bench.contestants.torch_{of}").contestant(task)
    after(ours, STEPS)
    theirs = after(made, STEPS + 1, STEPS - 1)  # trained, and trained again
    np.testing.assert_allclose(theirs.outcome(), ours.outcome(), rtol=1e-4)
    mine = ours.weights()
    assert theirs.weights().keys() == mine.keys()
    for path, leaf in theirs.weights().items():
        np.testing.assert_allclose(leaf, mine[path], rtol=1e-3, atol=2e-5, err_msg=path)


def test_lessons_survive_their_trip_to_the_worker(of, tmp_path):
    lessons.write(tmp_path / "file", taught_on(of))
    before, read = taught_on(of), lessons.read(tmp_path / "file")
    assert (read.learning_rate, read.n_steps) == (before.learning_rate, STEPS)
    jax.tree.map(np.testing.assert_array_equal, read._asdict(), before._asdict())


def test_each_epoch_of_written_batches_has_every_lesson_once(of):
    found = taught_on(of)
    epochs = found.batches.reshape(-1, len(found.target))
    np.testing.assert_array_equal(np.sort(epochs), [np.arange(len(found.target))] * len(epochs))


def test_scikit_learns_neighbours_locate_walks_as_ours_do():
    task = Task("locate", TINY, runs=3, options={"by": "nearest"})
    ours, theirs = after(Locate(task), 1), after(SklearnNearest(task), 1)
    for mine, other in zip(ours._found_m, theirs._found_m, strict=True):
        np.testing.assert_allclose(mine, other, atol=1e-4)
    assert theirs.outcome() == pytest.approx([ours.error_m()])
    assert 0.5 < ours.error_m() < 30


def test_contests_of_experts_have_whole_batches_of_the_size_that_studies_take():
    assert LESSONS["motion"].batch == learned.BATCH
    assert all(shape.windows % shape.batch == 0 for shape in LESSONS.values())


@pytest.mark.slow
def test_experts_are_rehearsed_from_the_walks_to_the_report(tmp_path):
    only = "--only=matcher,locating,motion"
    flags = ("--accelerator", "--tiny", f"--output={tmp_path}", "--limit_s=3000", only)
    done = launched("launch.bench", *flags, JAX_PLATFORMS="cpu")
    assert done.returncode == 0, done.stderr
    report = json.loads((tmp_path / "bench.json").read_text())
    for of in ("matcher", "motion"):
        assert f"ours-{of}-3" in {one["name"] for one in report["contests"][of]["results"]}
    found = {one["name"]: one for one in report["contests"]["locating"]["results"]}
    assert found["ours-matcher-locating"]["error_m"] > 0
    assert [one["equal"] for one in report["contests"]["locating"]["agreement"]] == [True, True]


ONE_RUN = """
import sys
import jax
jax.config.update("jax_num_cpu_devices", 2)
from bench.contest import TINY
from bench.contestants.one_run import OneRun
from bench.contestants.ours import Ours
from bench.task import Task
assert len(jax.devices()) == 2

def losses(made):
    made.restart()
    found = []
    for steps in (1, 2, 3):
        made.advance(steps)
        found += made.outcome()
    print(*found)

losses(Ours(Task("ours", TINY)))
for deal in ("batch", "branches"):
    losses(OneRun(Task("one_run", TINY, options={"deal": deal})))
"""


@pytest.mark.slow
def test_one_run_trains_alike_however_its_step_is_dealt_out():
    done = subprocess.run(
        [sys.executable, "-c", ONE_RUN], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    plain, *dealt = (list(map(float, line.split())) for line in done.stdout.splitlines())
    assert plain[-1] < plain[0]
    for losses in dealt:
        assert losses == pytest.approx(plain, rel=1e-5)
