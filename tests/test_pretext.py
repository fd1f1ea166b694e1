"""What the IMU branch is asked in the source building, worked out by hand."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from mtloc_jax.core.inputs import scaled_one, scaled_xy
from mtloc_jax.core.problem import PROBLEMS
from mtloc_jax.core.train import make_train
from mtloc_jax.errors import InputError
from mtloc_jax.modalities import Held
from mtloc_jax.settings import Settings, Window
from mtloc_jax.sites.pretext import PRETEXTS, lesson, masked, n_targets
from mtloc_jax.sites.site import Arrays, build
from mtloc_jax.sites.splits import Split
from mtloc_jax.study.pretraining import pretrained_on, pretraining, untrained
from mtloc_jax.study.programs import initialised
from mtloc_jax.study.runs import run_of
from tests.studies import small, tiny
from tests.test_site import same
from tests.walks import walk

SPEC = Window()


def around_the_corner(number, end_ms=4000):
    """Walk east for 2 s at 1 m/s, then north at 2 m/s."""
    return replace(
        walk(number, end_ms, name=f"walk-{number}", level=float(number)),
        waypoint_t_ms=np.array([0, 2000, end_ms]),
        waypoint_xy_m=np.array([[0.0, 0.0], [2.0, 0.0], [2.0, (end_ms - 2000) / 500]]),
    )


@pytest.fixture(scope="module")
def site():
    walks = [around_the_corner(number) for number in range(1, 5)]
    return build("corner", walks, Split((1, 2), (3,), (4,)), SPEC)


def taught(site, pretext, rows=None, spec=SPEC, seed=0):
    return lesson(site, site.rows("train") if rows is None else rows, spec, pretext, seed)


def windows_ending(site, *end_ms):
    """Return the windows of the first walk that end then; the first ends after 900 ms."""
    first = np.flatnonzero(site.trace == 0)
    return first[np.searchsorted(site.windows.end_ms[first], end_ms)]


def test_position_is_what_the_paper_asks(site):
    rows = site.rows("train")
    found = taught(site, "position")
    np.testing.assert_array_equal(found.target, site.arrays(rows).target)
    np.testing.assert_array_equal(found.imu, site.windows.inputs["imu"][rows])
    assert same(found.scaler, site.scaler(rows))


def test_displacement_is_the_windows_end_less_its_start(site):
    # A window spans 900 ms: 0.9 m east, 1.8 m north, or 0.5 m east and 0.8 m north of the corner.
    rows = windows_ending(site, 1900, 2400, 3500)
    found = taught(site, "displacement", rows)
    np.testing.assert_allclose(found.target, [[0.9, 0], [0.5, 0.8], [0, 1.8]], atol=1e-6)


def test_windows_whose_start_has_no_label_are_left_out(site):
    # The first window ends 900 ms after the walk began; the label of its start would end at 0 ms.
    found = taught(site, "displacement")
    n = int(np.sum(site.round == 1))
    assert (n, len(found.target)) == (32, 2 * (32 - 9))
    assert len(found.imu) == len(found.target)
    with pytest.raises(InputError, match=r"no window of corner has the labels.*hop_ms"):
        taught(site, "displacement", windows_ending(site, 900, 1700))


def test_labels_of_another_walk_are_never_used(site):
    second = np.flatnonzero(site.trace == 1)
    found = taught(site, "displacement", second[:10])
    assert len(found.target) == 1
    np.testing.assert_allclose(found.target, [[0.9, 0]], atol=1e-6)


def test_motion_is_the_speed_and_the_turn_rate(site):
    # Straight: 1 m/s, 2 m/s. Around the corner: from 1 m/s to 2 m/s, a quarter turn to the left
    # between steps whose middles are 800 ms apart.
    rows = windows_ending(site, 1900, 2400, 3500)
    found = taught(site, "motion", rows)
    quarter = np.pi / 2 / 0.8
    np.testing.assert_allclose(found.target, [[1, 0], [1.5, quarter], [2, 0]], atol=1e-5)
    np.testing.assert_allclose(found.scaler.xy_mean_m, [1.5, quarter / 3], atol=1e-5)
    np.testing.assert_allclose(
        found.scaler.xy_scale_m, [np.std([1, 1.5, 2]), quarter * np.std([0, 1, 0])], atol=1e-5
    )


def test_one_who_stands_still_does_not_turn(site):
    still = replace(site, windows=replace(site.windows, xy_m=np.zeros_like(site.windows.xy_m)))
    assert not taught(still, "motion").target.any()


def test_a_hop_that_meets_no_windows_start_is_refused():
    spec = replace(SPEC, hop_ms=200)
    walks = [around_the_corner(number) for number in range(1, 5)]
    site = build("corner", walks, Split((1, 2), (3,), (4,)), spec)
    for pretext in ("displacement", "motion"):
        with pytest.raises(InputError, match=r"window\.hop_ms"):
            taught(site, pretext, spec=spec)
    assert len(taught(site, "position", spec=spec).target)


def test_reconstruction_masks_three_of_ten_samples_and_asks_for_all(site):
    rows = site.rows("train")
    found, fitted = taught(site, "reconstruction"), site.scaler(rows).inputs["imu"]
    data = Arrays({"imu": Held(found.imu)}, found.target)
    seen = scaled_one(data, found.scaler, slice(None), "imu")
    asked = scaled_xy(found.target, found.scaler)
    imu = site.windows.inputs["imu"][rows]
    np.testing.assert_allclose(
        asked.reshape(-1, 10, 2), (imu - fitted.mean) / fitted.std, atol=1e-6
    )
    lost = np.all(seen == 0, axis=2)
    assert set(lost.sum(axis=1)) == {3}
    np.testing.assert_array_equal(found.imu[~lost], imu[~lost])


def test_masks_follow_the_seed_and_every_sample_is_masked_somewhere():
    imu = np.arange(200 * 10 * 2, dtype=np.float32).reshape(200, 10, 2) + 1
    one, again, other = (masked(imu, np.zeros(2, np.float32), seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    assert np.all((one == 0).any(axis=0))
    # Both channels of a sample are lost together.
    assert np.array_equal(one[..., 0] == 0, one[..., 1] == 0)


@pytest.mark.parametrize("pretext", [name for name in PRETEXTS if name != "random"])
def test_the_branch_trains_on_every_pretext(site, pretext):
    config = small(batch_size=20, pretrain_epochs=8, pretext=pretext, seeds=2)
    made = pretraining(site, config, range(config.seeds), config.seeds)
    asked = made.static.problem.network.outputs
    assert asked == n_targets(pretext, site) == made.data.target.shape[1]
    train = jax.jit(make_train(made.static).train)
    for number, run in enumerate(made.runs):
        state = train(run, made.data)
        assert np.isfinite(float(state.loss))
        assert state.params["head"]["kernel"].shape == (8, n_targets(pretext, site))
        assert run.plan.shape == (len(site.rows("train")),)
        used = run.plan[: run.n_windows]
        assert set(used // len(site.rows("train"))) == {number}


def test_a_loss_of_20_targets_falls_as_one_of_2_does(site):
    made = pretraining(site, small(pretext="reconstruction", batch_size=20), [0], 1)
    (run,) = made.runs
    advance = jax.jit(make_train(made.static).train)
    losses = [
        float(advance(run._replace(n_steps=np.int32(steps)), made.data).loss) for steps in (1, 300)
    ]
    assert losses[1] < 0.5 * losses[0]


def test_an_untrained_branch_is_that_of_a_fresh_target_network_of_the_same_seed(site):
    config = small(pretext="random", seeds=2)
    shapes = {"imu": (10, 2), "mag": (10, 1), "wifi": (3,)}
    target = initialised(PROBLEMS["mtloc"](config), shapes, 2)
    for name, leaf in untrained(site, config)["imu"].items():
        np.testing.assert_array_equal(leaf, target["imu"][name])


@pytest.mark.parametrize(("rate", "rounds"), [(1.0, {1, 2}), (0.5, {1})])
def test_a_share_of_the_source_is_a_number_of_its_rounds(site, rate, rounds):
    config = tiny(source_rate=rate, subset="first")
    rows = pretrained_on(site, 0, config)
    assert set(site.round[rows].tolist()) == rounds
    assert rows.tolist() == sorted(rows.tolist())
    half = pretraining(site, config, range(config.seeds), config.seeds)
    (run,) = half.runs
    assert int(run.n_windows) == 32 * len(rounds)
    assert run.scaler.inputs["imu"].mean.tolist() == pytest.approx([np.mean([*rounds])] * 2)


def test_drawn_rounds_of_the_source_follow_the_seed(site):
    config = tiny(source_rate=0.5, seeds=20)
    drawn = {tuple(set(site.round[pretrained_on(site, seed, config)])) for seed in range(20)}
    assert drawn == {(1,), (2,)}


def test_all_of_the_source_is_what_was_pretrained_on_before_shares(site):
    (run,) = pretraining(site, tiny(), [0], 1).runs
    n = len(site.rows("train"))
    whole = run_of(
        seed=0,
        start=run.start,
        rows=np.arange(n),
        n_train=n,
        scaler=site.scaler(site.rows("train")),
        epochs=1,
        settings=tiny(),
    )
    assert same(run, whole)


def test_pretraining_drops_no_features_whatever_the_target_networks_do(site):
    made = pretraining(site, small(dropout=0.5), [0, 1], 2)
    assert [float(run.dropout) for run in made.runs] == [0, 0]


def test_seeds_are_taught_the_same_with_whom_and_in_whatever_room_they_are(site):
    config = small(seeds=3, source_rate=0.5)
    whole, part = pretraining(site, config, range(3), 3), pretraining(site, config, [2], 2)
    (run,) = part.runs
    assert part.data.target.shape == (2 * len(site.rows("train")), 2)
    nothing = np.zeros(0)
    assert same(run._replace(plan=nothing), whole.runs[2]._replace(plan=nothing))
    mine, theirs = (of.plan[: of.n_windows] for of in (run, whole.runs[2]))
    np.testing.assert_array_equal(part.data.target[mine], whole.data.target[theirs])
    assert same(part.data.inputs["imu"].at(mine), whole.data.inputs["imu"].at(theirs))


def test_a_pretext_that_asks_nothing_teaches_nothing(site):
    assert PRETEXTS["random"].asked is None
    with pytest.raises(InputError, match="'random' asks nothing"):
        taught(site, "random")


def test_pretraining_trains_as_its_settings_say(site):
    config = small(optimizer="adamw", schedule="cosine", batch_size=7, seeds=1)
    static = pretraining(site, config, range(config.seeds), config.seeds).static
    assert (static.optimizer, static.schedule, static.batch_size) == ("adamw", "cosine", 7)
    assert static.problem.network.hidden == Settings(hidden=8).hidden
    assert all(pace.rate == 1 and pace.from_epoch == 0 for _, pace in static.paces)
