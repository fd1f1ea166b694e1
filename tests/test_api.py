"""The five functions of a notebook: what they return, and that nothing is imported before."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure

import mtloc_jax
from mtloc_jax.prediction.outputs import table
from tests.conftest import ROOT
from tests.launched import launched
from tests.test_predict import ASKED, survey_folder
from tests.written_logs import write_csv


@pytest.fixture
def survey(tmp_path):
    return mtloc_jax.open_site(survey_folder(tmp_path / "survey"), form="csv")


def test_ten_lines_do_what_the_command_does(tmp_path, survey):
    log = write_csv(tmp_path / "new", ASKED)
    (track,) = mtloc_jax.predict(log, "csv", survey=survey, arm="cosine-held")
    told = launched(
        "launch.predict",
        f"--survey={tmp_path / 'survey'}",
        "--survey_format=csv",
        f"--log={log}",
        "--format=csv",
        "--arm=cosine-held",
        f"--output={tmp_path / 'out'}",
    )
    assert told.returncode == 0
    assert (tmp_path / "out" / "new.csv").read_text() == table(track)


def test_a_track_is_plain_arrays(tmp_path, survey):
    (track,) = mtloc_jax.predict(ASKED, survey=survey, arm="cosine-held", every_ms=1000)
    assert isinstance(track, mtloc_jax.Located)
    assert track.t_s.tolist() == pytest.approx([0.1, 1.1, 2.1, 3.1, 4.1, 5.1])
    assert track.xy_m[1] == pytest.approx([2.0, 6.0])
    assert track.true_m[1] == pytest.approx([1.1, 0.0])
    assert track.error_m[1] == pytest.approx(np.hypot(0.9, 6.0))
    assert track.mean_error_m == pytest.approx(track.error_m.mean())
    assert {*track.spoke} == {"", "cosine"}
    drawn = mtloc_jax.plot(track)
    assert isinstance(drawn, Figure)
    assert drawn._repr_png_().startswith(b"\x89PNG")  # what IPython shows


def test_a_survey_is_plain_walks(survey):
    assert isinstance(survey, mtloc_jax.Survey)
    assert [walk.name for walk in survey.walks] == ["walk2", "walk3"]
    assert survey.walks[0].waypoint_xy_m.tolist() == [[0.0, 4.0], [6.0, 4.0]]


def test_mistakes_are_the_errors_of_the_commands(survey):
    with pytest.raises(mtloc_jax.InputError, match="did you mean 'epochs'"):
        mtloc_jax.train("nowhere", {"epoch": 3})
    with pytest.raises(mtloc_jax.InputError, match="there is no building 'nowhere'"):
        mtloc_jax.predict(ASKED, survey="nowhere")
    with pytest.raises(AttributeError, match="no attribute 'predicts'"):
        _ = mtloc_jax.predicts


def test_rules_go_by_name_or_file(tmp_path):
    for rules in ("imu", ROOT / "configs" / "graft" / "imu.py"):
        with pytest.raises(mtloc_jax.InputError, match="nowhere"):
            mtloc_jax.graft("nowhere", "simulated-a", rules)
    with pytest.raises(
        mtloc_jax.InputError, match="there are no rules 'imo' in the package; did you mean 'imu'"
    ):
        mtloc_jax.graft("nowhere", "simulated-a", "imo")


def test_nothing_is_imported_before_it_is_asked_for():
    program = (
        "import sys, mtloc_jax; assert mtloc_jax.__all__; "
        "print(sorted({'jax', 'numpy', 'matplotlib'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.slow
def test_a_notebook_trains_grafts_and_locates_by_what_it_trained(tmp_path):
    settings = {
        "study": "notebook",
        "source": "simulated-a",
        "target": "simulated-b",
        "hidden": 8,
        "seeds": 1,
        "epochs": 2,
        "pretrain_epochs": 1,
        "scratch_rates": (1.0,),
        "finetune_rates": (1.0,),
        "simulation.round_s": 20.0,
    }
    trained = mtloc_jax.train(tmp_path / "study", settings)
    assert set(trained.rows["arm"]) == {"scratch", "transferred", "finetuned"}
    names = [run.name for run in trained.networks]
    assert names == ["scratch:1:0", "finetuned:1:0", "transferred:0:0"]
    log = mtloc_jax.open_site("simulated-b").walks[0]
    (track,) = mtloc_jax.predict(log, network=trained.network("finetuned:1:0"))
    assert np.isfinite(track.xy_m).all()
    assert len(track.t_s) > 100
    grafted = mtloc_jax.graft(
        trained.network("finetuned:1:0"),
        "simulated-a",
        "imu",
        settings={"simulation.round_s": 20.0},
    )
    assert isinstance(grafted, mtloc_jax.Grafted)
    assert any(entry.action == "take" for entry in grafted.report.entries)
