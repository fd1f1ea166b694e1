"""What a study shows, in one plain sentence, and what that leaves open.

It says what the tables' claims say and no more: a difference where one is shown, "the same" where
a margin is named and a larger one is ruled out, and else that nothing is shown.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mtloc_jax.report.claims import Claim, Outcome
from mtloc_jax.report.comparison import leading as leading_arms
from mtloc_jax.report.headline import labels_of, models
from mtloc_jax.report.ladder import last_variant, position
from mtloc_jax.report.measured import Measured
from mtloc_jax.report.rungs import NOTHING, Rung
from mtloc_jax.report.stats import MIN_DRAWN
from mtloc_jax.report.walks_tables import leading_transfer, transfer_claims

_MOST_NAMED = 3
_ORDER: tuple[Outcome, ...] = ("errs less", "errs more", "alike", "open", "unknown")


def verdict(found: Measured) -> str:
    """Return the sentence; empty where the rows compare nothing."""
    if found.walk_curves:
        every = leading_transfer(transfer_claims(found.rungs, found.walks))
        asked = [one for one in every if one.ours == every[0].ours]
        return _sentence([_clause([one], f"with {one.where or 'all walks'} ") for one in asked])
    if found.is_one_ladder:
        return _sentence(_of_ladder(found.rungs))
    if found.swept is not None:
        return _sentence(_of_variants(found))
    return _sentence(_of_arms(found))


def caveat(found: Measured) -> str:
    """Say over what the claims were made, and what they cannot say."""
    if found.walk_curves or found.is_one_ladder:
        return "Paired by walk: it holds for walks like these, in these buildings."
    rounds = 1 if found.swept is None else len(found.swept.test_rounds)
    if rounds > 1:
        return f"Over seeds and {rounds} test rounds of one pair of buildings."
    return (
        "Over seeds, on one test round: it says how training varies, not how another walk, or "
        "another building, would turn out."
    )


def _sentence(clauses: Iterable[str]) -> str:
    said = "; ".join(filter(None, clauses))
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _of_arms(found: Measured) -> list[str]:
    """Return clauses of the pooled claims, and of the leading arms on all they are given."""
    every = [c for family in found.families.values() for c in family if c.split == "test"]
    pooled = [c for c in every if c.n_rates > 1]
    names = labels_of(models(found.together))
    whole = [c for c in every if c.n_rates == 1 and not c.where and c.ours in names]
    first = next(iter(found.families.values()), [])
    alone = [replace(c, theirs=f"{c.theirs} on all rounds") for c in whole if c in first]
    return [*_grouped(alone), *_grouped(pooled, "on the same rounds, all survey sizes together, ")]


def _of_variants(found: Measured) -> list[str]:
    """Return clauses of the variants against the reference, for each leading arm."""
    shown = [line for line in found.lines if line.wiped == NOTHING] or list(found.lines)
    arms = leading_arms(found.lines)
    to_reference = [
        line.to_reference for line in shown if line.arm in arms and line.to_reference is not None
    ]
    if to_reference:
        return _grouped(to_reference)
    to_scratch = [
        line.to_scratch for line in shown if line.arm in arms and line.to_scratch is not None
    ]
    return _grouped(to_scratch)


def _of_ladder(found: Sequence[Rung]) -> list[str]:
    """Return a clause for the arm that errs least causally, and one for the least of all."""
    last = last_variant(found)
    whole = [one for one in found if one.lost == NOTHING and one.variant == last and one.claim]
    best = {position(one): one for one in sorted(whole, key=lambda one: -one.mean_m)}
    return [_clause([one.claim], f"{name}: ") for name, one in best.items() if one.claim]


def _grouped(claims: Sequence[Claim], where: str = "") -> list[str]:
    """Return a clause for each outcome and rival, of claims that answer one question."""
    groups: dict[tuple[Outcome, str, str], list[Claim]] = {}
    for one in claims:
        if one.outcome != "same networks":
            groups.setdefault((one.outcome, one.theirs, one.where), []).append(one)
    ordered = sorted(groups.items(), key=lambda item: _ORDER.index(item[0][0]))
    return [_clause(group, where if at == 0 else "") for at, (_, group) in enumerate(ordered)]


def _clause(claims: Sequence[Claim], where: str) -> str:
    """Say what claims of one outcome against one rival show."""
    first = claims[0]
    ours, theirs = _named([one.ours for one in claims]), first.theirs
    one_of = len(claims) == 1
    within = f", {first.where}" if first.where and "walks" not in where else ""
    if first.outcome == "unknown":
        few = f"too few seeds to tell (it takes {MIN_DRAWN})"
        return f"{where}{ours} against {theirs}{within}: {few}"
    if first.outcome == "open":
        return f"{where}no difference is shown between {ours} and {theirs}{within}"
    if first.outcome == "alike":
        return f"{where}{ours} and {theirs} err the same within {first.margin_m:g} m{within}"
    amounts = [abs(one.difference.mean_m) for one in claims]
    verb = "errs" if one_of else "err"
    more = "less" if first.outcome == "errs less" else "more"
    return f"{where}{ours} {verb} {_metres(amounts)} {more} than {theirs}{within}"


def _metres(amounts: Sequence[float]) -> str:
    texts = [f"{amount:.2f}" for amount in amounts]
    if len(texts) > _MOST_NAMED:
        return f"{min(amounts):.2f} to {max(amounts):.2f} m"
    return f"{_joined(texts)} m"


def _named(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[: _MOST_NAMED - 1])} and {len(names) - _MOST_NAMED + 1} others"
    return _joined(names)


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
