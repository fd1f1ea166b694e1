"""The report: entries in, plain data and tables out."""

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from bench.contest import Contest
from bench.gates import label
from bench.measure import Entry
from bench.roofline import Ceilings
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.report.values import Cell

SCHEMA = 2
_KERNELS_NAMED, _LETTERS = 4, 24  # in a note; the report has all
NOISY = 0.1
"""A spread of rounds, as a share of their median, from which a figure is to be measured again."""

_NAME = Column("", label=True)
_COLUMNS = (
    *("per s", "±%", "ratio", "GFLOP/s", "of peak", "GB/s", "of roof", "error m"),
    *("compile s", "cached s", "MB"),
)

Report = dict[str, Any]


def contest_report(contest: Contest, entries: Sequence[Entry], ceilings: Ceilings) -> Report:
    """Return one contest as plain data.

    Ratios are medians over rounds of rate / baseline's rate in the same round, with the smallest
    and the largest.
    """
    present = [entry for entry in entries if not entry.absent]
    base = next((e.rates_per_s for e in present if e.variant.name == contest.baseline), None)
    return {
        "name": contest.name,
        "title": contest.title,
        "unit": contest.unit,
        "baseline": contest.baseline,
        "rounds": contest.rounds,
        "results": [_result(entry, base, ceilings) for entry in present],
        "absent": [
            {"name": e.variant.name, "title": e.variant.title, "why": e.absent}
            for e in entries
            if e.absent
        ],
        "agreement": agreement(contest, present),
    }


def agreement(contest: Contest, entries: Sequence[Entry]) -> list[Report]:
    """Compare every trace with the first one: the largest relative difference of any figure."""
    traced = [entry for entry in entries if entry.trace and entry.trace[0]]
    if not traced:
        return []
    reference = traced[0].trace
    return [
        {
            "name": entry.variant.name,
            "title": entry.variant.title,
            "steps": contest.check_steps,
            "last": entry.trace[-1],
            "difference": (found := _difference(entry.trace, reference)),
            "tolerance": contest.tolerance,
            "equal": found <= contest.tolerance,
            "error_difference": _error_difference(entry, traced[0]),
        }
        for entry in traced
    ]


def _error_difference(entry: Entry, reference: Entry) -> float | None:
    if entry.error_m is None or reference.error_m is None:
        return None
    apart = abs(entry.error_m - reference.error_m) / reference.error_m
    return apart if math.isfinite(apart) else math.inf


def _difference(trace: list[list[float]], reference: list[list[float]]) -> float:
    pairs = [
        pair
        for ours, theirs in zip(reference, trace, strict=True)
        for pair in zip(ours, theirs, strict=True)
    ]
    apart = [abs(a - b) / max(abs(a), 1e-12) for a, b in pairs]
    return max(apart) if all(map(math.isfinite, apart)) else math.inf  # max leaves NaN out


def _result(entry: Entry, base: list[float] | None, ceilings: Ceilings) -> Report:
    variant, middle = entry.variant, median(entry.rates_per_s)
    ratios = [a / b for a, b in zip(entry.rates_per_s, base or [], strict=False)]
    spread = (max(entry.rates_per_s) - min(entry.rates_per_s)) / middle
    return {
        "name": variant.name,
        "title": variant.title,
        "runs": variant.units,
        "processes": variant.processes,
        "threads": variant.threads or "default",
        "rates_per_s": entry.rates_per_s,
        "median_per_s": middle,
        "spread": spread,
        "ratio": median(ratios) if ratios else None,
        "ratio_range": [min(ratios), max(ratios)] if ratios else None,
        "gflop_per_s": _giga(variant.flops, middle),
        "share_of_peak": ceilings.share_of_peak(variant, middle),
        "least_gb_per_s": _giga(variant.least_bytes, middle),
        "share_of_roof": ceilings.share_of_roof(variant, middle),
        "error_m": entry.error_m,
        "kernels": entry.kernels,
        "moved_mb": None if entry.moved_bytes is None else entry.moved_bytes / 1e6,
        "share_of_copy": ceilings.share_of_copy(entry.moved_bytes, middle),
        "compile_cold_s": entry.compile_cold_s,
        "compile_cached_s": entry.compile_cached_s,
        "host_mb": entry.host_mb,
        "device_mb": entry.device_mb,
    }


