"""Networks wiped in several ways: Fig 5 side by side, and which modality is missed most."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from mtloc_jax.arms import FINETUNED, arm_label
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.report import bands, figures, headline, style
from mtloc_jax.report.comparison import Line, leading
from mtloc_jax.report.comparison_cells import NOTHING
from mtloc_jax.report.comparison_variants import Contender, Swept
from mtloc_jax.report.provenance import Provenance
from mtloc_jax.rows import Table, of_arm, select, wiped_at_random
from mtloc_jax.settings import DECLARED


def fig5_variants(swept: Swept | None, scope: str, provenance: Provenance) -> Figure | None:
    """Draw Fig 5 in a panel a variant; None unless they differ in how they are judged alone.

    None of several test rounds either: a panel draws one.
    """
    if swept is None or len(swept.test_rounds) > 1 or not _judged_alone(swept.names):
        return None
    rows = {contender.label: _wiped(contender) for contender in swept.contenders}
    models = headline.models(next(iter(rows.values())))
    model = next((one for one in models if one[0] == FINETUNED), models[0] if models else None)
    curves = {label: of_arm(of_one, model) for label, of_one in rows.items()} if model else {}
    if model is None or any(len(set(one["drop_rate"])) < 2 for one in curves.values()):
        return None
    straight = [] if "wipe.mode" in swept.names else figures.wiping_notes(provenance)[1:]
    notes = [scope, bands.NOTE, *straight]
    title = provenance.title(f"Fig 5 by variant: mean error, {arm_label(*model)}")
    drawn = style.figure(title, "\n".join(filter(None, notes)), 2.7 * len(curves) + 1.7, 4.2)
    panels = drawn.subplots(1, len(curves), sharex=True, sharey=True, squeeze=False)[0]
    for axes, (label, of_one) in zip(panels, curves.items(), strict=True):
        figures.draw_drops(axes, of_one)
        axes.set(xlabel="drop rate (%)", title=label)
    panels[0].set_ylabel("mean error (m)")
    panels[0].set_ylim(bottom=0)
    style.legend(drawn, panels, title="wiped")
    return drawn


def missed_most(found: Sequence[Line]) -> list[str]:
    """Say what each leading arm errs most without, in the means, where variants differ in it."""
    wiped = [line for line in found if line.wiped != NOTHING]
    said = []
    for arm in leading(found):
        of_arm = [line for line in wiped if line.arm == arm]
        by_modality: dict[str, list[str]] = {}
        for label in dict.fromkeys(line.contender.label for line in of_arm):
            of_one = [line for line in of_arm if line.contender.label == label]
            most = max(of_one, key=lambda line: line.mean_m.mean())
            by_modality.setdefault(most.wiped, []).append(label)
        if len(by_modality) > 1:
            told = (f"{_name(most)} with {', '.join(of)}" for most, of in by_modality.items())
            said.append(f"{arm_label(*arm)}, missed most in the means: {'; '.join(told)}")
    return said


def _judged_alone(names: Sequence[str]) -> bool:
    """Say whether variants differ, and by known settings in how they are judged alone."""
    kinds = {DECLARED[name].kind if name in DECLARED else "" for name in names}
    return kinds == {"judged"}


def _wiped(contender: Contender) -> Table:
    return wiped_at_random(select(next(iter(contender.rounds.values())), split="test"))


def _name(wiped: str) -> str:
    return MODALITIES[wiped].label if wiped in MODALITIES else wiped
