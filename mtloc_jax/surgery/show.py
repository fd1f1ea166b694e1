"""Networks, grafts and differences drawn on the terminal."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text
from rich.tree import Tree as Branches

from mtloc_jax.core.model import joined_order
from mtloc_jax.escapes import printable
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.surgery.graft_report import ACTIONS, Entry, GraftReport
from mtloc_jax.surgery.network_card import NetworkCard, ancestors
from mtloc_jax.surgery.part_program import PART
from mtloc_jax.surgery.study_runs import StudyRun
from mtloc_jax.surgery.tree import Tree, leaves, prefixes, segments

COLOURS = {"take": "green", "transform": "cyan", "keep": "yellow", "leave": "bright_black"}
MEANINGS = {
    "take": "from the donor as it is",
    "transform": "from the donor, changed as named",
    "keep": "re-initialised",
    "leave": "in the donor, not used",
}


def graft_view(report: GraftReport) -> RenderableType:
    """Return what came from where, leaf by leaf and in sum."""
    root = Branches("network")
    nodes: dict[tuple[str, ...], Branches] = {(): root}
    for entry in report.entries:
        left = entry.action == "leave"
        place = ("left in the donors", entry.path) if left else segments(entry.path)
        _parent(nodes, place[:-1]).add(_entry_text(place[-1], entry))
    return Group(root, _totals(report))


def network_view(params: Tree, n_runs: int | None) -> Table:
    """Return layers, outputs and parameter counts as Table I has them, one network's."""
    table = Table("layer", "leaves", box=None, pad_edge=False)
    table.add_column("parameters", justify="right")
    layers = _layers(params, stacked=n_runs is not None)
    for layer in sorted(layers, key=_rank):
        shapes = ", ".join(f"{name} {list(shape)}" for name, shape in layers[layer].items())
        size = sum(_size(shape) for shape in layers[layer].values())
        table.add_row(_words(_titled(layer, layers[layer])), _words(shapes), f"{size:,}")
    total = sum(_size(shape) for layer in layers.values() for shape in layer.values())
    runs = "" if n_runs is None else f" in each of {n_runs} runs"
    table.add_row("all" + runs, "", f"{total:,}", style="bold")
    return table


def card_view(card: NetworkCard) -> Table:
    """Return a card's fields, one a line, long lists as counts."""
    table = Table("card", "", box=None, pad_edge=False)
    if PART in card:
        table.add_row(PART, _words(card[PART]))
    for part in ("site", "run", "config"):
        for name, value in _fields(part, card.get(part, {})):
            table.add_row(_words(name), _words(value))
    for number, run in enumerate(card.get("runs", ())):
        plain = {name: value for name, value in run.items() if name != "scaler"}
        text = ", ".join(f"{name} {value}" for name, value in plain.items())
        table.add_row(f"run @{number}", _words(text))
    return table


def runs_view(runs: Iterable[StudyRun]) -> Table:
    """Return the networks of a study, one a line: its name, and its mean error on the test."""
    table = Table("network", box=None, pad_edge=False)
    table.add_column("error, m", justify="right")
    for run in runs:
        error = "not judged" if np.isnan(run.error_m) else f"{run.error_m:.2f}"
        table.add_row(_words(run.name), error)
    return table


def lineage_view(card: NetworkCard) -> Branches | None:
    """Return the networks this one was grafted from, None where there are none.

    Raises InputError where the lineage is cyclic.
    """
    root = Branches("grafted from")
    nodes: dict[tuple[str, ...], Branches] = {(): root}
    for names, donor in ancestors(card):
        text = f"{names[-1]}: {donor.get('path')} ({donor.get('site') or 'no site'})"
        nodes[names] = nodes[names[:-1]].add(
            _words(f"{text}, digest {donor.get('digest', '')[:12]}")
        )
    return root if len(nodes) > 1 else None


def difference_view(ours: Tree, theirs: Tree) -> Table:
    """Return how two networks differ, leaf by leaf."""
    mine, other = leaves(ours), leaves(theirs)
    table = Table("leaf", "difference", box=None, pad_edge=False)
    for path in sorted(mine.keys() | other.keys()):
        text, colour = _difference(mine.get(path), other.get(path))
        table.add_row(_words(path), _words(text, style=colour))
    return table


