"""What two arms of a swept study are paired by: walks where both have several, else seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mtloc_jax import rows
from mtloc_jax.report.by_walk import Paired, paired_across
from mtloc_jax.report.claims import Claim, claim
from mtloc_jax.report.comparison_cells import Cell, Key, crossed
from mtloc_jax.report.comparison_variants import Contender, Swept
from mtloc_jax.report.stats import MIN_DRAWN
from mtloc_jax.rows import Selection, Table, select


@dataclass(frozen=True)
class Tested:
    """Hold what the arms of each contender were tested on.

    cells: their errors by seed and test round
    walks: walks.csv of each contender in turn; with no rows where walks were not kept
    """

    cells: Mapping[Key, Cell]
    walks: Sequence[Table]

    def claim(
        self, ours: Key, theirs: Key, our_name: str, their_name: str, where: str
    ) -> Claim | None:
        """Compare two arms, by walk where they share as many as an interval takes.

        Else by seed, and by test round where several are. None where they share nothing.
        """
        by_walk = self._by_walk(ours, theirs)
        if by_walk and by_walk.n_walks >= MIN_DRAWN:
            return by_walk.claim(our_name, their_name, where)
        errors_m = crossed(self.cells[ours], self.cells[theirs])
        return claim(our_name, their_name, where, *errors_m) if errors_m[0].size else None

    def _by_walk(self, *keys: Key) -> Paired | None:
        found = [select(rows.of_arm(self.walks[at], arm), modality=lost) for at, arm, lost in keys]
        return paired_across(*found)


def walks_of(swept: Swept, walks: Table) -> list[Table]:
    """Return the test rows of walks.csv that each contender has; walks: of all variants."""
    test = select(walks, split="test")
    return [Selection(test, np.isin(test["study"], _studies(one))) for one in swept.contenders]


def _studies(contender: Contender) -> list[str]:
    return sorted(
        {str(name) for table in contender.rounds.values() for name in set(table["study"])}
    )
