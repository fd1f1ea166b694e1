"""How every figure looks: colour-blind-safe, told apart in grey too, the same bytes each time."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import colormaps, style
from matplotlib.figure import Figure
from PIL import Image

from mtloc_jax.report import arms

Line = dict[str, Any]  # keyword arguments of Axes.plot

# Okabe and Ito's palette; dashes and markers repeat what the colour says.
ARM_LINES: dict[str, Line] = {
    arms.FINETUNED: {"color": "#0072B2", "linestyle": "-", "marker": "o"},
    arms.TRANSFERRED: {"color": "#D55E00", "linestyle": (0, (5, 1.5)), "marker": "s"},
    arms.SCRATCH: {"color": "#000000", "linestyle": (0, (1, 1)), "marker": "^"},
}
MODALITY_LINES: dict[str, Line] = {
    "imu": {"color": "#009E73", "linestyle": "-", "marker": "o"},
    "mag": {"color": "#E69F00", "linestyle": (0, (5, 1.5)), "marker": "s"},
    "wifi": {"color": "#0072B2", "linestyle": (0, (1, 1)), "marker": "^"},
}
BAND_NOTE = "line: mean over seeds, band: ± one standard deviation (none for one seed)"

_STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
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
    with style.context(["default", _STYLE]):
        yield


def rate_line(finetune_rate: float) -> Line:
    """Return the line of a fine-tune rate: the darker, the more rounds."""
    marker = "oDvP"[round(8 * (1 - finetune_rate)) % 4]
    return {"color": colormaps["cividis"](1 - finetune_rate), "linestyle": "-", "marker": marker}


def figure(title: str, caption: str, width_in: float, height_in: float) -> Figure:
    """Return an empty figure with a title above and a caption below."""
    new = Figure(figsize=(width_in, height_in), layout="constrained")
    new.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    new.supxlabel(caption, **_CAPTION)
    return new


def axis_end(drawn: Figure, ends_m: Sequence[float]) -> float:
    """Return where the error axis of curves that end at `ends_m` should end, metres.

    That is the farthest end, or 2.5 times the middle one if the farthest would squash the rest;
    the caption then says how far it is.
    """
    farthest, end = max(ends_m), _LONGEST * float(np.median(ends_m))
    if farthest <= _WORTH_CUTTING * end:
        return farthest
    note = f"The error axis is cut at {end:.0f} m: the largest value is {farthest:.0f} m."
    drawn.supxlabel(f"{drawn.get_supxlabel()}\n{note}", **_CAPTION)
    return end


def save(drawn: Figure, path: Path) -> None:
    """Write a PNG of 256 colours (a third of the size), with no metadata that names a machine."""
    pixels = io.BytesIO()
    drawn.savefig(pixels, format="png", metadata={"Software": None})
    with Image.open(pixels) as image:
        flat = image.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=1)
        flat.save(path, format="PNG", optimize=True)


def save_svg(drawn: Figure, path: Path) -> None:
    """Write an SVG with no date and no metadata that names a machine.

    Clipping areas are numbered: matplotlib names them by all digits of their place, and the last of
    these vary with what was laid out before.
    """
    text = io.StringIO()
    drawn.savefig(text, format="svg", dpi=_SVG_DPI, metadata={"Date": None, "Creator": None})
    names = dict.fromkeys(_CLIP_NAME.findall(text.getvalue()))
    numbered = {name: f"clip{number}" for number, name in enumerate(names, start=1)}
    named = _CLIP_NAME.sub(lambda found: numbered[found[0]], text.getvalue())
    path.write_text(named, encoding="utf-8", newline="\n")
