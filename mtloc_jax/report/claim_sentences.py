"""A claim in a plain sentence: what is shown, how sure that is, and what could have been found."""

from mtloc_jax.report.claims import Claim
from mtloc_jax.report.provenance import counted
from mtloc_jax.report.sign_flip import MOST_ENUMERATED
from mtloc_jax.report.stats import MIN_DRAWN, Difference
from mtloc_jax.report.values import PValue


def sentence(claim: Claim) -> str:
    """Say what the rows show of a claim, and how sure that is."""
    found, place = claim.difference, f", {claim.place}" if claim.place else ""
    if claim.outcome == "same networks":
        return f"{claim.ours} and {claim.theirs}{place}: the same networks"
    if claim.outcome == "unknown":
        return (
            f"{claim.ours} against {claim.theirs}{place}: {found.mean_m:+.2f} m, "
            f"no interval ({_too_few(claim)}, it takes {MIN_DRAWN})"
        )
    said = f"{place}: {numbers(claim)}"
    if claim.outcome == "alike":
        low_m, high_m = found.estimate.interval(0.9)
        return (
            f"{claim.ours} and {claim.theirs} are the same within {claim.margin_m:g} m{said}, "
            f"90 % [{low_m:+.2f}, {high_m:+.2f}], p of a larger one {_p(claim.p_within)}"
        )
    if claim.outcome == "open":
        return f"no difference shown between {claim.ours} and {claim.theirs}{said}, {could(found)}"
    verb = "beats" if claim.outcome == "errs less" else "loses to"
    within = f" by less than {claim.margin_m:g} m" if claim.is_within else ""
    return f"{claim.ours} {verb} {claim.theirs}{within}{said}"


def numbers(claim: Claim) -> str:
    """Write the difference, its interval, p by Holm, of t alone and of sign flips, and over what.

    '-0.31 m [-0.52, -0.10], p = 0.004 (t 0.001, exact sign flip 0.002), 10 seeds'
    """
    found = claim.difference
    flips = "exact sign flip" if found.n_values <= MOST_ENUMERATED else "drawn sign flips"
    alone = [f"t {PValue(found.p_value).text()}"]
    if found.over != "both":
        alone.append(f"{flips} {PValue(found.p_flip).text()}")
    groups = ", differences in two groups" if found.two_groups else ""
    return (
        f"{found.mean_m:+.2f} m [{found.low_m:+.2f}, {found.high_m:+.2f}], "
        f"p {_p(claim.p_holm)} ({', '.join(alone)}), {_over(claim)}{groups}"
    )


def could(found: Difference) -> str:
    """Write the smallest difference that would have been found."""
    return f"could have found {found.could_find_m:.2f} m"


def _over(claim: Claim) -> str:
    """Write over what an interval is: '10 seeds', '6 seeds x 5 test rounds', '80 walks (..)'."""
    found = claim.difference
    seeds, blocks = counted({found.n_seeds}, "seed"), f"{found.n_blocks} {claim.blocks}s"
    if found.over == "blocks":
        return f"{blocks} ({seeds} each)"
    return f"{seeds} x {blocks}" if found.over == "both" else seeds


def _p(p: float) -> str:
    text = PValue(p).text()
    return text if text.startswith("<") else f"= {text}"


def _too_few(claim: Claim) -> str:
    found = claim.difference
    if claim.by_walk:
        return f"walks: {found.n_blocks}"
    if found.n_blocks == 1:
        return f"seeds: {found.n_seeds}"
    return f"seeds: {found.n_seeds}, {claim.blocks}s: {found.n_blocks}"
