"""Spans in which a sensor did not measure although its log goes on."""

import numpy as np

from mtloc_jax.logs.round import SENSORS, FrozenSpan, Stream

MIN_SPAN_MS = 1000


def frozen_spans_of(
    accel: Stream, gyro: Stream, mag: Stream, *, causal: bool = False
) -> tuple[FrozenSpan, ...]:
    """Find the frozen spans of all three sensors."""
    named = zip(SENSORS, (accel, gyro, mag), strict=True)
    found = (frozen_spans(sensor, stream, causal=causal) for sensor, stream in named)
    return tuple(span for spans in found for span in spans)


def frozen_spans(
    sensor: str, stream: Stream, *, min_span_ms: int = MIN_SPAN_MS, causal: bool = False
) -> tuple[FrozenSpan, ...]:
    """Find where all axes run along straight lines (bridged) or stand still (stuck).

    stream: evenly sampled, as published at 10 Hz
    causal: begin a span where a phone can first know of it, `min_span_ms` after its beginning, so
            that what was said of a reading stays as the stream goes on
    A real sensor's noise bends every axis at every sample, so a second difference of zero on all
    of them, within rounding, for `min_span_ms` is no measurement. Neighbouring spans may share
    their end: a bridge may have a kink.
    """
    if len(stream.t_ms) < 3:
        return ()
    bend = np.abs(np.diff(stream.values, n=2, axis=0))
    largest = np.maximum.accumulate(np.abs(stream.values))[2:]
    if not causal:
        largest = largest[-1]
    # Published to about nine digits: three rounded terms, and a margin.
    rounding = 1e-8 * np.maximum(largest, 1e-3)
    edges = np.diff(np.concatenate([[0], (bend <= rounding).all(axis=1), [0]]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1) + 1
    t_ms = stream.t_ms
    long = t_ms[ends] - t_ms[starts] >= min_span_ms
    starts, ends = starts[long], ends[long]
    if causal:
        starts = np.searchsorted(t_ms, t_ms[starts] + min_span_ms)
    return tuple(
        FrozenSpan(sensor, int(t_ms[a]), int(t_ms[b])) for a, b in zip(starts, ends, strict=True)
    )
