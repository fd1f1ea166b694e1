"""How good the pretext is: what pretrained networks err by themselves, beside a constant."""

import re
from ast import literal_eval
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from mtloc_jax.report.comparison_variants import worded
from mtloc_jax.report.provenance import Provenance, counted
from mtloc_jax.report.summary import over_seeds, per_seed
from mtloc_jax.report.table import Column, ReportTable
from mtloc_jax.report.values import Count, Label, Number
from mtloc_jax.rows import Table, select

_OURS, _CONSTANT = "error", "constant_error"
_SETTINGS = re.compile(r"\+(?=[\w.]+=)")
_WINDOWS = {"train": "training", "validation": "validation"}
_NOTE = (
    "In the unit of what the pretext asks: mean over windows, then mean ± standard deviation over "
    "seeds (none for one seed). The constant is the mean of what was asked in training. Of "
    "variants that graft from the same networks the first is named."
)


def pretext_table(table: Table, provenance: Provenance) -> list[ReportTable]:
    """Return the errors of the pretrained networks on the source, a line a quantity and split."""
    labels = _labels(variant for (variant, *_), _ in _asked(table))
    lines = [
        (
            Label(labels[variant], (variant,)),
            pretext,
            quantity,
            split,
            unit,
            Number(*_over_seeds(rows, _OURS)),
            Number(*_over_seeds(rows, _CONSTANT)),
            Count(len(np.unique(rows["seed"]))),
            Count(int(rows["n_windows"].min())),
        )
        for (variant, pretext, quantity, unit), of_asked in _asked(table)
        for split, rows in _by_split(of_asked)
    ]
    if not lines:
        return []
    columns = (
        Column("variant", ("variant",), label=True),
        Column("pretext", ("pretext",), label=True),
        Column("asked", ("quantity",), label=True),
        Column("windows of", ("split",), label=True),
        Column("unit", ("unit",), label=True),
        Column("error", ("error", "error_spread")),
        Column("a constant's", ("constant_error", "constant_error_spread")),
        Column("seeds", ("n_seeds",)),
        Column("windows", ("n_windows",)),
    )
    title = provenance.title("Pretext: error on the source's own windows")
    scope = f"{provenance.site_pair} | {counted({len(np.unique(table['seed']))}, 'seed')}"
    return [ReportTable(title, scope, columns, tuple(lines), (_NOTE, provenance.footer()))]


def sentences(table: Table) -> list[str]:
    """Say what the pretrained branch errs, a sentence a quantity; variants that agree share it."""
    return [_sentence(*asked) for asked in _asked(table)]


def _labels(variants: Iterable[str]) -> dict[str, str]:
    """Return each variant in words, by what its study is called: "presence=seen+hidden=64".

    Only settings in which these differ are told.
    """
    settings = {variant: _settings(variant) for variant in variants}
    names = dict.fromkeys(name for of in settings.values() for name in of)
    differ = [name for name in names if len({of.get(name) for of in settings.values()}) > 1]
    return {
        variant: ", ".join(worded(name, _value(of[name])) for name in differ if name in of)
        for variant, of in settings.items()
    }


def _settings(variant: str) -> dict[str, str]:
    parts = (part.partition("=") for part in _SETTINGS.split(variant) if part)
    return {name: text for name, _, text in parts}


def _value(text: str) -> Any:
    try:
        return literal_eval(text)
    except (ValueError, SyntaxError):
        return text  # a name: it is not quoted there


def _sentence(asked: tuple[str, str, str, str], rows: Table) -> str:
    _, pretext, quantity, unit = asked
    what = "" if quantity == pretext else f" of {quantity}"
    told = [
        f"{_over_seeds(on, _OURS)[0]:.3g} {unit}{what} on its own {_WINDOWS.get(split, split)} "
        f"windows, a constant {_over_seeds(on, _CONSTANT)[0]:.3g} {unit}"
        for split, on in _by_split(rows)
    ]
    return f"the branch pretrained on {pretext} errs {'; '.join(told)}"


def _asked(table: Table) -> Iterator[tuple[tuple[str, str, str, str], Table]]:
    """Yield the rows of each variant, pretext, quantity and unit, in the order of the file.

    Variants that graft from the same networks are one; where all do, it has no name.
    """
    found: dict[tuple[object, ...], Table] = {}
    for study in dict.fromkeys(table["study"].tolist()):
        rows = select(table, study=study)
        told = (rows[name].tolist() for name in rows if name not in ("study", "site_pair"))
        found.setdefault(tuple(map(tuple, told)), rows)
    names = ("pretext", "quantity", "unit")
    for rows in found.values():
        variant = str(rows["study"][0]).partition("/")[2] if len(found) > 1 else ""
        for key in dict.fromkeys(zip(*(rows[name].tolist() for name in names), strict=True)):
            yield (variant, *key), select(rows, **dict(zip(names, key, strict=True)))


def _by_split(rows: Table) -> list[tuple[str, Table]]:
    return [(split, select(rows, split=split)) for split in dict.fromkeys(rows["split"].tolist())]


def _over_seeds(rows: Table, column: str) -> tuple[float, float]:
    mean, spread = over_seeds(per_seed(rows, [column])[1][:, 0])
    return float(mean), float(spread)
