"""The report as one figure: who is how fast, what was promised, how ours grows."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mtloc_jax.report import look

_OURS, _PEERS, _MUTED = "#0072B2", "#B0B0B0", "#444444"
_GROWTH = ("growth-runs", "growth-windows", "growth-APs")


def drawn(report: dict[str, Any]) -> Figure:
    """Draw a report of launch.bench."""
    contests, machine = report["contests"], report["machine"]
    device = machine["accelerator"] or f"{machine['cpu']}, {machine['cores']} cores"
    versions = ", ".join(f"{name} {v}" for name, v in report["versions"].items() if v)
    new = look.figure(f"Side by side on {device}", versions, 11, 6.6)
    grid = new.add_gridspec(2, 6)
    if "training" in contests:
        _draw_rates(new.add_subplot(grid[0, :3]), contests["training"])
    if report["gates"]:
        _draw_gates(new.add_subplot(grid[0, 3:]), report["gates"])
    for at, name in enumerate(_GROWTH):
        if name in contests:
            _draw_growth(new.add_subplot(grid[1, 2 * at : 2 * at + 2]), contests[name])
    return new


def _draw_rates(axes: Axes, contest: dict[str, Any]) -> None:
    shown = [one for one in contest["results"] if one["name"] != "matmul"]
    colours = [_OURS if one["name"].startswith("ours") else _PEERS for one in shown]
    names, rates = [one["title"] for one in shown], [one["median_per_s"] for one in shown]
    axes.barh(names, rates, color=colours, height=0.7)
    for at, one in enumerate(shown):
        ratio = "" if one["ratio"] is None else f"  {one['ratio']:.2f}x"
        axes.text(one["median_per_s"], at, ratio, va="center", fontsize=8, color=_MUTED)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.15)
    axes.set(title=f"{contest['title']}: {contest['unit']} per second")


def _draw_gates(axes: Axes, gates: list[dict[str, Any]]) -> None:
    names = [f"{gate['fast']} / {gate['slow']}" for gate in gates]
    axes.barh(names, [gate["ratio"] for gate in gates], color=_OURS, height=0.7)
    for at, gate in enumerate(gates):
        axes.plot([gate["at_least"]] * 2, [at - 0.45, at + 0.45], color="#D55E00", linewidth=2)
        axes.text(gate["ratio"], at, f"  {gate['ratio']:.2f}x", va="center", fontsize=8)
    axes.set_xscale("log")
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.margins(x=0.2)
    axes.set(title="times as fast (red: what is promised)")


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
    axes.set_ylim(0, 1.35 * max(rates))
    axes.set(title=contest["title"], xlabel=contest["name"].split("-", 1)[1])
    axes.set(ylabel=f"{contest['unit']} per second")
