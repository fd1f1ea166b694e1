"""Sweeps: which variants a study has, which programs they take, and how they are cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from configs import quickstart
from mtloc_jax.errors import InputError
from mtloc_jax.sweep.grid import grid
from mtloc_jax.sweep.plan import plan
from mtloc_jax.sweep.variants import report_folders, variants


def config(*sweep, **changes):
    made = quickstart.get_config()
    made.update(changes)
    made.sweep = sweep
    return made


def names(made):
    return [variant.name for variant in variants(made)]


def test_without_a_sweep_there_is_the_study_alone():
    made = config(seeds=2)
    assert names(made) == [""]
    laid = plan(made)
    assert len(laid.groups) == 1
    assert [job.spec for job in laid.groups[0].jobs] == grid(made)
    assert {key[0] for key in laid.order()} == {"quickstart"}


def test_axes_multiply_and_settings_of_one_axis_move_together():
    made = config({"learning_rate": (0.001, 0.005)}, {"batch_size": (50, 100), "epochs": (10, 20)})
    assert names(made) == [
        "learning_rate=0.001+batch_size=50+epochs=10",
        "learning_rate=0.001+batch_size=100+epochs=20",
        "learning_rate=0.005+batch_size=50+epochs=10",
        "learning_rate=0.005+batch_size=100+epochs=20",
    ]


def test_a_variant_is_its_study_with_its_settings():
    made = config({"window.steps": (5,), "wipe.mode": ("bursts",), "learning_rate": (1,)})
    (variant,) = variants(made)
    applied = variant.applied(made)
    assert (applied.window.steps, applied.wipe.mode, applied.learning_rate) == (5, "bursts", 1.0)
    assert applied.study == "quickstart/window.steps=5+wipe.mode=bursts+learning_rate=1.0"
    assert applied.sweep == ()
    assert made.window.steps == 10


def test_arm_rate_and_seed_pick_runs_of_the_grid():
    made = config(
        {"arm": ("scratch", "finetuned"), "learning_rate": (0.001, 0.005)},
        {"seed": (0, 2)},
    )
    jobs = [job for group in plan(made).groups for job in group.jobs]
    assert {job.spec.seed for job in jobs} == {0, 2}
    found = {(job.spec.arm, job.trained.name) for job in jobs}
    assert found == {("scratch", "learning_rate=0.001"), ("finetuned", "learning_rate=0.005")}
    assert len(jobs) == 2 * (1 + 8)


def test_only_what_changes_shapes_is_compiled_apart():
    made = config(
        {"learning_rate": (0.001, 0.005), "dropout": (0.0, 0.5)},
        {"subset": ("first", "drawn"), "protocol": ("epochs", "steps"), "epochs": (2, 3)},
        {"hidden": (64, 128)},
    )
    laid = plan(made)
    assert [group.config.hidden for group in laid.groups] == [64, 128]
    assert len(laid.groups[0].jobs) == 4 * len(grid(made))


def test_networks_that_differ_only_in_how_they_are_judged_are_trained_once():
    made = config({"wipe.mode": ("windows", "bursts")}, {"learning_rate": (0.001, 0.005)})
    (group,) = plan(made).groups
    assert len(group.jobs) == 2 * len(grid(made))
    assert {len(job.judged) for job in group.jobs} == {2}
    assert len(plan(made).order()) == 4 * len(grid(made))


@pytest.mark.parametrize(
    ("axis", "named"),
    [
        ({"learning_rat": (0.1,)}, "learning_rat cannot be swept"),
        ({"source": ("simulated-b",)}, "source cannot"),
        ({"window": (1, 2)}, "window cannot"),
        ({"window.stride": (1, 2)}, "window.stride cannot"),
        ({"learning_rate": 0.1}, "no values"),
        ({"learning_rate": ()}, "no values"),
        ({"learning_rate": ("fast",)}, "float"),
        ({"epochs": (2.5,)}, "int"),
        ({"epochs": (2, 2)}, "repeat"),
        ({"epochs": (2, 3), "batch_size": (50,)}, "differ in length"),
        ({"arm": ("tuned",)}, "no run of the grid"),
        ({}, "no axis"),
        ("epochs", "no axis"),
    ],
)
def test_an_impossible_axis_is_refused_with_a_remedy(axis, named):
    with pytest.raises(InputError, match=named):
        plan(config(axis))


def test_a_setting_on_two_axes_is_refused():
    with pytest.raises(InputError, match="epochs is on two axes"):
        plan(config({"epochs": (2, 3)}, {"epochs": (4,)}))


def test_fine_tuning_from_a_network_that_is_not_picked_is_refused():
    with pytest.raises(InputError, match="transferred"):
        plan(config({"arm": ("finetuned",)}, start="from_transferred"))


@settings(deadline=None, derandomize=True)
@given(
    st.integers(1, 40),
    st.integers(1, 3),
    st.sampled_from(["from_pretrained", "from_transferred"]),
    st.sampled_from(["epochs", "steps"]),
)
def test_chunks_hold_every_run_once_the_longest_first(size, seeds, start, protocol):
    laid = plan(config(seeds=seeds, runs_per_chunk=size, start=start, protocol=protocol))
    jobs = [job for chunk in laid.chunks for job in chunk.jobs]
    assert len(jobs) == len(set(jobs)) == len(grid(laid.config))
    assert max(len(chunk.jobs) for chunk in laid.chunks) == min(size, laid.size(0))
    assert [chunk.number for chunk in laid.chunks] == list(range(len(laid.chunks)))
    assert all(
        chunk.frozen == any(job.spec.arm == "transferred" for job in chunk.jobs)
        for chunk in laid.chunks
    )
    rest = [job.spec for job in jobs if job.spec.arm != "transferred"]
    if protocol == "epochs":
        shares = [spec.training_share for spec in rest]
        assert shares == sorted(shares, reverse=True)


def test_transferred_networks_come_first_where_fine_tuning_starts_from_them():
    laid = plan(config(seeds=2, runs_per_chunk=30, start="from_transferred"))
    first, rest = laid.chunks
    assert {job.spec.arm for job in first.jobs} == {"transferred"}
    assert {job.spec.arm for job in rest.jobs} == {"scratch", "finetuned"}


def test_reports_are_written_for_each_variant_or_for_the_study(tmp_path):
    assert report_folders(tmp_path) == [tmp_path]
    for name in ("b", "a", ".half"):
        (tmp_path / "variants" / name).mkdir(parents=True)
    assert report_folders(tmp_path) == [tmp_path / "variants" / "a", tmp_path / "variants" / "b"]
