"""Error against walks surveyed, a line an arm."""

from collections.abc import Sequence
from textwrap import fill

from matplotlib.figure import Figure

from mtloc_jax.arms import ARMS
from mtloc_jax.report import bands, style
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.walks_needed import Curve

_MOST_BANDS = 4  # of more arms, bands would hide each other and the lines
_LOG_SPAN, _CAPTION_CHARS = 4, 140
_NOTE = (
    "line: mean over tested walks of each walk's mean error, over seeds, which draw surveys and "
    "weights"
)
_BAND = "; band: 95 % interval over tested walks"


def walks_figure(found: Sequence[Curve], scope: str, provenance: Provenance) -> Figure | None:
    """Draw curves over the walks surveyed; None where there is none."""
    if not found:
        return None
    banded = len(found) <= _MOST_BANDS
    drawn = style.figure(
        provenance.title("Data demand: error against walks surveyed"),
        f"{fill(scope, _CAPTION_CHARS)}\n"
        f"{_NOTE}{_BAND if banded else ''}. Arms are compared in pairs in the tables.",
        9.4,
        4.6,
    )
    axes = drawn.subplots()
    end_m = 1.06 * style.axis_end(drawn, [float(curve.mean_m.max()) for curve in found])
    for curve in found:
        made = bands.Curve(curve.n_walks, curve.mean_m, *curve.band_m())
        line = style.line(ARMS, curve.arm[0]) | {"label": curve.label}
        bands.draw(axes, made if banded else made.bare, line)
        bands.name_beyond(axes, made, end_m)
    places = sorted({float(n) for curve in found for n in curve.n_walks})
    if places[-1] / places[0] >= _LOG_SPAN:
        axes.set_xscale("log", base=2)
    axes.minorticks_off()
    axes.set_xticks(places, [f"{n:g}" for n in places])
    axes.set(xlabel="walks surveyed", ylabel="mean error (m)", ylim=(0, end_m))
    style.legend(drawn, [axes])
    return drawn
