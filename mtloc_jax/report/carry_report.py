"""Rows of the carried-rows study -> its table and figure."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.console import Console

from mtloc_jax.report import arms, look
from mtloc_jax.report.arms import CARRIED, CARRY_ARMS, REINITIALISED, SCRATCH
from mtloc_jax.report.claims import Claim
from mtloc_jax.report.demand import curve
from mtloc_jax.report.provenance import Provenance, read_provenance
from mtloc_jax.report.rows import ROWS, Table, read, select
from mtloc_jax.report.stats import INTERVAL, holm, paired_difference
from mtloc_jax.report.summary import per_seed
from mtloc_jax.report.text_table import TextTable

LABELS = {
    CARRIED: "rows carried by BSSID",
    REINITIALISED: "rows re-initialised",
    SCRATCH: "from scratch",
}
_LINES = dict(zip(CARRY_ARMS, look.ARM_LINES.values(), strict=True))
_NOTES = (
    "Errors: mean over windows, then mean ± standard deviation over seeds, metres.",
    "Difference: rows carried - rows re-initialised, paired by seed; negative: carrying errs less. "
    f"Interval: 95 % ({INTERVAL}). p: corrected for the rates of this table (Holm).",
    "Each seed draws the access points that are gone, the rounds of a rate and the weights anew; "
    "the walks are the same, so intervals do not say how another walk would turn out.",
)


def write_report(workdir: Path) -> list[Path]:
    """Write tables and figure of a finished study, print the test table; return the files."""
    provenance, table = read_provenance(workdir), read(workdir / ROWS)
    written = []
    for split in ("test", "validation"):
        text = carried_text(select(table, split=split), split, provenance)
        path = workdir / "tables" / f"wifi_rows_{split}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text.markdown(), encoding="utf-8", newline="\n")
        written.append(path)
        if split == "test":
            text.show(Console(width=max(Console().width, 120)))
    path = workdir / "figures" / "wifi_rows.png"
    path.parent.mkdir(exist_ok=True)
    with look.drawing():
        look.save(drawn(table, provenance), path)
    return [*written, path]


def claims(rows: Table) -> list[Claim]:
    """Compare carried with re-initialised rows at every fine-tune rate of one split's rows."""
    rates = np.unique(rows["finetune_rate"])[::-1]
    found = [
        paired_difference(_errors_m(rows, CARRIED, rate), _errors_m(rows, REINITIALISED, rate))
        for rate in rates
    ]
    p_holm = holm(np.array([difference.p_value for difference in found]))
    return [
        Claim(LABELS[CARRIED], LABELS[REINITIALISED], f"at {arms.percent(rate)}", one, float(p))
        for rate, one, p in zip(rates, found, p_holm, strict=True)
    ]


def carried_text(rows: Table, split: str, provenance: Provenance) -> TextTable:
    """Lay out one split's errors by fine-tune rate, the differences beside them."""
    compared = claims(rows)
    rates = np.unique(rows["finetune_rate"])[::-1]
    body = [
        (
            arms.percent(rate),
            *(_cell(_errors_m(rows, arm, rate)) for arm in reversed(CARRY_ARMS)),
            *_difference(claim),
        )
        for rate, claim in zip(rates, compared, strict=True)
    ]
    header = ("rate", *(LABELS[arm] for arm in reversed(CARRY_ARMS)), "difference", "interval", "p")
    return TextTable(
        provenance.title(f"WiFi rows carried by BSSID, {split}"),
        provenance.scope(rows),
        header,
        tuple(body),
        (*_NOTES, provenance.footer()),
        lead=tuple(claim.sentence() for claim in compared),
    )


def drawn(table: Table, provenance: Provenance) -> Figure:
    """Draw the mean error of each arm by fine-tune rate, on both splits."""
    test = select(table, split="test")
    caption = f"{provenance.scope(test)}\n{look.BAND_NOTE}"
    title = provenance.title("WiFi rows carried between two surveys")
    figure = look.figure(title, caption, 9.2, 4.2)
    panels = figure.subplots(1, 2, sharey=True)
    for axes, split in zip(panels, ("validation", "test"), strict=True):
        for arm in CARRY_ARMS:
            _draw(axes, select(table, split=split), arm)
        axes.set(title=split, xlabel="rounds of the second survey used (%)", xlim=(0, 104))
    panels[0].set_ylabel("mean error (m)")
    panels[0].set_ylim(bottom=0)
    figure.legend(*panels[1].get_legend_handles_labels(), loc="outside right center")
    return figure


def _draw(axes: Axes, rows: Table, arm: str) -> None:
    found, line = curve(rows, arm, "mean_m"), _LINES[arm]
    low_m, high_m = found.mean_m - found.spread_m, found.mean_m + found.spread_m
    axes.fill_between(100 * found.shares, low_m, high_m, color=line["color"], alpha=0.15, lw=0)
    axes.plot(100 * found.shares, found.mean_m, **line, label=LABELS[arm])


def _errors_m(rows: Table, arm: str, rate: float) -> np.ndarray:
    """Return an arm's mean errors f64[S] in the order of seeds, metres."""
    of_arm = select(rows, arm=arm, finetune_rate=float(rate))
    return per_seed(of_arm, ["mean_m"])[1][:, 0]


def _cell(errors_m: np.ndarray) -> str:
    spread = f" ± {errors_m.std(ddof=1):.2f}" if len(errors_m) > 1 else ""
    return f"{errors_m.mean():.2f}{spread}"


def _difference(claim: Claim) -> tuple[str, str, str]:
    found = claim.difference
    if not np.isfinite(found.low_m):
        return f"{found.mean_m:+.2f}", "too few seeds", "-"
    p = "< 0.001" if claim.p_holm < 0.001 else f"{claim.p_holm:.3f}"
    return f"{found.mean_m:+.2f}", f"[{found.low_m:+.2f}, {found.high_m:+.2f}]", p
