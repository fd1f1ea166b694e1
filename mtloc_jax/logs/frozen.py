"""Spans in which a sensor did not measure although its log goes on."""

import numpy as np

from mtloc_jax.logs.round import SENSORS, FrozenSpan, Stream

MIN_SPAN_MS = 1000


def frozen_spans_of(accel: Stream, gyro: Stream, mag: Stream) -> tuple[FrozenSpan, ...]:
    """Find the frozen spans of all three sensors."""
    named = zip(SENSORS, (accel, gyro, mag), strict=True)
    return tuple(span for sensor, stream in named for span in frozen_spans(sensor, stream))


def frozen_spans(
    sensor: str, stream: Stream, *, min_span_ms: int = MIN_SPAN_MS
) -> tuple[FrozenSpan, ...]:
    """Find where all axes run along straight lines (bridged) or stand still (stuck).

    stream: evenly sampled, as published at 10 Hz
    A real sensor's noise bends every axis at every sample, so a second difference of zero on all
    of them, within rounding, for `min_span_ms` is no measurement. Neighbouring spans may share
    their end: a bridge may have a kink.
    """
    if len(stream.t_ms) < 3:
        return ()
    bend = np.abs(np.diff(stream.values, n=2, axis=0))
    # Published to about nine digits: three rounded terms, and a margin.
    rounding = 1e-8 * np.maximum(np.abs(stream.values).max(axis=0), 1e-3)
    edges = np.diff(np.concatenate([[0], (bend <= rounding).all(axis=1), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) + 1
    return tuple(
        FrozenSpan(sensor, int(stream.t_ms[a]), int(stream.t_ms[b]))
        for a, b in zip(starts, ends, strict=True)
        if stream.t_ms[b] - stream.t_ms[a] >= min_span_ms
    )
