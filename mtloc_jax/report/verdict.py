"""What a study shows, in one plain sentence, and what that leaves open.

It says what the tables' claims say and no more: a difference where one is shown, "the same" where
a margin is named and a larger one is ruled out, and else that nothing is shown.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from mtloc_jax.arms import WIPED_SHARE, arm_label, percent
from mtloc_jax.report.claims import Claim, Outcome
from mtloc_jax.report.comparison import Line
from mtloc_jax.report.comparison import is_by_walk as compares_by_walk
from mtloc_jax.report.comparison import leading as leading_arms
from mtloc_jax.report.comparison_cells import wiped_words
from mtloc_jax.report.headline import labels_of, models
from mtloc_jax.report.ladder import is_causal, last_variant, position
from mtloc_jax.report.measured import Measured
from mtloc_jax.report.questions import ALL_ROUNDS
from mtloc_jax.report.rungs import NOTHING, Rung
from mtloc_jax.report.walks_tables import leading_transfer, transfer_claims

_MOST_NAMED = 3
_MOST_CLAUSES = 2  # of swept studies: of more, comparisons are counted
_BOTH = "walk where a line says so or counts walks, else by seed"
_ORDER: tuple[Outcome, ...] = ("errs less", "errs more", "alike", "open", "unknown")


def verdict(found: Measured) -> str:
    """Return the sentence; empty where the rows compare nothing."""
    if found.walk_curves:
        transfer = transfer_claims(found.rungs, found.walks, found.margin_m)
        return _sentence(_of_walks(leading_transfer(transfer)))
    if found.is_one_ladder:
        return _sentence(_of_ladder(found.rungs))
    if found.swept is not None:
        return _sentence(_of_variants(found.lines, found.swept.reference.label))
    return _sentence(_of_arms(found))


def caveat(found: Measured) -> str:
    """Say over what the claims were made, and what they cannot say."""
    if is_by_walk(found):
        least = (
            " The arms named err least here, of all that were tried." if found.is_one_ladder else ""
        )
        return f"Paired by walk: it holds for walks like these, in these buildings.{least}"
    rounds = 1 if found.swept is None else len(found.swept.test_rounds)
    if rounds > 1:
        return f"Over seeds and {rounds} test rounds of one pair of buildings."
    return (
        "Over seeds, on one test round: it says how training varies, not how another walk, or "
        "another building, would turn out."
    )


def is_by_walk(found: Measured) -> bool:
    """Say whether the answers compare walk by walk; else seed by seed."""
    return bool(found.walk_curves) or found.is_one_ladder or compares_by_walk(found.lines)


def paired_by(found: Measured) -> str:
    """Say what the answers' differences are paired by: 'seed', 'walk', or where by which."""
    of_arms = [claim for family in found.families.values() for claim in family]
    if found.walk_curves or found.is_one_ladder:
        others = [rung.claim for rung in found.rungs]
    else:
        others = [c for line in found.lines for c in (line.to_reference, line.to_scratch)]
    kinds = {claim.by_walk for claim in (*of_arms, *others) if claim}
    if len(kinds) > 1:
        return _BOTH
    return "walk" if True in kinds else "seed"


def named(names: Sequence[str]) -> str:
    """List names, at most three: 'a, b and 2 others'; in quotes where one holds a comma."""
    names = list(dict.fromkeys(names))
    more = len(names) - _MOST_NAMED
    if any("," in name for name in names):
        names = [f"“{name}”" for name in names]
    return _joined([*names[: _MOST_NAMED - 1], f"{more + 1} others"] if more > 0 else names)


def _sentence(clauses: Iterable[str]) -> str:
    said = "; ".join(clauses)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def _of_arms(found: Measured) -> list[str]:
    """Return clauses on the leading arms on all they are given, and on all rates together."""
    every = [c for family in found.families.values() for c in family if c.split == "test"]
    names = labels_of(models(found.together))
    question, first = next(iter(found.families.items()), ("", []))
    alone = [c for c in first if c.n_rates == 1 and not c.where and c.ours in names]
    pooled = [c for c in every if c.n_rates > 1]
    rounds = " on all rounds" if question == ALL_ROUNDS else ""
    whole = [replace(c, theirs=f"{c.theirs}{rounds}") for c in alone]
    return [*_grouped(whole), *_grouped(pooled, "on the same rounds, all survey sizes together, ")]


def _of_walks(claims: Sequence[Claim]) -> list[str]:
    """Return clauses on the smallest and the largest survey, of the first arm."""
    asked = [replace(c, where="") for c in claims if c.ours == claims[0].ours]
    sizes = [one.where or "all walks" for one in claims if one.ours == claims[0].ours]
    return [_clause([c], f"with {size}, ") for c, size in zip(asked, sizes, strict=True)]


def _of_ladder(found: Sequence[Rung]) -> list[str]:
    """Return clauses on the arms that err least, held, causally and offline, of all together.

    Of variants that are not pooled, in how many the one that errs least causally is better. None
    where nothing is compared: of the reference alone, or without walks.csv.
    """
    whole = [one for one in found if one.lost == NOTHING and one.claim]
    last, variants = last_variant(found), dict.fromkeys(one.variant for one in whole)
    pooled = {one.variant: len(one.studies) for one in whole}
    if len(variants) == 1 or pooled.get(last, 0) > 1:
        of_last = [one for one in whole if one.variant == last]
        best = {position(one): one for one in sorted(of_last, key=lambda one: -one.mean_m)}
        return _grouped([one.claim for one in best.values() if one.claim])
    causal = [[one for one in whole if one.variant == v and is_causal(one)] for v in variants]
    least = [min(of, key=lambda one: one.mean_m) for of in causal if of]
    claims = [one.claim for one in least if one.claim]
    if not claims:
        return []
    what = f"the arm that errs least causally, against {_quoted(claims[0].theirs)}"
    return [f"{what}, in {len(claims)} variants: {_counts(claims)}"]


