"""Which runs leave a track for the maps."""

import pytest

from mtloc_jax.settings import Settings, replaced
from mtloc_jax.study.record import on_maps
from mtloc_jax.study.runs import grid


def shown(**settings):
    made = replaced(Settings(), settings)
    return {(run.arm, run.finetune_rate) for run in grid(made) if on_maps(run, made)}


def test_maps_show_scratch_transferred_and_the_papers_choice():
    assert shown() == {("scratch", 1.0), ("transferred", 0.0), ("finetuned", 0.625)}


@pytest.mark.parametrize(
    ("rates", "nearest"),
    [((0.5, 1.0), 0.5), ((0.75, 0.5), 0.5), ((1.0,), 1.0), ((0.125, 0.25), 0.25)],
)
def test_without_the_papers_choice_the_nearest_rate_is_kept_the_lower_of_two(rates, nearest):
    assert ("finetuned", nearest) in shown(finetune_rates=rates)


def test_scratch_is_shown_on_the_largest_survey_that_it_was_given():
    assert ("scratch", 0.5) in shown(scratch_rates=(0.25, 0.5))


def test_predictors_and_other_seeds_leave_no_track():
    made = replaced(Settings(), {"arms": ("wifi-knn", "scratch")})
    kept = [run for run in grid(made) if on_maps(run, made)]
    assert [(run.arm, run.seed) for run in kept] == [("scratch", 0)]
