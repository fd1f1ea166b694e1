"""The networks of a study, found by what they are."""

import numpy as np
import pytest

from mtloc_jax import rows
from mtloc_jax.errors import InputError
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.network import read_network
from mtloc_jax.surgery.study_runs import is_study, pretrained_of, runs_of
from tests.launched import launched

RUNS = [("scratch", 1.0, 0), ("finetuned", 0.625, 0), ("finetuned", 0.625, 3)]


def row(arm, rate, seed, error_m, study="toy"):
    keys = {"study": study, "site_pair": "a->b", "arm": arm, "finetune_rate": rate, "seed": seed}
    judged = {"split": "test", "modality": "none", "drop_rate": 0.0, "wipe_seed": 0}
    return keys | judged | {"n_windows": 9} | dict.fromkeys(rows.METRICS, error_m)


def study_folder(folder, runs=RUNS, variant=""):
    """Write two chunks: the first network's weight reads 0, the second's 1, and so on."""
    for number, part in enumerate((runs[:1], runs[1:])):
        chunk = folder / "chunks" / f"{number:04d}"
        named = {"variant": variant} if variant else {}
        of_runs = [
            {"arm": arm, "finetune_rate": rate, "seed": seed} | named for arm, rate, seed in part
        ]
        weights = np.arange(len(part), dtype=np.float32)[:, None] + number
        checkpoint.save(
            chunk / "checkpoint", {"head": {"bias": weights}}, {"site": {}, "runs": of_runs}
        )
        of_study = f"toy/{variant}" if variant else "toy"
        told = [row(*run, 4.0 + k + number, of_study) for k, run in enumerate(part)]
        (chunk / rows.ROWS).write_text(rows.as_text(rows.ROWS, told))
    return folder


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    return study_folder(tmp_path_factory.mktemp("study"))


def test_every_network_has_a_name_and_its_error(study):
    assert is_study(study)
    found = [(run.name, run.error_m) for run in runs_of(study)]
    assert found == [("scratch:1:0", 4.0), ("finetuned:0.625:0", 5.0), ("finetuned:0.625:3", 6.0)]
    assert pretrained_of(study) == []


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("scratch:1:0", 0.0),
        ("scratch", 0.0),
        ("finetuned:0.625:3", 2.0),
        ("finetuned:0.6250:0", 1.0),
    ],
)
def test_a_name_finds_its_network_and_so_does_the_part_that_is_enough(study, name, weight):
    network = read_network(f"{study}@{name}")
    assert network.params["head"]["bias"].tolist() == [weight]
    assert network.place == f"{study}@{name}"
    assert network.card["run"]["arm"] == name.partition(":")[0]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "folder of a study, of 3 trained networks; say which one, such as .*@scratch:1:0"),
        ("@finetuned", "2 networks of this study .*: finetuned:0.625:0, finetuned:0.625:3"),
        ("@finetuned:0.5", "no network 'finetuned:0.5'"),
        ("@finetund:0.625:3", "did you mean 'finetuned:0.625:3'"),
        ("@0", "no network '0'"),
    ],
)
def test_what_names_no_network_or_several_is_told_the_right_ones(study, name, says):
    with pytest.raises(InputError, match=says):
        read_network(f"{study}{name}")


def test_variants_of_a_sweep_are_part_of_the_name(tmp_path):
    study_folder(tmp_path, variant="hidden=64")
    run = runs_of(tmp_path)[2]
    assert (run.name, run.error_m) == ("finetuned:0.625:3:hidden=64", 6.0)
    assert read_network(f"{tmp_path}@finetuned:0.625:3:hidden=64").params["head"]["bias"] == [2.0]


def test_a_study_that_trained_nothing_yet_says_so(tmp_path):
    (tmp_path / "chunks").mkdir()
    with pytest.raises(InputError, match="of 0 trained networks"):
        read_network(str(tmp_path))
    with pytest.raises(InputError, match="has trained no network yet"):
        read_network(f"{tmp_path}@scratch")


def test_inspect_lists_a_study_and_export_says_which_is_missing(study, tmp_path):
    told = launched("launch.inspect", study)
    assert (told.returncode, told.stderr) == (0, "")
    listed = [line.split() for line in told.stdout.splitlines()[1:4]]
    assert listed == [
        ["scratch:1:0", "4.00"],
        ["finetuned:0.625:0", "5.00"],
        ["finetuned:0.625:3", "6.00"],
    ]
    told = launched("launch.export", study, f"--output={tmp_path / 'out'}")
    assert told.returncode == 2
    assert "this is the folder of a study" in told.stderr
