"""What the project promises of its speed, and whether a report keeps it."""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple


class Gate(NamedTuple):
    """Promise that `fast` does `at_least` times the work of `slow`, in one contest."""

    contest: str
    fast: str
    slow: str
    at_least: float


ON_CPU = (
    Gate("training", "ours-8", "torch-processes", 1.25),
    Gate("training", "ours-32", "torch-processes", 1.25),
    Gate("training", "ours-128", "torch-processes", 1.25),
    Gate("training", "ours-8", "torch-vmap-compiled", 1.1),
    Gate("training", "ours-8", "keras", 2.0),
    Gate("frozen", "ours-frozen", "torch-frozen-processes", 1.7),
    Gate("judging-samples", "ours-samples", "naive-samples", 3.0),
    Gate("judging-windows", "ours-windows", "naive-windows", 20.0),
    Gate("rates", "rates", "rates-padded", 1.6),
    Gate("study", "study", "study-torch", 1.6),
)
ON_ACCELERATOR = (
    Gate("training-float32", "ours-256", "torch", 40.0),
    Gate("training-float32", "ours-256", "torch-graph", 10.0),
    Gate("training-tf32", "ours-256", "torch", 40.0),
    Gate("training-tf32", "ours-256", "torch-graph", 10.0),
)


def checked(contests: Mapping[str, dict[str, Any]], gates: Sequence[Gate]) -> list[dict[str, Any]]:
    """Return the gates whose two sides were measured, with the ratio and whether it is kept."""
    found = []
    for gate in gates:
        rates = {
            result["name"]: result["rates_per_s"]
            for result in contests.get(gate.contest, {}).get("results", [])
        }
        if gate.fast in rates and gate.slow in rates:
            pairs = zip(rates[gate.fast], rates[gate.slow], strict=True)
            ratio = median(fast / slow for fast, slow in pairs)
            found.append(gate._asdict() | {"ratio": ratio, "kept": ratio >= gate.at_least})
    return found


def label(gate: Mapping[str, Any]) -> str:
    """Return who is promised to beat whom, in words; and in which precision, where it has one."""
    precision = gate["contest"].removeprefix("training").lstrip("-")
    said = f", {precision}" if gate["contest"] == f"training-{precision}" else ""
    return f"{gate['fast']} / {gate['slow']}{said}"