def _of_variants(found: Sequence[Line], reference: str) -> list[str]:
    """Return a clause for each arm on the variants, against the reference; of many, one in all."""
    arms = leading_arms(found)
    every = [line for line in found if line.arm in arms]
    whole = [line for line in every if line.wiped == NOTHING]
    lines, noun = (whole, "variants") if whole else (every, "comparisons")
    referred = any(line.to_reference for line in lines)
    groups: dict[tuple[str, str], list[Claim]] = {}
    for line in lines:
        claim = line.to_reference if referred else line.to_scratch
        if claim is not None and claim.outcome != "same networks":
            groups.setdefault((arm_label(*line.arm), claim.theirs), []).append(claim)
    if not groups:
        return []
    where = _wiped([line.wiped for line in lines])
    if len(groups) > _MOST_CLAUSES:
        told = [claim for group in groups.values() for claim in group]
        rival = f"“{reference}”" if referred else "scratch"
        return [f"of {len(told)} comparisons with {rival}{where}, {_counts(told)}"]
    return [
        clause
        for (_, theirs), group in groups.items()
        for clause in (
            _grouped(group)
            if len(group) <= _MOST_NAMED - 1
            else [f"against {_quoted(theirs)}{where}, of {len(group)} {noun} {_counts(group)}"]
        )
    ]


def _wiped(modalities: Sequence[str]) -> str:
    """Say what is wiped in all of several comparisons, ahead of them: ', 40 % of IMU wiped'."""
    (first, *others) = dict.fromkeys(modalities)
    if others:
        return f", {percent(WIPED_SHARE)} of one modality wiped"
    return f", {wiped_words(first)}" if first != NOTHING else ""


def _counts(claims: Sequence[Claim]) -> str:
    """Count claims by outcome: '3 err less (by 1.98 to 2.83 m), 2 are not shown to differ'."""
    counts = Counter(one.outcome for one in claims)
    said = []
    for outcome in (one for one in _ORDER if counts[one]):
        of_one = [one for one in claims if one.outcome == outcome]
        verb, has = ("errs", "has") if len(of_one) == 1 else ("err", "have")
        amounts = [abs(one.difference.mean_m) for one in of_one]
        alone = of_one if len(of_one) == 1 and len(claims) > 1 else []
        whose = [text for one in alone for text in (f"“{one.ours}”", one.where) if text]
        far = f" ({', '.join([*whose, f'by {_span(amounts)}'])})"
        said.append(
            {
                "errs less": f"{len(of_one)} {verb} less{far}",
                "errs more": f"{len(of_one)} {verb} more{far}",
                "alike": f"{len(of_one)} {verb} the same within {of_one[0].margin_m:g} m",
                "open": f"{len(of_one)} {'is' if len(of_one) == 1 else 'are'} not shown to differ",
                "unknown": f"{len(of_one)} {has} {_too_few(of_one)}",
            }[outcome]
        )
    return _joined(said)


def _grouped(claims: Sequence[Claim], where: str = "") -> list[str]:
    """Return a clause for each outcome and rival, of claims that answer one question."""
    groups: dict[tuple[str, str, Outcome], list[Claim]] = {}
    for one in claims:
        if one.outcome != "same networks":
            groups.setdefault((one.theirs, one.where, one.outcome), []).append(one)
    rivals = list(dict.fromkeys(key[:2] for key in groups))
    ordered = sorted(groups, key=lambda key: (rivals.index(key[:2]), _ORDER.index(key[2])))
    return [_clause(groups[key], "" if at else where) for at, key in enumerate(ordered)]


def _clause(claims: Sequence[Claim], where: str) -> str:
    """Say what claims of one outcome against one rival show."""
    first = claims[0]
    ours, theirs = named([one.ours for one in claims]), _quoted(first.theirs)
    place = f", {first.where}" if first.where else ""
    if first.outcome == "unknown":
        return f"{where}{ours} against {theirs}{place}: {_too_few(claims)}"
    if first.outcome == "open":
        shown = f"{ours} is" if len(claims) == 1 else f"{ours} are"
        return f"{where}{shown} not shown to differ from {theirs}{place}"
    if first.outcome == "alike":
        within = f"within {first.margin_m:g} m{place}"
        if len(claims) == 1:
            return f"{where}{ours} and {theirs} err the same {within}"
        return f"{where}{ours} err the same as {theirs} {within}"  # not: as each other
    verb = "errs" if len(claims) == 1 else "err"
    more = "less" if first.outcome == "errs less" else "more"
    amounts = [abs(one.difference.mean_m) for one in claims]
    far = _span(amounts)
    if 1 < len(amounts) <= _MOST_NAMED:
        far = f"{_joined([f'{amount:.2f}' for amount in amounts])} m"
    return f"{where}{ours} {verb} {far} {more} than {theirs}{place}"


def _too_few(claims: Sequence[Claim]) -> str:
    lacking = dict.fromkeys(one.lacking for one in claims)
    return f"too few {' or '.join(lacking)} to tell"


def _span(amounts_m: Sequence[float]) -> str:
    ends = dict.fromkeys(f"{end:.2f}" for end in (min(amounts_m), max(amounts_m)))
    return f"{' to '.join(ends)} m"


def _quoted(name: str) -> str:
    return f"“{name}”" if "," in name else name


def _joined(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
