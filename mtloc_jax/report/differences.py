"""Every claim of a study at a glance: differences in mean error with their intervals."""

from collections.abc import Mapping, Sequence
from textwrap import fill

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.report import bands, style
from mtloc_jax.report.bands import Curve
from mtloc_jax.report.claims import Claim, Outcome
from mtloc_jax.report.provenance import Provenance

# What the colour says, shape and filling say again.
_BETTER: style.Line = {"color": "#0072B2", "marker": "o"}
_WORSE: style.Line = {"color": "#D55E00", "marker": "s"}
_OPEN: style.Line = {"color": "#555555", "marker": "D", "markerfacecolor": "#FFFFFF"}
_ALIKE: style.Line = {"color": "#555555", "marker": "D"}
_OUTCOMES: dict[Outcome, tuple[str, style.Line]] = {
    "errs less": ("errs less", _BETTER),
    "errs more": ("errs more", _WORSE),
    "alike": ("the same within the margin", _ALIKE),
    "open": ("no difference shown", _OPEN),
}
_NOTE = "Bars: 95 % interval (none below four seeds). Outcome: by p with Holm's correction."
_ROW_IN, _HEAD_IN, _LINE_IN, _LETTER_IN = 0.24, 0.55, 0.2, 0.075
_TITLE = 62  # letters of a line above a panel


def differences(
    families: Mapping[str, Sequence[Claim]], scope: str, provenance: Provenance
) -> Figure | None:
    """Draw one panel a family of claims, one row a claim; None without claims."""
    if not families:
        return None
    named = (title.removeprefix("Claims: ") for title in families)
    titles = [fill(title, _TITLE, break_on_hyphens=False) for title in named]
    heights = [
        _HEAD_IN + _LINE_IN * title.count("\n") + _ROW_IN * len(family)
        for title, family in zip(titles, families.values(), strict=True)
    ]
    longest = max(len(_name(claim)) for family in families.values() for claim in family)
    drawn = style.figure(
        provenance.title("Claims: difference in mean error"),
        f"{scope}\n{_NOTE}",
        5.5 + _LETTER_IN * longest,
        sum(heights) + 1.2,
    )
    panels = drawn.subplots(len(families), 1, sharex=True, squeeze=False, height_ratios=heights)
    for axes, title, family in zip(panels[:, 0], titles, families.values(), strict=True):
        _draw(axes, title, family)
    panels[-1, 0].set_xlabel(
        "difference in mean error (m), first arm - second; left of 0: the first errs less"
    )
    held = {_outcome(claim) for family in families.values() for claim in family}
    for name, marker in (_OUTCOMES[one] for one in _OUTCOMES if one != "alike" or one in held):
        panels[0, 0].plot([], [], **marker, linestyle="none", label=name)
    drawn.legend(
        *panels[0, 0].get_legend_handles_labels(),
        loc="outside upper right",
        ncols=2,
        columnspacing=1,
    )
    return drawn


def _draw(axes: Axes, title: str, family: Sequence[Claim]) -> None:
    axes.axvline(0, color="#000000", lw=0.9)
    for at, claim in enumerate(family):
        found = claim.difference
        place = (np.array([x]) for x in (at, found.mean_m, found.low_m, found.high_m))
        bands.draw_dots(axes, Curve(*place), _OUTCOMES[_outcome(claim)][1])
    axes.set(title=title, yticks=range(len(family)), ylim=(len(family) - 0.4, -0.6))
    axes.set_yticklabels([_name(claim) for claim in family])
    axes.grid(axis="y", visible=False)


def _outcome(claim: Claim) -> Outcome:
    return claim.outcome if claim.outcome in _OUTCOMES else "open"


def _name(claim: Claim) -> str:
    return f"{claim.ours} vs {claim.theirs}" + (f", {claim.place}" if claim.place else "")
