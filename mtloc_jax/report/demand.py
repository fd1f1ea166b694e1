"""How much data a new building needs: error against the share of its training rounds used."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS, percent
from mtloc_jax.report import bands, style
from mtloc_jax.report.bands import Curve
from mtloc_jax.report.card_notes import Survey
from mtloc_jax.report.headline import held
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.rows import METRICS, Table, select

PANELS = (("validation", "mean_m"), ("test", "mean_m"), ("test", "median_m"))
_MOST_BANDS = 4  # of more arms, bands would hide each other and the lines
_END = 1.04  # of the axis, in surveys: the last marker is whole
_LINES_NOTE = "line: mean over seeds; the tables hold the deviations"
_NETWORKS_NOTE = "Thick: networks, which see the same windows as the predictors."


def data_demand(
    table: Table, provenance: Provenance, survey: Survey | None = None
) -> Figure | None:
    """Draw the errors of all arms against the share of rounds; None if each was run with one.

    survey: all training rounds, for an axis in minutes; in per cent of the rounds without
    """
    clean = select(table, modality="none")
    names = held(ARMS, clean["arm"])
    panels = [panel for panel in PANELS if panel[0] in set(clean["split"])]
    found = [_curves(select(clean, split=split), metric, names) for split, metric in panels]
    if all(len(curve.at) < 2 for curves in found for curve in curves.values()):
        return None
    scale = survey.minutes if survey else 100.0
    title = provenance.title("Data demand: error against the share of training rounds used")
    caption = f"{provenance.scope(clean)}\n{_notes(names, survey)}"
    drawn = style.figure(title, caption, 3.0 * len(panels) + 2.0, 4.2)
    axes = drawn.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    end_m = 1.06 * style.axis_end(drawn, np.concatenate([_ends_m(curves) for curves in found]))
    for here, letter, (split, metric), curves in zip(axes, "abc", panels, found, strict=False):
        _draw(here, curves, scale, end_m)
        here.set(title=f"({letter}) {METRICS[metric].label} error, {split}")
        here.set(xlabel="minutes surveyed" if survey else "training rounds used (%)")
    axes[0].set(ylabel="error (m)", xlim=(0, _END * scale), ylim=(0, end_m))
    style.legend(drawn, axes)
    return drawn


def _curves(rows: Table, metric: str, names: Sequence[str]) -> dict[str, Curve]:
    every = ((name, bands.along(select(rows, arm=name), "finetune_rate", metric)) for name in names)
    bare = len(names) > _MOST_BANDS
    return {name: curve.bare if bare else curve for name, curve in every if len(curve.at)}


def _ends_m(curves: Mapping[str, Curve]) -> np.ndarray:
    return np.concatenate([np.fmax(curve.mean_m, curve.high_m) for curve in curves.values()])


def _draw(axes: Axes, curves: Mapping[str, Curve], scale: float, end_m: float) -> None:
    beside_predictors = any(map(_predicts, curves))
    for name, curve in curves.items():
        line, share = style.line(ARMS, name), _share(name)
        if beside_predictors and not _predicts(name):
            line |= {"linewidth": 2.2}
        if share is not None:
            line |= {"marker": "none", "label": f"{line['label']}, {_rounds(share)}"}
        drawn = curve if share is None else _level(curve)
        bands.draw(axes, drawn.times(scale), line)
        bands.name_beyond(axes, curve.times(scale), end_m)


def _level(curve: Curve) -> Curve:
    """Return the first point of a curve along the whole axis: its rate says nothing."""
    first = (values[:1].repeat(2) for values in (curve.mean_m, curve.low_m, curve.high_m))
    return Curve(np.array([0.0, _END]), *first)


def _notes(names: Sequence[str], survey: Survey | None) -> str:
    levels = [
        f"{ARMS[name].label} on {_rounds(share)}, {ARMS[name].plan or 'fine-tuned'}"
        for name in names
        if (share := _share(name)) is not None
    ]
    networks = {_predicts(name) for name in names} == {True, False}
    said = (
        f"{bands.NOTE if len(names) <= _MOST_BANDS else _LINES_NOTE}.",
        f"Level: {'; '.join(levels)}." if levels else "",
        f"All {survey.rounds} training rounds: {survey.minutes:.1f} min." if survey else "",
        _NETWORKS_NOTE if networks else "",
    )
    return " ".join(filter(None, said))


def _predicts(name: str) -> bool:
    return name in ARMS and ARMS[name].predict is not None


def _share(name: str) -> float | None:
    """Return what share of the rounds an arm sees whatever its rate; None where it is its rate."""
    return ARMS[name].share if name in ARMS else None


def _rounds(share: float) -> str:
    return "all rounds" if share == 1 else f"{percent(share)} of the rounds"
