"""What a study ran, when and for how long, in words: as its rows and its record of times say."""

from mtloc_jax.arms import ARMS
from mtloc_jax.report.headline import held
from mtloc_jax.report.measured import Measured
from mtloc_jax.report.provenance import counted

_MOST_ARMS = 6


def ran(found: Measured) -> list[str]:
    """Return a line on what was run, one on what it was judged on, one on when, where it is known.

    '352 runs: scratch, transferred, fine-tuned'
    """
    tables = [found.rows] if found.swept is None else found.swept.tables
    keys = ("study", "site_pair", "arm", "finetune_rate", "seed")
    runs = {run for t in tables for run in zip(*(t[key].tolist() for key in keys), strict=True)}
    names = held(ARMS, {arm for _, _, arm, _, _ in runs})
    labels = [ARMS[name].label if name in ARMS else name for name in names]
    many = len(labels) > _MOST_ARMS or any("," in label for label in labels)
    told = f"{len(labels)} arms" if many else ", ".join(labels)
    judged = found.scope.removeprefix(f"{found.provenance.site_pair} | ").replace(" | ", ", ")
    lines = [f"Run: {told}, {counted({len(runs)}, 'run')}; {judged}."]
    if found.times:
        lines.append(f"When: {found.times.words()} on {found.provenance.device}.")
    return lines
