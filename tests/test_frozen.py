"""Sensors that stand still: the span as a survey knows it, and as a phone gets to know it."""

import numpy as np
import pytest

from mtloc_jax.logs.frozen import frozen_spans
from mtloc_jax.logs.round import Stream


def stuck(n, first, last):
    """Return a noisy stream of 10 Hz that repeats the reading `first` up to `last`."""
    values = np.random.default_rng(0).normal(0, 1, (n, 3))
    values[first : last + 1] = values[first]
    return Stream(100 * np.arange(n), values)


def spans(stream, **how):
    return [(span.start_ms, span.end_ms) for span in frozen_spans("gyro", stream, **how)]


def test_a_survey_knows_the_whole_span_a_phone_from_a_second_on():
    stream = stuck(60, 20, 45)
    assert spans(stream) == [(2000, 4500)]
    assert spans(stream, causal=True) == [(3000, 4500)]


def test_a_span_shorter_than_a_second_is_none():
    assert spans(stuck(60, 20, 29), causal=True) == spans(stuck(60, 20, 29)) == []
    assert spans(stuck(60, 20, 30), causal=True) == [(3000, 3000)]


@pytest.mark.parametrize("n", range(2, 60))
def test_what_a_phone_said_of_a_reading_stays_as_the_stream_goes_on(n):
    stream = stuck(60, 20, 45)
    stream.values[50] = 1e6  # one that would widen what counts as rounding
    now = spans(Stream(stream.t_ms[:n], stream.values[:n]), causal=True)
    last_ms = stream.t_ms[n - 1]
    whole = [(a, min(b, last_ms)) for a, b in spans(stream, causal=True) if a <= last_ms]
    assert now == whole
