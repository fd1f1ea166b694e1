"""What a swept study found, in sentences: what differs first, then what was not shown to."""

from collections.abc import Sequence

from mtloc_jax.arms import arm_label
from mtloc_jax.report.claim_sentences import could, numbers, sentence
from mtloc_jax.report.claims import Claim
from mtloc_jax.report.comparison import Line, leading
from mtloc_jax.report.comparison_cells import between_rounds, seed_spread, wiped_words

_TO = "shown to differ from"
MOST = 40
"""Of each kind of sentence, and variants in one: of more, nobody reads the last."""


def sentences(found: Sequence[Line]) -> list[str]:
    """Say what the rows show of the leading arms; open claims of one kind share a sentence."""
    chosen = leading(found)
    shown = [line for line in found if line.arm in chosen]
    to_reference = [(line, claim) for line in shown if (claim := _asked(line.to_reference))]
    to_scratch = [(line, claim) for line in shown if (claim := _asked(line.to_scratch))]
    told = [claim for _, claim in to_reference + to_scratch if claim.outcome != "open"]
    ordered = sorted(told, key=lambda claim: claim.outcome == "unknown")
    varied = [line for line in shown if line.mean_m.shape[1] > 1]
    return [
        *map(sentence, ordered[:MOST]),
        *_left_out(len(ordered), "differences"),
        *_open_sentences([(f"not {_TO} {c.theirs}", line, c) for line, c in to_reference]),
        *_open_sentences([(f"{c.ours} not {_TO} {c.theirs}", line, c) for line, c in to_scratch]),
        *map(_rounds_sentence, varied[:MOST]),
        *_left_out(len(varied), "arms over test rounds"),
    ]


def _left_out(n: int, what: str) -> list[str]:
    return [f"{n - MOST:,} more {what} are in the tables"] if n > MOST else []


def _asked(claim: Claim | None) -> Claim | None:
    """Return a claim; None where there is none, or networks are compared with themselves."""
    return None if claim is None or claim.outcome == "same networks" else claim


def _open_sentences(claims: Sequence[tuple[str, Line, Claim]]) -> list[str]:
    """Return one sentence for the open claims against the same rival, under the same wiping."""
    kinds: dict[tuple[str, str], list[tuple[Line, Claim]]] = {}
    for said, line, claim in claims:
        if claim.outcome == "open":
            kinds.setdefault((said, line.wiped), []).append((line, claim))
    return [
        _together(said, wiped, group) if len(group) > 1 else sentence(group[0][1])
        for (said, wiped), group in kinds.items()
    ]


def _together(said: str, wiped: str, group: Sequence[tuple[Line, Claim]]) -> str:
    place = f", {wiped_words(wiped)}" if wiped_words(wiped) else ""
    each = [
        f"{line.contender.label} {numbers(claim)}, {could(claim.difference)}"
        for line, claim in group[:MOST]
    ]
    if len(group) > MOST:
        each.append(f"and {len(group) - MOST:,} more variants, which are in the tables")
    return f"{said}{place}: {'; '.join(each)}"


def _rounds_sentence(line: Line) -> str:
    """Say how much an arm's error varies with the test round."""
    names = (arm_label(*line.arm), line.contender.label, wiped_words(line.wiped))
    mean_m, spread_m = seed_spread(line.mean_m)[0], between_rounds(line.mean_m)
    return (
        f"{', '.join(filter(None, names))}: {mean_m:.2f} m over {line.mean_m.shape[1]} test "
        f"rounds, ± {spread_m:.2f} m between them"
    )
