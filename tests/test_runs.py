"""The grid of Table V, and what each run trains on."""

import numpy as np
import pytest

from mtloc_jax.arms import ARMS, PREDICTORS
from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings, replaced
from mtloc_jax.study.runs import RunSpec, grid, n_steps, run_of


def config(**changes):
    return replaced(Settings(), changes)


def test_the_papers_grid_is_scratch_and_nine_rates():
    runs = grid(config(seeds=2))
    assert len(runs) == 2 * 10
    assert sum(run.arm == "finetuned" for run in runs) == 16
    assert [run for run in runs if run.arm == "transferred"] == [
        RunSpec("transferred", 0.0, 0),
        RunSpec("transferred", 0.0, 1),
    ]
    assert len(set(runs)) == len(runs)


def test_the_transferred_network_trains_its_other_branches_on_all_rounds():
    assert RunSpec("transferred", 0.0, 0).training_share == 1.0
    assert RunSpec("finetuned", 0.25, 0).training_share == 0.25
    assert RunSpec("transferred", 0.0, 0).of.grafted
    assert not RunSpec("scratch", 1.0, 0).of.grafted


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"arms": ("scratch", "tuned")}, "tuned"),
        ({"finetune_rates": (0.5, 1.5)}, "1.5"),
        ({"scratch_rates": (0.0,)}, "0.0"),
        ({"arms": ()}, "empty"),
        ({"arms": ("scratch",), "scratch_rates": ()}, "empty"),
        ({"finetune_rates": (0.5, 0.50001)}, "equal to four decimals"),
    ],
)
def test_an_impossible_grid_is_refused(changes, named):
    with pytest.raises(InputError, match=named):
        grid(config(**changes))


def test_predictors_stand_in_the_grid_beside_networks_in_the_order_of_the_registry():
    runs = grid(config(arms=("wifi-knn", "scratch"), finetune_rates=(1.0, 0.5), seeds=1))
    assert [(run.arm, run.finetune_rate) for run in runs] == [
        ("scratch", 1.0),
        ("wifi-knn", 1.0),
        ("wifi-knn", 0.5),
    ]
    assert all(ARMS[name].predict for name in PREDICTORS)


def test_the_cells_of_a_run_are_those_of_its_rows():
    assert RunSpec("finetuned", 1 / 3, 7).cells == ("finetuned", "0.3333", "7")


@pytest.mark.parametrize(("protocol", "steps"), [("epochs", 20 * 3), ("steps", 20 * 10)])
def test_fewer_windows_take_fewer_steps_unless_steps_are_equal(protocol, steps):
    run = run_of(
        seed=0,
        start={},
        rows=np.arange(250),
        n_train=1000,
        scaler=None,
        epochs=20,
        settings=config(protocol=protocol),
    )
    assert int(run.n_steps) == steps
    assert int(run.n_windows) == 250
    assert run.plan.shape == (1000,)


def test_more_steps_than_programs_count_are_refused():
    asked = config(batch_size=1, epochs=10**6)
    assert n_steps(2147, 2147, 10**6, asked) == 2_147_000_000
    with pytest.raises(InputError, match=r"2148 windows are 2148000000 steps; .*2147483647 steps"):
        n_steps(2148, 2148, 10**6, asked)
