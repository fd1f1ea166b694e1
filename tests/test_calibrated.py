"""A radius calibrated on the floor: worked out by hand on lines that one access point places."""

import numpy as np
import pytest

from mtloc_jax.arms import ARMS
from mtloc_jax.errors import InputError
from mtloc_jax.prediction.by_survey import BySurvey
from mtloc_jax.prediction.calibrated import calibrated_within
from mtloc_jax.prediction.live import located
from mtloc_jax.prediction.locators import by_survey
from mtloc_jax.prediction.survey import Survey
from tests.test_predict import ASKED, line

LINES = Survey("toy", tuple(line(n, 4.0, (2000, "near")) for n in range(1, 11)))


def test_the_radius_holds_the_errors_of_walks_located_by_all_the_others():
    by = BySurvey(LINES, ARMS["cosine-held"].locate)
    # Held at (2, 4) from 2 s on, a walk at 1 m/s is 0, 1, 2, 3, 4 m away, of sigma 4 m.
    assert calibrated_within(by) == pytest.approx(4 / 4)
    by.within = calibrated_within(by)
    radius_m = located(by, ASKED).radius_m
    assert radius_m[-1] == pytest.approx(4.0)


def test_the_stated_radius_has_no_say_in_it():
    by = BySurvey(LINES, ARMS["cosine-held"].locate, within=7.0)
    assert calibrated_within(by) == pytest.approx(1.0)


def test_few_walks_calibrate_nothing():
    few = Survey("toy", LINES.walks[:8])
    with pytest.raises(InputError, match="8 walks calibrate no radius of 90 %"):
        by_survey(few, "cosine-held", calibrated=True)
    ready = by_survey(LINES, "cosine-held", calibrated=True)
    assert np.nanmax(ready.located(ASKED).radius_m[ready.located(ASKED).heard]) == pytest.approx(4)
