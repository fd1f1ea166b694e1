"""Networks wiped in several ways: Fig 5 side by side, and which modality is missed most."""

from dataclasses import replace
from pathlib import Path

import pytest

from mtloc_jax.report.comparison import lines
from mtloc_jax.report.comparison_variants import Swept, read_swept, variant_folders
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.wiped_variants import fig5_variants, missed_most
from tests.swept_rows import write_swept
from tests.synthetic_rows import row

SAID = Provenance("fills", "a -> b", False, "0123abc", "cpu", "Wiped: windows.", "windows")
FILLS = {"wipe.fill": ("zero", "least")}
ADDED_M = {"zero": {"imu": 1, "mag": 9, "wifi": 3}, "least": {"imu": 1, "mag": 2, "wifi": 3}}


def by_fill(settings: dict) -> dict:
    return ADDED_M[settings["wipe.fill"]]


def swept(folder: Path, *axes: dict, added_m=by_fill) -> Swept:
    write_swept(
        folder,
        axes,
        lambda settings: [
            row("finetuned", 0.625, seed, 4.0 + seed + rate * more, modality=name, drop_rate=rate)
            for seed in range(4)
            for name, more in added_m(settings).items()
            for rate in (0.0, 0.4, 1.0)
        ],
    )
    return read_swept(folder, variant_folders(folder))


def test_what_is_missed_most_is_told_of_the_means_where_variants_differ_in_it(
    tmp_path: Path,
) -> None:
    assert missed_most(lines(swept(tmp_path, FILLS))) == [
        "fine-tuned 62.5 %, missed most in the means: MAG with wipe fill zero; WiFi with wipe fill "
        "least"
    ]


@pytest.mark.parametrize(
    "other_m",
    [
        pytest.param(ADDED_M["zero"], id="the whole order alike"),
        pytest.param({"imu": 3, "mag": 9, "wifi": 1}, id="second and third swapped"),
    ],
)
def test_what_all_variants_miss_most_is_not_told(tmp_path: Path, other_m: dict) -> None:
    added_m = {"zero": ADDED_M["zero"], "least": other_m}
    same = swept(tmp_path, FILLS, added_m=lambda settings: added_m[settings["wipe.fill"]])
    assert missed_most(lines(same)) == []


def test_a_variant_that_lacks_an_arm_misses_nothing_of_it(tmp_path: Path) -> None:
    other = {"wipe fill least": ("scratch", 1.0)}
    found = [
        replace(line, arm=other.get(line.contender.label, line.arm))
        for line in lines(swept(tmp_path, FILLS))
    ]
    assert missed_most(found) == []


def test_fig_5_has_a_panel_a_variant_and_one_axis_that_shows_all_of_them(tmp_path: Path) -> None:
    drawn = fig5_variants(swept(tmp_path, FILLS), "scope", SAID)
    assert drawn is not None
    assert [axes.get_title() for axes in drawn.axes] == ["wipe fill zero", "wipe fill least"]
    ends = [max(line.get_ydata()[-1] for line in axes.get_lines()) for axes in drawn.axes]
    assert ends == [5.5 + 9, 5.5 + 3]
    assert drawn.axes[0].get_ylim()[0] == 0
    assert drawn.axes[1].get_ylim()[1] > 14.5
    assert "straight line" in drawn.get_supxlabel()


def test_networks_that_are_trained_differently_have_no_common_fig_5(tmp_path: Path) -> None:
    trained = swept(tmp_path, {"hidden": (64, 128)}, added_m=lambda settings: ADDED_M["zero"])
    assert fig5_variants(trained, "scope", SAID) is None
    assert fig5_variants(None, "scope", SAID) is None


@pytest.mark.parametrize(
    "axes",
    [
        pytest.param([{"test_round": (0, 1)}], id="one variant on two rounds"),
        pytest.param([FILLS, {"test_round": (0, 1)}], id="two on two rounds each"),
    ],
)
def test_several_test_rounds_have_no_fig_5_that_shows_the_first_alone(
    tmp_path: Path, axes: list[dict]
) -> None:
    in_turn = swept(tmp_path, *axes, added_m=lambda settings: ADDED_M["zero"])
    assert in_turn.test_rounds == [0, 1]
    assert fig5_variants(in_turn, "scope", SAID) is None


def test_a_setting_that_this_version_does_not_know_has_no_fig_5(tmp_path: Path) -> None:
    known = swept(tmp_path, FILLS)
    first, second = (replace(one, settings={"wipe.depth": 1}) for one in known.contenders)
    assert fig5_variants(Swept((first, second), first), "scope", SAID) is None