def card_differences(ours: NetworkCard, theirs: NetworkCard) -> list[str]:
    """Return the fields in which two cards differ, as lines."""
    mine, other = (
        dict(
            pair for part in ("site", "run", "config") for pair in _fields(part, card.get(part, {}))
        )
        for card in (ours, theirs)
    )
    names = sorted(mine.keys() | other.keys())
    return [
        f"{name}: {mine.get(name, '-')} / {other.get(name, '-')}"
        for name in names
        if mine.get(name) != other.get(name)
    ]


def _words(text: str, style: str = "") -> Text:
    """Return text that the terminal shows as it is: names are of files and of strangers."""
    return Text(printable(text), style=style)


def _parent(nodes: dict[tuple[str, ...], Branches], place: tuple[str, ...]) -> Branches:
    if place not in nodes:
        nodes[place] = _parent(nodes, place[:-1]).add(_words(place[-1], style="bold"))
    return nodes[place]


def _entry_text(name: str, entry: Entry) -> Text:
    text = _words(f"{name} {list(entry.shape)} ")
    text.append(entry.action, style=COLOURS[entry.action])
    if entry.action in ("take", "transform"):
        text.append_text(_words(f" {' + '.join(entry.donors)}"))
    if entry.by:
        text.append_text(_words(f" by {entry.by}", COLOURS["transform"]))
        text.append_text(_words("".join(f", {line}" for line in _counts(entry.details))))
    return text


def _counts(details: Mapping[str, Any]) -> Iterable[str]:
    """Yield the numbers a transform reports; names are in the report itself."""
    for name, value in details.items():
        if isinstance(value, int | float):
            yield f"{name.removeprefix('n_')} {value:g}"


def _totals(report: GraftReport) -> Table:
    table = Table("", "", box=None, pad_edge=False)
    for heading in ("leaves", "parameters"):
        table.add_column(heading, justify="right")
    totals = report.totals()
    for action in ACTIONS:
        count, size = totals[action]
        name = _words(action, style=COLOURS[action])
        table.add_row(name, MEANINGS[action], str(count), f"{size:,}")
    return table


def _layers(params: Tree, stacked: bool) -> dict[str, dict[str, tuple[int, ...]]]:
    """Return the shapes of each layer: a layer holds a leaf, and all that lies below it."""
    flat = leaves(params)
    holders = {path.rpartition("/")[0] for path in flat}
    layers: dict[str, dict[str, tuple[int, ...]]] = {}
    for path, leaf in flat.items():
        layer = next((above for above in prefixes(path)[:-1] if above in holders), "")
        name = path.removeprefix(f"{layer}/")
        layers.setdefault(layer, {})[name] = tuple(np.shape(leaf))[int(stacked) :]
    return layers


def _rank(layer: str) -> int:
    """Return where Table I has a layer: branches as the fusion layer joins them, then that."""
    branch = layer.split("/")[0]
    return [*joined_order(list(MODALITIES)), "fusion", branch].index(branch)


def _titled(layer: str, within: Mapping[str, Any]) -> str:
    """Return Table I's name of a layer: 'IMU-LSTM', 'WiFi FC1', 'output FC4'; others their path."""
    if layer == "fusion/fc4":
        return "output FC4"
    first, *rest = layer.split("/")
    if first in MODALITIES and not rest and "recurrent_kernel" in within:
        return f"{MODALITIES[first].label}-LSTM"
    if len(rest) == 1 and (first in MODALITIES or first == "fusion"):
        label = MODALITIES[first].label if first in MODALITIES else first
        return f"{label} {rest[0].upper()}"
    return layer


def _size(shape: tuple[int, ...]) -> int:
    return int(np.prod(shape, dtype=np.int64))


def _fields(name: str, value: Any) -> Iterable[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _fields(f"{name}.{key}", inner)
    else:
        yield name, _short(value)


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > 8:
        return f"{len(value)} entries, {value[0]} .. {value[-1]}"
    return str(value)


def _difference(ours: Any, theirs: Any) -> tuple[str, str]:
    if ours is None or theirs is None:
        return "only in " + ("the other" if ours is None else "this one"), "yellow"
    mine, other = np.asarray(ours), np.asarray(theirs)
    if mine.shape != other.shape or mine.dtype != other.dtype:
        return f"{mine.dtype}{list(mine.shape)} / {other.dtype}{list(other.shape)}", "yellow"
    if mine.tobytes() == other.tobytes():
        return "the same, bit for bit", "green"
    change = np.abs(mine.astype(np.float64) - other)
    return f"moved by up to {change.max():.3g}, {change.mean():.3g} on average", "cyan"
