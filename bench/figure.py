"""The report as one figure: who is how fast, what was promised, how ours grows."""

from collections.abc import Callable
from functools import partial
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from bench.gates import label
from bench.precision import PRECISIONS
from mtloc_jax.report import style

_OURS, _PEERS, _PROMISED, _MUTED = "#0072B2", "#B0B0B0", "#D55E00", "#444444"
_PRECISION_COLOURS = {"float32": "#0072B2", "tf32": "#009E73", "bf16": "#E69F00"}
# By how their names begin, the longer first.
_PEER_MARKS = {
    "torch-vmap-compiled": ("P", "PyTorch vmap + compile, graph"),
    "torch-vmap-graph": ("D", "PyTorch vmap, graph"),
    "torch-vmap": ("v", "PyTorch vmap"),
    "torch-compiled": ("x", "PyTorch nn.LSTM + compile"),
    "torch-graph": ("s", "PyTorch nn.LSTM, graph"),
    "torch": ("^", "PyTorch nn.LSTM"),
}
Panel = Callable[[Axes], None]
_GROWTH = ("growth-runs", "growth-windows", "growth-APs")


def drawn(report: dict[str, Any]) -> Figure | None:
    """Draw a report of launch.bench; None where it holds nothing that is drawn."""
    contests, machine = report["contests"], report["machine"]
    device = machine["accelerator"] or f"{machine['cpu']}, {machine['cores']} cores"
    versions = ", ".join(f"{name} {v}" for name, v in report["versions"].items() if v)
    ratios: list[Panel] = []
    if "training" in contests:
        ratios.append(partial(_draw_rates, contest=contests["training"]))
    if by_precision := {p: contests[k] for p in PRECISIONS if (k := f"training-{p}") in contests}:
        ratios.append(partial(_draw_runs, contests=by_precision))
    if report["gates"]:
        ratios.append(partial(_draw_gates, gates=report["gates"]))
    growths: list[Panel] = [
        partial(_draw_growth, contest=contests[k]) for k in _GROWTH if k in contests
    ]
    rows = [row for row in (ratios, growths) if row]
    if not rows:
        return None
    new = style.figure(f"Side by side on {device}", versions, 11, 1 + 3.2 * len(rows))
    for row, part in zip(rows, new.subfigures(len(rows), 1, squeeze=False)[:, 0], strict=True):
        for draw, axes in zip(row, part.subplots(1, len(row), squeeze=False)[0], strict=True):
            axes.set_axisbelow(True)
            draw(axes)
    return new


def _draw_rates(axes: Axes, contest: dict[str, Any]) -> None:
    shown = [one for one in contest["results"] if one["name"] != "matmul"]
    colours = [_OURS if one["name"].startswith("ours") else _PEERS for one in shown]
    names, rates = [one["title"] for one in shown], [one["median_per_s"] for one in shown]
    axes.barh(names, rates, color=colours, height=0.7)
    for at, one in enumerate(shown):
        ratio = "" if one["ratio"] is None else f" {one['ratio']:.2f}x"
        axes.text(one["median_per_s"], at, ratio, va="center", fontsize=8, color=_MUTED)
    _lay_out(axes)
    axes.set(title=f"{contest['title']}: {contest['unit']} per second")


def _draw_runs(axes: Axes, contests: dict[str, dict[str, Any]]) -> None:
    """Draw rates over runs at once: ours as a line a precision, everyone else as a point."""
    for precision, contest in contests.items():
        colour, results = _PRECISION_COLOURS[precision], contest["results"]
        ours = {one["runs"]: one["median_per_s"] for one in results if _is_ours(one)}
        sizes = sorted(ours)
        axes.plot(sizes, [ours[n] for n in sizes], "o-", color=colour, label=precision)
        for one in results:
            kind = next((k for k in _PEER_MARKS if one["name"].startswith(k)), None)
            if kind:
                mark, place = _PEER_MARKS[kind][0], (one["runs"], one["median_per_s"])
                axes.plot(*place, mark, color=colour, mfc="none")
    for mark, name in _PEER_MARKS.values():
        axes.plot([], [], mark, color=_MUTED, mfc="none", label=name)
    axes.set(xscale="log", yscale="log", xlabel="runs at once")
    axes.set(title=f"{next(iter(contests.values()))['unit']} per second; lines: ours")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    axes.legend(fontsize=7)


def _is_ours(result: dict[str, Any]) -> bool:
    return result["name"].startswith("ours") and not result["name"].endswith("before")


def _draw_gates(axes: Axes, gates: list[dict[str, Any]]) -> None:
    names = [label(gate) for gate in gates]
    axes.barh(names, [gate["ratio"] - 1 for gate in gates], left=1, color=_OURS, height=0.7)
    for at, gate in enumerate(gates):
        promised, ratio = gate["at_least"], gate["ratio"]
        axes.plot([promised] * 2, [at - 0.45, at + 0.45], color=_PROMISED, linewidth=2)
        axes.text(max(ratio, promised), at, f" {ratio:.2f}x", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.minorticks_off()
    _lay_out(axes)
    axes.set(title="times as fast (line: what is promised)")


def _lay_out(axes: Axes) -> None:
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.2)


def _draw_growth(axes: Axes, contest: dict[str, Any]) -> None:
    sizes = [int(one["name"].rsplit("-", 1)[1]) for one in contest["results"]]
    rates = [one["median_per_s"] for one in contest["results"]]
    axes.plot(sizes, rates, color=_OURS, marker="o")
    for size, rate, one in zip(sizes, rates, contest["results"], strict=True):
        memory_gb = (one["device_mb"] or one["host_mb"]) / 1000
        axes.annotate(
            f"{memory_gb:.1f} GB\n{one['compile_cold_s']:.0f} s",
            (size, rate),
            (0, 6),
            textcoords="offset points",
            ha="center",
            fontsize=7,
            color=_MUTED,
        )
    axes.set_xscale("log")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    axes.minorticks_off()
    axes.margins(x=0.15)
    axes.set_ylim(0, 1.35 * max(rates))
    axes.set(title=contest["title"], xlabel=f"{contest['name'].split('-', 1)[1]} (memory, compile)")
    axes.set(ylabel=f"{contest['unit']} per second")
