"""Which baseline beats a network that saw the same rounds: paired by seed, corrected by Holm."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from mtloc_jax.report import arms, claims
from mtloc_jax.report.arms import FINETUNED, SCRATCH
from mtloc_jax.report.baseline_tables import LABELS, named, rates
from mtloc_jax.report.claims import Claim, paired
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.report.rows import Table, select
from mtloc_jax.report.stats import holm, paired_difference
from mtloc_jax.report.text_table import TextTable

_NETWORKS = {SCRATCH: "scratch", FINETUNED: "fine-tuned"}


def families(table: Table) -> dict[str, list[Claim]]:
    """Compare every baseline with the networks of the same rate and seeds, on the test round.

    table: rows of baselines and of networks. Returns the title of a table -> its claims, a family
    for each arm of networks; those that were not run are left out.
    """
    clean = select(table, split="test", modality="none")
    found = {
        f"Claims: baselines against {name} on the same rounds": against(clean, network)
        for network, name in _NETWORKS.items()
    }
    return {title: family for title, family in found.items() if family}


def against(clean: Table, network: str) -> list[Claim]:
    """Compare the baselines with one arm of networks, at every rate both were run with."""
    theirs = select(clean, arm=network)
    found = []
    for rate in rates(theirs):
        name = f"{_NETWORKS[network]} at {arms.percent(rate)}"
        for arm in [arm for arm in named(clean) if arm not in _NETWORKS]:
            errors_m = paired(arms.of_arm(clean, (arm, rate)), arms.of_arm(theirs, (network, rate)))
            if len(errors_m[0]):
                found.append((LABELS[arm], name, "", paired_difference(*errors_m)))
    p_holm = holm(np.array([difference.p_value for *_, difference in found]))
    return [Claim(*cells, float(p)) for cells, p in zip(found, p_holm, strict=True)]


def headlines(family: Sequence[Claim]) -> list[str]:
    """Return the sentences of the largest survey, in which networks have the most to learn from."""
    return [claim.sentence() for claim in family if claim.theirs == family[0].theirs]


def claims_text(
    title: str, family: Sequence[Claim], scope: str, provenance: Provenance
) -> TextTable:
    """Lay a family of claims out, the sentences of the largest survey first."""
    table = claims.claims_text(title, family, scope, provenance).without(["wiped"])
    return replace(table, lead=tuple(headlines(family)), n_labels=2)
