"""Which variant of a swept study errs less, and whether transfer helps under each: the claims."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mtloc_jax.arms import SCRATCH, arm_label
from mtloc_jax.report import headline
from mtloc_jax.report.claims import Claim, corrected
from mtloc_jax.report.comparison_cells import Key, cell, cells, crossed, of_arm, wiped_words
from mtloc_jax.report.comparison_pairs import Tested, walks_of
from mtloc_jax.report.comparison_variants import Contender, Swept
from mtloc_jax.report.headline import ArmAtRate
from mtloc_jax.report.summary import per_seed
from mtloc_jax.rows import WALKS, Table, empty

_FEW_ARMS = 4


@dataclass(frozen=True)
class Line:
    """Hold the test errors of one contender's arm, metres.

    wiped:        the modality 40 % of which is wiped, or "none"
    mean_m:       f64[S, B], over the windows, of each seed on each test round
    median_m:     the same of the median
    n_windows:    how many windows each error was measured on (the fewest, where they differ)
    to_reference: against the same arm of the reference; None for itself, or where it lacks the arm
    to_scratch:   against training from scratch; None for scratch, or where none was trained
    """

    contender: Contender
    arm: ArmAtRate
    wiped: str
    mean_m: np.ndarray
    median_m: np.ndarray
    n_windows: int
    to_reference: Claim | None
    to_scratch: Claim | None

    def on(self, test_round: int) -> np.ndarray:
        """Return the mean errors on one test round, f64[S, 1], metres; S = 0 if there are none."""
        if test_round not in self.contender.rounds:
            return np.empty((0, 1))
        rows = of_arm(self.contender, test_round, self.arm, self.wiped)
        return per_seed(rows, ["mean_m"])[1]


def lines(swept: Swept, margin_m: float = 0.0, walks: Table | None = None) -> list[Line]:
    """Return a line for each contender, wiped modality and arm that the rows hold, in that order.

    Differences to the reference answer one question, those to scratch another. margin_m: difference
    that counts as none; 0 where none is named. walks: walks.csv of all variants, where they were
    kept
    """
    tested = Tested(cells(swept), walks_of(swept, empty(WALKS) if walks is None else walks))
    to_reference = _together(_reference_claims(swept, tested), margin_m)
    to_scratch = _together(_scratch_claims(swept, tested), margin_m)
    return [
        Line(
            contender=swept.contenders[key[0]],
            arm=key[1],
            wiped=key[2],
            mean_m=crossed(found)[0],
            median_m=crossed(cell(swept.contenders[key[0]], *key[1:], "median_m"))[0],
            n_windows=_n_windows(swept.contenders[key[0]], *key[1:]),
            to_reference=to_reference.get(key),
            to_scratch=to_scratch.get(key),
        )
        for key, found in tested.cells.items()
    ]


def leading(found: Sequence[Line]) -> list[ArmAtRate]:
    """Return the arms a reader asks for first: all where they are few, else those of Fig 6."""
    every = list(dict.fromkeys(line.arm for line in found))
    if len(every) <= _FEW_ARMS:
        return every
    chosen = headline.leading(every)
    return [arm for arm in every if arm in chosen]


def is_by_walk(found: Sequence[Line]) -> bool:
    """Say whether a claim is paired by walk."""
    claims = (claim for line in found for claim in (line.to_reference, line.to_scratch))
    return any(claim.by_walk for claim in claims if claim)


def _reference_claims(swept: Swept, tested: Tested) -> dict[Key, Claim]:
    """Compare each contender's arms with the same arms of the reference."""
    at_reference, found = swept.reference_at, {}
    for key in tested.cells:
        at, arm, wiped = key
        theirs = (at_reference, arm, wiped)
        if at != at_reference and theirs in tested.cells:
            names = (swept.contenders[at].label, _of(swept.reference, arm))
            found[key] = tested.claim(key, theirs, *names, wiped_words(wiped))
    return {key: claim for key, claim in found.items() if claim}


def _scratch_claims(swept: Swept, tested: Tested) -> dict[Key, Claim]:
    """Compare the other arms with scratch under the same settings, or else the reference's."""
    found = {}
    for key in tested.cells:
        at, arm, wiped = key
        rival = _rival(swept, tested, key)
        if arm[0] != SCRATCH and rival is not None:
            contender, other = swept.contenders[at], swept.contenders[rival[0]]
            theirs = arm_label(*rival[1]) if other is contender else _of(other, rival[1])
            where = ", ".join(filter(None, (contender.label, wiped_words(wiped))))
            found[key] = tested.claim(key, rival, arm_label(*arm), theirs, where)
    return {key: claim for key, claim in found.items() if claim}


def _rival(swept: Swept, tested: Tested, key: Key) -> Key | None:
    """Return the scratch to compare with: on the same rounds where that was run, else on all.

    Where settings change nothing for scratch, a study may have trained it for the reference alone.
    """
    at, (_, rate), wiped = key
    places = (at, swept.reference_at)
    rivals = [(place, (SCRATCH, share), wiped) for place in places for share in (rate, 1.0)]
    return next((rival for rival in rivals if rival in tested.cells), None)


def _together(claims: Mapping[Key, Claim], margin_m: float) -> dict[Key, Claim]:
    return dict(zip(claims, corrected(list(claims.values()), margin_m), strict=True))


def _n_windows(contender: Contender, arm: ArmAtRate, wiped: str) -> int:
    counts = [of_arm(contender, r, arm, wiped)["n_windows"] for r in contender.rounds]
    return int(np.concatenate(counts).min())


def _of(contender: Contender, arm: ArmAtRate) -> str:
    return f"{contender.label} ({arm_label(*arm)})"
