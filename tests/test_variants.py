"""Studies over settings of the data, the pretext and the output: rows, sharing, refusals."""

import json

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.rows import CDF, ROWS, TRACKS, read, select
from mtloc_jax.study import starts
from mtloc_jax.study.study import Study, run_study
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.tree import tree_digest
from tests.studies import ignore, tiny


def sites_of(study):
    """Return the buildings of a study once for each way in which its target is seen."""
    return list({id(sites.target): sites for sites in study.sites}.values())


def same_rows(swept, variant, alone):
    """Say whether a variant's rows are those of a study of its own, to the byte."""
    for file in (ROWS, CDF, TRACKS):
        text = (swept / "variants" / variant / file).read_text()
        assert text.replace(f"quickstart/{variant},", "quickstart,") == (alone / file).read_text()


@pytest.fixture(scope="module")
def folds(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("folds") / "work", []
    pretraining = starts.pretraining
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(starts, "pretraining", lambda *args: made.append(args) or pretraining(*args))
        config = tiny({"test_round": (0, 3)}, arms=("transferred",), wipe__drop_rates=())
        study = Study(config, folder, ignore)
        study.run()
    return folder, made, study


@pytest.mark.slow
def test_each_left_out_round_is_tested_on_windows_of_its_own(folds):
    table = read(folds[0] / ROWS)
    for name, sites in zip(("0", "3"), sites_of(folds[2]), strict=True):
        mine = select(table, study=f"quickstart/test_round={name}", split="test")
        assert set(mine["n_windows"]) == {len(sites.target.rows("test"))}
    third = sites_of(folds[2])[1].target.split
    assert (third.test, third.validation, len(third.train)) == ((3,), (4,), 12)


@pytest.mark.slow
def test_the_source_is_cut_and_pretrained_on_once_whatever_the_target_tests(folds):
    one, other = sites_of(folds[2])
    assert one.source is other.source
    assert one.target is not other.target
    assert len(folds[1]) == 1
    assert (folds[0] / "pretrained").is_dir()
    assert {path.name for path in folds[0].glob("grafted*")} == {
        "grafted-test_round=0",
        "grafted-test_round=3",
    }


@pytest.mark.slow
def test_a_folds_rows_are_those_of_a_study_of_its_own(tmp_path):
    run_study(tiny({"test_round": (0, 3)}), tmp_path / "folds", ignore)
    run_study(tiny(test_round=3), tmp_path / "alone", ignore)
    same_rows(tmp_path / "folds", "test_round=3", tmp_path / "alone")


@pytest.mark.slow
def test_a_folds_card_is_of_its_own_split(folds):
    cards = [
        json.loads((folds[0] / "variants" / f"test_round={n}" / "card_target.json").read_text())
        for n in (0, 3)
    ]
    assert [card["statistics"]["split"]["test"] for card in cards] == [[14], [3]]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"test_round": 15}, "no round 15 to test on; choose one of 1, 2, 3"),
        ({"branches": "imu+gps"}, r"branches is 'imu\+gps'; .* some of imu\+mag\+wifi"),
        ({"branches": "mag", "modalities": ("imu", "wifi")}, r"some of imu\+wifi"),
        ({"modalities": ("mag", "wifi")}, "grafts the IMU branch, which networks lack"),
        ({"arms": ("carried",)}, "set --config.survey=twice"),
        ({"arms": ("scratch",), "start": "nowhere"}, "from_pretrained, from_transferred, or a"),
    ],
)
def test_an_impossible_setting_is_refused_before_anything_is_written(changes, named, tmp_path):
    with pytest.raises(InputError, match=named):
        run_study(tiny(**changes), tmp_path / "work", ignore)
    assert not (tmp_path / "work").exists()


def test_networks_see_what_is_heard_and_stretched_and_cards_what_was_recorded(tmp_path):
    axis = {"scaling": ("survey", "round"), "branches": ("imu+mag+wifi", "wifi")}
    study = Study(tiny(axis), tmp_path, ignore)
    plain, odd = (sites.opened["target"] for sites in sites_of(study))
    assert plain.site is not odd.site
    assert not odd.site.windows.inputs["mag"].any()
    assert odd.cut.windows.inputs["mag"].any()
    test, train = (odd.site.rows(split) for split in ("test", "train"))
    np.testing.assert_array_equal(odd.site.windows.xy_m[test], plain.site.windows.xy_m[test])
    assert not np.array_equal(odd.site.windows.xy_m[train], plain.site.windows.xy_m[train])


def test_the_source_hears_everything_and_is_stretched_too(tmp_path):
    study = Study(tiny({"scaling": ("survey", "round")}, branches="wifi"), tmp_path, ignore)
    plain, odd = (sites.source for sites in sites_of(study))
    assert odd.windows.inputs["imu"].any()
    assert not np.array_equal(odd.windows.inputs["imu"], plain.windows.inputs["imu"])


