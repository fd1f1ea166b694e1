"""A figure laid out anew for a small screen: panels below each other, long labels wrapped."""

from collections.abc import Sequence
from textwrap import fill

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.legend import Legend
from matplotlib.ticker import FixedLocator

WIDTH_IN = 4.2
"""Some 400 pixels of a page: what a phone has between its margins."""
_LABEL_CHARS, _AXIS_CHARS, _TITLE_CHARS = 22, 38, 40
_PANEL_IN, _AROUND_IN = 2.2, 0.7
_LINE_IN, _GAP_IN, _LEAST_ROW_IN = 0.125, 0.06, 0.26
_LEGEND_COLUMNS, _LONG_ENTRY_CHARS, _ENTRY_IN = 2, 24, 0.2
_SIDES_IN = 0.9  # of a map: labels and the bar of colours
_TALLEST = 1.6  # height over width of a map


def narrow(drawn: Figure) -> None:
    """Change a figure that was drawn wide: it is WIDTH_IN inches wide then.

    Panels stand below each other, each with its own labels, under one legend. Title and caption are
    left out: a page has them as text.
    """
    drawn.suptitle("")
    drawn.supxlabel("")
    panels = [axes for axes in drawn.axes if _is_panel(axes)]
    if len({axes.get_position().x0 for axes in panels}) > 1:
        _label_all(panels)
    legends = [(legend, _entries(legend)) for legend in drawn.legends]
    heights = [_legend_in(labels) for _, (_, labels, _) in legends] + [*map(_panel_in, panels)]
    drawn.set_size_inches(WIDTH_IN, sum(heights))
    rows = GridSpec(len(panels), 1, figure=drawn, height_ratios=heights[len(legends) :])
    for at, axes in enumerate(panels):
        axes.set_subplotspec(rows[at, 0])
        _wrap(axes)
    for legend, (handles, labels, title) in legends:
        legend.remove()
        drawn.legend(
            handles,
            labels,
            title=title,
            loc="outside upper left",
            ncols=_columns(labels),
            fontsize=8.5,
        )
    drawn.set_layout_engine("constrained")


def _is_panel(axes: Axes) -> bool:
    """Say whether axes are a panel: no bar of colours, and not switched off."""
    return axes.get_subplotspec() is not None and axes.axison and not hasattr(axes, "_colorbar")


def _label_all(panels: Sequence[Axes]) -> None:
    """Give each panel of a grid the labels that the outer ones have alone."""
    for name, side in (("xaxis", "labelbottom"), ("yaxis", "labelleft")):
        every = [getattr(axes, name) for axes in panels]
        known = next((text for axis in every if (text := axis.get_label_text())), "")
        for axis in every:
            axis.set_label_text(axis.get_label_text() or known)
            axis.set_tick_params(**{side: True})


def _entries(legend: Legend) -> tuple[list[Artist], list[str], str]:
    labels = [text.get_text() for text in legend.get_texts()]
    handles = [handle for handle in legend.legend_handles if handle is not None]
    return handles, labels, legend.get_title().get_text()


def _legend_in(labels: Sequence[str]) -> float:
    return _ENTRY_IN * (-(-len(labels) // _columns(labels)) + 1.5)


def _columns(labels: Sequence[str]) -> int:
    return 1 if max(map(len, labels), default=0) > _LONG_ENTRY_CHARS else _LEGEND_COLUMNS


def _panel_in(axes: Axes) -> float:
    """Return how tall a panel stands, inches: a map as it lies, rows in words by their number."""
    if axes.get_aspect() != "auto":
        (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
        tallness = min(abs((top - bottom) / (right - left)), _TALLEST)
        return (WIDTH_IN - _SIDES_IN) * tallness + _AROUND_IN
    if not _has_words(axes):
        return _PANEL_IN + _AROUND_IN
    names = [fill(name, _LABEL_CHARS) for name in _names(axes)]
    longest = max(name.count("\n") + 1 for name in names)
    return len(names) * max(longest * _LINE_IN + _GAP_IN, _LEAST_ROW_IN) + _AROUND_IN


def _has_words(axes: Axes) -> bool:
    """Say whether what names the lines of a panel are words."""
    named = isinstance(axes.yaxis.get_major_locator(), FixedLocator)
    return named and any(mark.isalpha() for text in _names(axes) for mark in text)


def _names(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def _wrap(axes: Axes) -> None:
    axes.set_title(fill(axes.get_title(loc="left"), _TITLE_CHARS), loc="left")
    axes.set_ylabel(fill(axes.get_ylabel(), _AXIS_CHARS))
    words = _has_words(axes)
    if words:
        axes.set_yticklabels([fill(name, _LABEL_CHARS) for name in _names(axes)], fontsize=8)
    axes.set_xlabel(fill(axes.get_xlabel(), _AXIS_CHARS), loc="right" if words else "center")
