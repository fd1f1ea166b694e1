"""Pretraining that diverges for one seed: its runs are named, and no other is lost."""

import logging

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.rows import DIVERGED, PRETEXT, ROWS, read
from mtloc_jax.study import starts
from mtloc_jax.study.diverged import unnumbered
from mtloc_jax.study.study import Study
from tests.studies import ignore, tiny

LOST = 1


def runs_in(table):
    return set(zip(table["arm"].tolist(), table["seed"].tolist(), strict=True))


@pytest.mark.slow
def test_one_seed_that_diverges_in_pretraining_loses_its_own_runs_alone(
    tmp_path, monkeypatch, caplog
):
    pretraining = starts.pretraining

    def diverging(*asked):
        made = pretraining(*asked)
        rates = {LOST: np.float32(np.inf)}
        runs = [
            run._replace(learning_rate=rates.get(int(run.seed), run.learning_rate))
            for run in made.runs
        ]
        return made._replace(runs=runs)

    monkeypatch.setattr(starts, "pretraining", diverging)
    config = tiny(
        arms=("scratch", "finetuned"), seeds=2, finetune_rates=(1.0,), wipe__drop_rates=()
    )
    study = Study(config, tmp_path / "work", ignore)
    with caplog.at_level(logging.WARNING):
        assert study.run()
    assert "seed 1 diverged at learning_rate inf; runs that start from it" in caplog.text
    assert runs_in(read(tmp_path / "work" / DIVERGED)) == {("finetuned", LOST)}
    kept = {("scratch", 0), ("scratch", LOST), ("finetuned", 0)}
    assert runs_in(read(tmp_path / "work" / ROWS)) == kept
    assert set(read(tmp_path / "work" / PRETEXT)["seed"].tolist()) == {0}
    said = "1 of 4 runs diverged: finetuned 1, seed 1 .* the pretraining of seed 1 did; the others"
    with pytest.raises(InputError, match=said):
        study.check_diverged()
    # Begun again, the folder says the same of what lies in it.
    again = Study(config, tmp_path / "work", ignore)
    assert again.run()
    with pytest.raises(InputError, match=said):
        again.check_diverged()


def test_what_diverged_is_no_number_and_the_rest_stays():
    params = {"kernel": np.ones((3, 2, 2), np.float32), "bias": np.ones((3, 2), np.float32)}
    found = unnumbered(params, [1])
    assert [bool(np.isfinite(leaf[1]).any()) for leaf in found.values()] == [False, False]
    for name, leaf in found.items():
        np.testing.assert_array_equal(leaf[[0, 2]], params[name][[0, 2]])
