"""Sweeps: which variants a study has, which programs they take, and how they are cut."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.arms import PREDICTORS
from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings, replaced
from mtloc_jax.study.plan import plan
from mtloc_jax.study.runs import grid
from mtloc_jax.study.variants import Variant, pretrained_by, variant_folder, variants
from tests.studies import located


def config(*sweep, **changes):
    return replaced(Settings(), {"sweep": sweep} | changes)


def by_plan(laid):
    """Return the jobs of each program by the freeze plan of their arms."""
    plans = [group.example.of.plan_in(group.settings) for group in laid.groups]
    assert len(plans) == len(set(plans))
    return dict(zip(plans, (group.jobs for group in laid.groups), strict=True))


def names(made):
    return [variant.name for variant in variants(made)]


def test_without_a_sweep_there_is_the_study_alone():
    made = config(seeds=2)
    assert names(made) == [""]
    laid = plan(made)
    jobs = [job for group in laid.groups for job in group.jobs]
    assert sorted(map(str, (job.spec for job in jobs))) == sorted(map(str, grid(made)))
    assert [key[1:] for key in laid.order()] == [spec.cells for spec in grid(made)]
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


def test_runs_that_hold_leaves_still_have_a_program_of_their_own():
    found = by_plan(plan(config(seeds=2)))
    assert found.keys() == {"all", "imu frozen"}
    assert {job.spec.arm for job in found["all"]} == {"scratch", "finetuned"}
    assert {job.spec.arm for job in found["imu frozen"]} == {"transferred"}


def test_a_freeze_plan_of_the_fine_tuned_arm_compiles_nothing_else_anew():
    laid = plan(config({"finetune_plan": ("all", "imu x0.1", "imu frozen")}, seeds=1))
    found = by_plan(laid)
    assert found.keys() == {"all", "imu x0.1", "imu frozen"}
    assert {job.spec.arm for job in found["imu frozen"]} == {"transferred", "finetuned"}
    assert {job.spec.arm for job in found["imu x0.1"]} == {"finetuned"}


def test_predictors_need_no_program_and_go_by_seed():
    laid = plan(config(arms=("scratch", *PREDICTORS), seeds=2, runs_per_chunk=3))
    chunks = [chunk.jobs for chunk in laid.chunks if chunk.jobs[0].spec.of.predict]
    assert [{job.spec.seed for job in jobs} for jobs in chunks] == [{0}, {1}]
    assert [len(jobs) for jobs in chunks] == [len(PREDICTORS) * 8] * 2


def test_only_what_changes_shapes_is_compiled_apart():
    made = config(
        {"learning_rate": (0.001, 0.005), "dropout": (0.0, 0.5)},
        {"subset": ("first", "drawn"), "protocol": ("epochs", "steps"), "epochs": (2, 3)},
        {"hidden": (64, 128)},
    )
    laid = plan(made)
    assert [group.settings.hidden for group in laid.groups] == [64, 64, 128, 128]
    of_64 = [job for group in laid.groups[:2] for job in group.jobs]
    assert len(of_64) == 4 * len(grid(made))


def test_networks_that_differ_only_in_how_they_are_judged_are_trained_once():
    made = config({"wipe.mode": ("windows", "bursts")}, {"learning_rate": (0.001, 0.005)})
    jobs = [job for group in plan(made).groups for job in group.jobs]
    assert len(jobs) == 2 * len(grid(made))
    assert {len(job.judged) for job in jobs} == {2}
    assert len(plan(made).order()) == 4 * len(grid(made))


@pytest.mark.parametrize(
    ("axis", "named"),
    [
        ({"learning_rat": (0.1,)}, "learning_rat cannot be swept"),
        ({"data_dir": ("a", "b")}, "data_dir cannot"),
        ({"window": (1, 2)}, "window cannot"),
        ({"window.stride": (1, 2)}, "window.stride cannot"),
        ({"learning_rate": 0.1}, "no values"),
        ({"learning_rate": ()}, "no values"),
        ({"learning_rate": ("fast",)}, "'fast'.*type float"),
        ({"epochs": (2.5,)}, "int"),
        ({"epochs": (2, 2)}, "repeat"),
        ({"epochs": (2, 3), "batch_size": (50,)}, "differ in length"),
        ({"arm": ("tuned",)}, r"no arm 'tuned'; did you mean 'finetuned'\?"),
        ({"arm": ("carried",)}, "no run of the grid"),
        ({"seed": (0, 99)}, "no run of the grid"),
        ({"finetune_rate": (1.5,)}, "1.5"),
        ({"wipe.seeds": (1, 2)}, "wipe.seeds cannot"),
        ({"networks": ("a", "b")}, "networks cannot"),
        ({"hidden": (8, 0)}, "hidden is 0"),
        ({"subset": ("frist",)}, "did you mean 'first'"),
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


def test_an_arm_that_chooses_needs_something_to_choose_from():
    with pytest.raises(InputError, match="'wifi-knn' has no neighbours to choose from"):
        plan(config(arms=("wifi-knn",), neighbours=()))
    assert plan(config(arms=("constant",), neighbours=())).chunks


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
    assert len(jobs) == len(set(jobs)) == len(grid(laid.settings))
    for number, group in enumerate(laid.groups):
        assert laid.size(number) == min(size, len(group.jobs))
    assert [chunk.number for chunk in laid.chunks] == list(range(len(laid.chunks)))
    assert all(set(chunk.jobs) <= set(laid.groups[chunk.group].jobs) for chunk in laid.chunks)
    rest = [job.spec for job in jobs if job.spec.arm != "transferred"]
    if protocol == "epochs":
        shares = [spec.training_share for spec in rest]
        assert shares == sorted(shares, reverse=True)


def test_transferred_networks_come_first_where_fine_tuning_starts_from_them():
    laid = plan(config(seeds=2, runs_per_chunk=30, start="from_transferred"))
    first, rest = laid.chunks
    assert {job.spec.arm for job in first.jobs} == {"transferred"}
    assert {job.spec.arm for job in rest.jobs} == {"scratch", "finetuned"}


def test_a_program_that_freezes_nothing_else_is_shared_by_fine_tuned_networks_that_come_later():
    laid = plan(
        config(seeds=2, runs_per_chunk=30, start="from_transferred", finetune_plan="imu frozen")
    )
    first, *rest = laid.chunks
    assert {job.spec.arm for job in first.jobs} == {"transferred"}
    assert {job.spec.arm for chunk in rest for job in chunk.jobs} == {"scratch", "finetuned"}


def test_a_variants_folder_holds_nothing_that_a_path_or_a_shell_would_read(tmp_path):
    variant = Variant((("finetune_plan", "imu x0.1, mag/kernel frozen"), ("source_rate", 0.5)))
    assert variant.name == "finetune_plan=imu x0.1, mag/kernel frozen+source_rate=0.5"
    expected = "finetune_plan=imu-x0.1-mag-kernel-frozen+source_rate=0.5"
    assert variant_folder(tmp_path, variant) == tmp_path / "variants" / expected
    assert variant_folder(tmp_path, Variant()) == tmp_path


def test_folders_of_long_names_stay_apart_and_short():
    one, other = (
        Variant((("finetune_plan", ", ".join(f"mag/{k} x0.1" for k in range(40)) + last),))
        for last in ("", ", wifi x0.5")
    )
    assert one.folder != other.folder
    assert max(len(one.folder), len(other.folder)) < 140


def test_folders_of_names_in_other_alphabets_stay_apart():
    one, other = (Variant((("target", f"sites/{name}"),)) for name in ("склад", "офис"))
    assert one.folder != other.folder
    assert one.folder.isascii()


def test_variants_that_would_lie_in_one_folder_are_refused():
    sweep = {"target": ("sites/a b", "sites/a-b")}
    with pytest.raises(InputError, match="one folder, target=sites-a-b; name what they differ in"):
        variants(config(sweep))


def test_what_locates_by_one_survey_is_refused_where_there_are_two():
    with pytest.raises(InputError, match="'cosine-held' locates walks by one survey"):
        plan(located(survey="twice", arms=("cosine-held",), wipe__losses=()))


@pytest.mark.parametrize(
    ("changes", "shaping"),
    [({}, False), ({"pretext": "displacement"}, True), ({"source_rate": 0.5}, True)],
)
def test_how_steps_are_counted_shapes_pretraining_only_where_windows_are_left_out(changes, shaping):
    names = pretrained_by(config(**changes))
    assert ("protocol" in names) == shaping
    assert len(set(names)) == len(names)