def _giga(of_one: int, rate_per_s: float) -> float | None:
    return of_one * rate_per_s / 1e9 if of_one else None


def table(report: Report) -> ReportTable:
    """Return a contest's report as a table."""
    absent = [f"{one['title']}: not measured: {one['why']}" for one in report["absent"]]
    return ReportTable(
        report["title"],
        f"{report['unit']}, medians of {report['rounds']} rounds; ratio 1 is {report['baseline']}",
        (_NAME, *map(Column, _COLUMNS)),
        tuple(_cells(result) for result in report["results"]),
        notes=(
            *absent,
            *_agreement_notes(report["agreement"]),
            *_noise_notes(report["results"]),
            *(_kernel_note(one) for one in report["results"] if one["kernels"]),
            *(_moved_note(one) for one in report["results"] if one["moved_mb"]),
        ),
    )


def gate_table(found: list[Report]) -> ReportTable:
    """Return promises and what was measured as a table."""
    lines = [
        (
            label(gate),
            f"{gate['at_least']:.2f}",
            f"{gate['ratio']:.2f}",
            "yes" if gate["kept"] else "NO",
        )
        for gate in found
    ]
    columns = (_NAME, *map(Column, ("promised", "measured", "kept")))
    scope = "work done in the same time" if found else "none was measured"
    return ReportTable("Promises", scope, columns, tuple(lines))


def _cells(result: Report) -> tuple[Cell, ...]:
    per_s = result["median_per_s"]
    return (
        result["title"],
        f"{per_s:,.0f}" if per_s >= 100 else f"{per_s:.3g}",
        _number(50 * result["spread"], ".0f"),
        _number(result["ratio"], ".2f"),
        _number(result["gflop_per_s"], ".0f"),
        _number(result["share_of_peak"], ".0%"),
        _number(None if result["gflop_per_s"] else result["least_gb_per_s"], ".0f"),
        _number(result["share_of_roof"], ".0%"),
        _number(result["error_m"], ".3f"),
        _number(result["compile_cold_s"], ".1f"),
        _number(result["compile_cached_s"], ".1f"),
        _number(result["device_mb"] or result["host_mb"], ".0f"),
    )


def _number(value: float | None, form: str) -> str | None:
    return None if value is None else format(value, form)


def _agreement_notes(compared: list[Report]) -> list[str]:
    if not compared:
        return []
    worst = max(compared, key=lambda one: one["difference"])
    unequal = [one["title"] for one in compared if not one["equal"]]
    verdict = f"NOT EQUAL: {', '.join(unequal)}" if unequal else "equal"
    apart = [one["error_difference"] for one in compared if one["error_difference"] is not None]
    errors = f"; errors in metres differ by {max(apart):.1e} at most" if apart else ""
    return [
        f"outcomes after each of {worst['steps']} steps from equal weights and batches: {verdict} "
        f"(largest relative difference {worst['difference']:.1e}, {worst['title']}){errors}"
    ]


def _noise_notes(results: list[Report]) -> list[str]:
    noisy = sum(one["spread"] > NOISY for one in results)
    if not noisy:
        return []
    return [f"rounds of {noisy} of {len(results)} lie more than {NOISY:.0%} apart: measure again"]


def _kernel_note(result: Report) -> str:
    found = result["kernels"]
    most = [
        f"{name[:_LETTERS]} {took_us / found['busy_us']:.0%}"
        for name, _, took_us in found["largest"][:_KERNELS_NAMED]
    ]
    return (
        f"{result['title']}: {found['kernels']:.0f} kernels a step, busy "
        f"{found['busy_us']:,.0f} of {found['clock_us']:,.0f} us while traced; {', '.join(most)}"
    )


def _moved_note(result: Report) -> str:
    moved_mb, share = result["moved_mb"], result["share_of_copy"]
    told = "" if share is None else f", {share:.0%} of what a copy moves in that time"
    gb_per_s = moved_mb * result["median_per_s"] / 1e3
    return (
        f"{result['title']}: {moved_mb:.1f} MB a replica-step as compiled, caches left out: "
        f"{gb_per_s:,.0f} GB/s{told}"
    )
