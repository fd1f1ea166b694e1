"""How every figure looks: colour-blind-safe, told apart in grey too, the same bytes each time."""

import io
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps, style
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

from mtloc_jax import escapes
from mtloc_jax.files import write_whole
from mtloc_jax.registry import Registry

Line = dict[str, Any]  # keyword arguments of Axes.plot

NEUTRAL: Line = {"color": "#777777", "linestyle": (0, (3, 1, 1, 1)), "marker": "d"}
"""How an arm or modality is drawn that is not registered here (rows of another version)."""

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    # Names of sites and access points are the user's: "$" in them is no mathematics.
    "text.parse_math": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "lines.markersize": 4.5,
    "legend.frameon": False,
    "legend.handlelength": 3.2,
    "figure.dpi": 130,
    "savefig.dpi": 130,
    "svg.fonttype": "path",  # text looks the same where the font is absent
    "svg.hashsalt": "mtloc",  # element names are random without it
}
_CLIP_NAME = re.compile(r"\bp[0-9a-f]{10}\b")
_SVG_DPI = 75  # of what is rasterised in it: floor plans, clouds of dots
_CAPTION: Line = {"x": 0.01, "ha": "left", "fontsize": 7.5, "color": "#444444"}
# Past this many times the middle curve's end, one bad curve would squash all others.
_LONGEST, _WORTH_CUTTING = 2.5, 1.2


@contextmanager
def drawing() -> Iterator[None]:
    """Draw in the project's style whatever the user's matplotlibrc says."""
    with style.context(["default", _STYLE]), warnings.catch_warnings():
        # Names are of any script: what the font lacks is drawn as a box.
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def line(registry: Registry, name: str) -> Line:
    """Return how an arm or modality is drawn, with its label, as its registry says."""
    known = registry.get(name)
    return NEUTRAL | (dict(known.line, label=known.label) if known else {"label": name})


def rate_shade(rate: float) -> Line:
    """Return colour and marker of one of an arm's rates: the darker, the more rounds."""
    return {"color": colormaps["cividis"](1 - rate), "marker": "oDvP"[round(8 * (1 - rate)) % 4]}


def figure(title: str, caption: str, width_in: float, height_in: float) -> Figure:
    """Return an empty figure with a title above and a caption below."""
    new = Figure(figsize=(width_in, height_in), layout="constrained")
    new.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    new.supxlabel(caption, **_CAPTION)
    return new


def legend(drawn: Figure, panels: Iterable[Axes], title: str | None = None) -> None:
    """Put one legend of all panels beside them, where it covers no data."""
    entries: dict[str, Artist] = {}
    for axes in panels:
        handles, labels = axes.get_legend_handles_labels()
        entries |= {k: h for k, h in zip(labels, handles, strict=True) if k not in entries}
    drawn.legend(entries.values(), entries.keys(), loc="outside right center", title=title)


def axis_end(drawn: Figure, ends_m: Sequence[float] | np.ndarray) -> float:
    """Return where the error axis of curves that end at `ends_m` should end, metres.

    That is the farthest end, or 2.5 times the middle one if the farthest would squash the rest;
    the caption then says how far it is.
    """
    farthest, end = float(max(ends_m)), _LONGEST * float(np.median(ends_m))
    if farthest <= _WORTH_CUTTING * end:
        return farthest
    note = f"The error axis is cut at {end:.0f} m: the largest value is {farthest:.0f} m."
    drawn.supxlabel(f"{drawn.get_supxlabel()}\n{note}", **_CAPTION)
    return end


def save(drawn: Figure, path: Path) -> None:
    """Write a PNG of 256 colours (a third of the size), with no metadata that names a machine."""
    write_whole(path, png(drawn, "figure", 256))


def png(drawn: Figure, dpi: float | str, n_colours: int) -> bytes:
    """Return a PNG of so many colours and pixels to the inch ("figure": its own)."""
    _clean(drawn)
    canvas = FigureCanvasAgg(drawn)
    with _at_dpi(drawn, drawn.dpi if dpi == "figure" else float(dpi)):
        canvas.draw()  # `savefig` would draw twice: once more to lay out, though this does as well
        pixels = Image.fromarray(np.asarray(canvas.buffer_rgba()))
    flat = pixels.convert("RGB").quantize(n_colours, Image.Quantize.MAXCOVERAGE, kmeans=1)
    packed = io.BytesIO()
    flat.save(packed, format="PNG", optimize=True)
    return packed.getvalue()


def save_svg(drawn: Figure, path: Path) -> None:
    """Write an SVG with no date and no metadata that names a machine.

    Clipping areas are numbered: matplotlib names them by all digits of their place, and the last of
    these vary with what was laid out before.
    """
    _clean(drawn)
    text = io.StringIO()
    with _at_dpi(drawn, _SVG_DPI):
        FigureCanvasSVG(drawn).print_svg(text, metadata={"Date": None, "Creator": None})
    names = dict.fromkeys(_CLIP_NAME.findall(text.getvalue()))
    numbered = {name: f"clip{number}" for number, name in enumerate(names, start=1)}
    named = _CLIP_NAME.sub(lambda found: numbered[found[0]], text.getvalue())
    write_whole(path, named)


@contextmanager
def _at_dpi(drawn: Figure, dpi: float) -> Iterator[None]:
    """Let a figure have so many pixels to the inch for a while."""
    before = drawn.dpi
    drawn.dpi = dpi
    try:
        yield
    finally:
        drawn.dpi = before


def _clean(drawn: Figure) -> None:
    """Leave in every text of a figure what can be printed: an SVG is no XML with the rest."""
    for text in drawn.findobj(Text):
        text.set_text(escapes.lines(text.get_text()))