@pytest.mark.slow
def test_a_network_of_wifi_alone_loses_nothing_when_sensors_are_wiped(tmp_path):
    run_study(tiny(branches="wifi", arms=("scratch",)), tmp_path / "work", ignore)
    table = read(tmp_path / "work" / ROWS)
    clean = select(table, split="test", modality="none")["mean_m"]
    for modality, is_heard in (("imu", False), ("mag", False), ("wifi", True)):
        wiped = select(table, modality=modality, drop_rate=0.4)["mean_m"]
        assert np.allclose(wiped, clean, atol=2e-4) != is_heard


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pretexts") / "work"
    pretexts = ("position", "displacement", "motion", "reconstruction", "random", "position")
    rates = (1.0, 1.0, 1.0, 1.0, 1.0, 0.5)
    study = Study(tiny({"pretext": pretexts, "source_rate": rates}), folder, ignore)
    study.estimate()
    study.run()
    return folder, study


@pytest.mark.slow
def test_all_pretexts_and_shares_of_the_source_train_in_one_program(asked):
    plans = [group.example.of.plan_in(group.settings) for group in asked[1].plan.groups]
    assert sorted(plans) == ["all", "imu frozen"]
    table = read(asked[0] / ROWS)
    assert np.isfinite(table["mean_m"]).all()
    tuned = select(table, arm="finetuned", split="test", modality="none")
    assert len(set(tuned["mean_m"])) == 6


@pytest.mark.parametrize(
    ("pretext", "source_rate"), [("position", 0.5), ("reconstruction", 1.0), ("random", 1.0)]
)
@pytest.mark.slow
def test_a_pretexts_rows_are_those_of_a_study_of_its_own(asked, pretext, source_rate, tmp_path):
    run_study(tiny(pretext=pretext, source_rate=source_rate), tmp_path / "alone", ignore)
    same_rows(asked[0], f"pretext={pretext}+source_rate={source_rate}", tmp_path / "alone")


@pytest.mark.slow
def test_scratch_has_no_pretext(asked):
    scratch = select(read(asked[0] / ROWS), arm="scratch", split="test", modality="none")
    assert len(set(scratch["mean_m"])) == 1


@pytest.mark.slow
def test_untrained_features_are_kept_as_pretrained_networks_are(asked):
    params, _ = checkpoint.load(asked[0] / "pretrained-pretext=random+source_rate=1.0")
    others, _ = checkpoint.load(asked[0] / "pretrained-pretext=motion+source_rate=1.0")
    assert params["imu"].keys() == others["imu"].keys()
    assert not np.array_equal(params["imu"]["kernel"], others["imu"]["kernel"])


@pytest.mark.slow
def test_random_features_fine_tuned_on_all_rounds_are_training_from_scratch(tmp_path):
    asked = {"pretext": "random", "finetune_rates": (1.0,), "wipe__drop_rates": ()}
    run_study(tiny(arms=("scratch", "finetuned"), **asked), tmp_path / "work", ignore)
    table = read(tmp_path / "work" / ROWS)
    one, other = (
        select(table, arm=arm, split="test", modality="none")["mean_m"]
        for arm in ("scratch", "finetuned")
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rate", "pretrained"),
    [(1.0, {"pretrained"}), (0.5, {"pretrained-subset=first", "pretrained-subset=drawn"})],
)
def test_which_rounds_are_drawn_matters_to_pretraining_only_where_some_are_left_out(
    rate, pretrained, tmp_path
):
    axis, arms = {"subset": ("first", "drawn")}, ("transferred",)
    config = tiny(axis, source_rate=rate, arms=arms, wipe__drop_rates=())
    run_study(config, tmp_path / "work", ignore)
    assert {path.name for path in (tmp_path / "work").glob("pretrained*")} == pretrained


@pytest.mark.slow
def test_relu_positions_never_lie_below_the_training_rounds(tmp_path):
    # One seed's coordinate may begin below 0 everywhere, and stay: the bound holds for it too.
    config = tiny({"output": ("linear", "relu")}, arms=("scratch",))
    study = Study(config, tmp_path / "work", ignore)
    study.run()
    target = study.sites[0].target
    least_m = target.windows.xy_m[target.rows("train")].min(axis=0)
    tracks = read(tmp_path / "work" / TRACKS)
    relu = select(tracks, study="quickstart/output=relu")
    assert len(relu["x_m"])
    for axis, bound_m in zip(("predicted_x_m", "predicted_y_m"), least_m, strict=True):
        assert np.all(relu[axis] >= bound_m - 1e-3)
    wiped, clean = (
        select(read(tmp_path / "work" / ROWS), study="quickstart/output=relu", **which)["mean_m"]
        for which in ({"drop_rate": 0.0, "modality": "imu"}, {"modality": "none", "split": "test"})
    )
    np.testing.assert_allclose(wiped, clean, atol=2e-4)


@pytest.mark.slow
def test_both_outputs_start_from_the_same_grafted_networks(tmp_path):
    config = tiny({"output": ("linear", "relu")}, arms=("transferred",))
    study = Study(config, tmp_path / "work", ignore)
    assert len(sites_of(study)) == 1
    assert len(study.plan.groups) == 2
    study.run()
    assert [path.name for path in (tmp_path / "work").glob("pretrained*")] == ["pretrained"]
    linear, relu = (
        checkpoint.load(tmp_path / "work" / f"grafted-output={output}")[0]
        for output in ("linear", "relu")
    )
    assert tree_digest(linear) == tree_digest(relu)
