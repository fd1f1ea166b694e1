"""A data card's numbers as a person reads them, for the terminal and the page alike."""

from mtloc_jax.arms import ARMS
from mtloc_jax.cards.card import Card
from mtloc_jax.cards.card_statistics import SPLITS, Statistics
from mtloc_jax.settings import DECLARED


def title(card: Card) -> str:
    """Name the card, marked where no phone or building was involved."""
    return f"Data card: {card.name}" + (" (simulated)" if card.simulated else "")


def outcome(card: Card) -> str:
    """Say how many checks warn."""
    return f"{card.warnings} of {len(card.checks)} checks warn"


def key_numbers(card: Card) -> list[tuple[str, str]]:
    """Return the statistics as lines of (what, number in words)."""
    s = card.statistics
    return [
        *_cut_lines(s["cut_by"]),
        *_recording_lines(s["recording"]),
        *((sensor, _sensor_words(one)) for sensor, one in s["sensors"].items()),
        *_wifi_lines(s["wifi"], s["access_points"]),
        *_coverage_lines(s["coverage"], s["recording"]["unit"]),
        *_label_lines(s["labels"]),
        *((ARMS[name].label, _error_words(errors)) for name, errors in s["baselines_m"].items()),
    ]


def _cut_lines(cut_by: Statistics) -> list[tuple[str, str]]:
    """Tell of the settings that are not the defaults."""
    changed = [
        DECLARED[name].worded(value)
        for name, value in cut_by.items()
        if value != DECLARED[name].default
    ]
    return [("cut by", ", ".join(changed))] if changed else []


def _recording_lines(s: Statistics) -> list[tuple[str, str]]:
    days = "" if s["first_day"] is None else f", {s['first_day']} to {s['last_day']}"
    windows = " / ".join(f"{s['windows'][name]:,}" for name in SPLITS)
    unit = "" if s["unit"] == "round" else f"; split by {s['unit']}"
    left_out = f", {s['windows_left_out']:,} left out" if s["windows_left_out"] else ""
    return [
        ("rounds", f"{s['rounds']} in {s['walks']} walks{days}{unit}"),
        ("recorded", f"{s['minutes']:g} min, {s['path_m']:g} m walked"),
        ("windows", f"{windows} (train / val / test){left_out}"),
    ]


def _sensor_words(s: Statistics) -> str:
    frozen = f", frozen {sum(s['frozen_s'].values()):.0f} s" if s["frozen_s"] else ""
    return (
        f"{s['rate_hz']:g} Hz, longest gap {s['longest_gap_ms']} ms, "
        f"median {s['median_magnitude']:.3g} {s['unit']}{frozen}"
    )


def _wifi_lines(s: Statistics, access_points: Statistics) -> list[tuple[str, str]]:
    if not s["scans"]:
        return [("WiFi", "none")]
    heard, known = access_points["heard"], access_points["also_in_train"]
    without = " / ".join(f"{100 * s['windows_without_wifi'][name]:.1f}" for name in SPLITS)
    lines = [
        ("WiFi scans", f"{s['scans']:,}, {s['scans_per_minute']:g} a minute"),
        ("longest wait", f"{s['longest_wait_s']:g} s between scans"),
        (
            "access points",
            f"{s['access_points']:,} listed in all walks, {heard['train']:,} in training",
        ),
        ("vocabulary", f"{access_points['vocabulary']:,}: in training, their entries fresh"),
        (
            "a scan",
            f"{s['access_points_a_scan']:g} listed, {s['of_these_fresh']:g} heard within 4 s",
        ),
        (
            "also in train",
            f"{known['validation']} of {heard['validation']} (val), "
            f"{known['test']} of {heard['test']} (test)",
        ),
        ("no WiFi", f"{without} % of windows (train / val / test)"),
    ]
    shared = access_points["also_in"]
    if shared:
        lines.append(("also in", ", ".join(f"{name}: {n}" for name, n in shared.items())))
    return lines


def _coverage_lines(s: Statistics, unit: str) -> list[tuple[str, str]]:
    near = " / ".join(f"{100 * s[name]['within_3_m']:.0f}" for name in SPLITS[1:])
    farther = " / ".join(f"{100 * s[name]['within_6_m']:.0f}" for name in SPLITS[1:])
    before = " / ".join(f"{100 * s[name]['before_first_scan']:.1f}" for name in SPLITS[1:])
    alone = [walk["alone"] for walk in s["test_walks"].values() if walk["alone"]]
    numbers = ", ".join(sorted({n for by_unit in alone for n in by_unit}, key=int))
    lines = [
        ("surveyed", f"{near} % of windows within 3 m (val / test), {farther} % within 6 m"),
        ("no scan yet", f"{before} % of windows (val / test)"),
    ]
    if alone:
        said = f"{len(alone)} of {len(s['test_walks'])} test walks, on {unit} {numbers} alone"
        lines.append(("depend on one", said))
    return lines


def _label_lines(s: Statistics) -> list[tuple[str, str]]:
    given, measured = s["given_apart_m"], s["measured_apart_m"]
    return [
        ("labels", f"{s['given']:,}, {given['median']:.3g} m apart (at most {given['max']:.3g})"),
        (
            "measured",
            f"{s['measured']:,}, {measured['median']:.3g} m apart (at most {measured['max']:.3g})",
        ),
        (
            "extent",
            f"x {s['x_m'][0]:g} to {s['x_m'][1]:g} m, y {s['y_m'][0]:g} to {s['y_m'][1]:g} m",
        ),
    ]


def _error_words(s: Statistics) -> str:
    test = s["test"]
    said = f"{test['mean']:.2f} m mean, {test['median']:.2f} m median error on test"
    if "a_scan" not in test:
        return said
    return f"{said}; a scan {test['a_scan']['mean']:.2f}, {test['a_scan']['median']:.2f} m"
