"""The verdict says what the claims say, in plain words, and never more."""

import json

import pytest

from mtloc_jax import rows
from mtloc_jax.report.ladder import ladder_table
from mtloc_jax.report.markdown import markdown
from mtloc_jax.report.measured import read_measured
from mtloc_jax.report.ran import ran
from mtloc_jax.report.verdict import caveat, named, paired_by, verdict
from mtloc_jax.times import TIMES
from tests.swept_rows import write_swept
from tests.synthetic_rows import row, write_workdir
from tests.test_rungs import walk

SEEDS = range(6)
NOISE_M = (-0.02, 0.01, 0.0, 0.02, -0.01, 0.0)


def clean(arm, rate, mean_m, seeds=SEEDS):
    return [row(arm, rate, seed, mean_m + NOISE_M[seed]) for seed in seeds]


def of(tmp_path, *measured, margin_m=0.0):
    folder = write_workdir(tmp_path, [line for some in measured for line in some])
    record = json.loads((folder / "config.json").read_text())
    record["config"]["margin_m"] = margin_m
    (folder / "config.json").write_text(json.dumps(record))
    return read_measured(folder)


def jittered(arm, rate, mean_m, of_seed):
    """Return rows whose difference to the others' varies with the seed."""
    return [row(arm, rate, seed, mean_m + of_seed(seed)) for seed in SEEDS]


def test_a_difference_that_is_shown_is_told_with_its_size(tmp_path):
    better = jittered("finetuned", 0.625, 1.5, lambda seed: 0.01 * (seed % 2))
    found = of(tmp_path, clean("scratch", 1.0, 2.0), better)
    assert verdict(found) == "Fine-tuned 62.5 % errs 0.49 m less than scratch on all rounds."


def test_a_difference_that_is_not_shown_is_never_called_none(tmp_path):
    unsure = jittered("finetuned", 0.625, 2.0, lambda seed: (-1) ** seed)
    found = of(tmp_path, clean("scratch", 1.0, 2.0), unsure)
    assert verdict(found) == "Fine-tuned 62.5 % is not shown to differ from scratch on all rounds."


def test_the_same_is_said_only_within_a_margin_that_is_named(tmp_path):
    alike = jittered("finetuned", 0.625, 2.0, lambda seed: 0.05 * (-1) ** seed)
    rows = clean("scratch", 1.0, 2.0), alike
    (tmp_path / "named").mkdir()
    (tmp_path / "not").mkdir()
    assert "are not shown" in verdict(of(tmp_path / "not", *rows)).replace("is not", "are not")
    found = of(tmp_path / "named", *rows, margin_m=0.5)
    said = "Fine-tuned 62.5 % and scratch on all rounds err the same within 0.5 m."
    assert verdict(found) == said


def test_several_that_are_the_same_as_a_rival_are_not_said_to_be_so_among_each_other(tmp_path):
    arms = ("transferred", 0.0, 2.0), ("finetuned", 0.625, 2.0)
    alike = [jittered(*arm, lambda seed: 0.05 * (-1) ** seed) for arm in arms]
    found = of(tmp_path, clean("scratch", 1.0, 2.0), *alike, margin_m=0.5)
    said = "Transferred and fine-tuned 62.5 % err the same as scratch on all rounds within 0.5 m."
    assert verdict(found) == said


def test_three_seeds_tell_nothing(tmp_path):
    few = clean("scratch", 1.0, 2.0, range(3)), clean("finetuned", 0.625, 1.0, range(3))
    assert verdict(of(tmp_path, *few)).endswith("too few seeds to tell.")


def test_arms_of_one_outcome_share_a_clause_and_all_rates_together_have_another(tmp_path):
    rates = (1.0, 0.625)
    scratch = [line for rate in rates for line in clean("scratch", rate, 2.0)]
    worse = [
        line for rate in rates for line in jittered("finetuned", rate, 3.0, lambda s: 0.02 * s)
    ]
    transferred = jittered("transferred", 0.0, 2.5, lambda seed: 0.02 * seed)
    found = of(tmp_path, scratch, worse, transferred)
    assert verdict(found) == (
        "Transferred and fine-tuned 62.5 % err 0.55 and 1.05 m more than scratch on all rounds; "
        "on the same rounds, all survey sizes together, fine-tuned errs 1.05 m more than scratch."
    )
    assert caveat(found).startswith("Over seeds, on one test round: it says how training varies")


def test_rows_that_compare_nothing_have_no_verdict(tmp_path):
    assert verdict(of(tmp_path, clean("scratch", 1.0, 2.0))) == ""


def laddered(tmp_path, more_m, margin_m=0.0, others=()):
    """Return a ladder of one seed, whose arm with steps errs `more_m` on each of the walks."""
    arms = {"cosine-held": (0.0,) * len(more_m), "cosine-steps-filter": more_m}
    walks = [
        walk(arm, f"w{k}", 8.0 + more) for arm, of in arms.items() for k, more in enumerate(of)
    ]
    rows.append(tmp_path / rows.WALKS, walks)
    located = [[row(arm, 1.0, 0, 8.0)] for arm in arms]
    return of(tmp_path, *others, *located, margin_m=margin_m)


def test_the_ladder_says_the_same_only_within_a_margin_too(tmp_path):
    steps, held = "5-NN cosine with steps, causal", "5-NN cosine, newest scan held"
    for margin_m, said in (
        (0.0, f"“{steps}” is not shown to differ from “{held}”."),
        (0.5, f"“{steps}” and “{held}” err the same within 0.5 m."),
    ):
        folder = tmp_path / str(margin_m)
        folder.mkdir()
        assert verdict(laddered(folder, (0.1, -0.1, 0.1, -0.1, 0.05), margin_m)) == said


def test_three_walks_are_too_few_and_not_the_seeds(tmp_path):
    found = laddered(tmp_path, (0.1, -0.1, 0.1))
    assert verdict(found).endswith("too few walks to tell.")
    (table,) = ladder_table(found.rungs, found.scope, found.provenance)
    assert "too few walks" in markdown(table)


def test_the_answers_say_what_each_difference_is_paired_by(tmp_path):
    by_seed = clean("scratch", 1.0, 2.0), clean("finetuned", 0.625, 1.0)
    folders = [tmp_path / name for name in ("seeds", "walks", "both")]
    for folder in folders:
        folder.mkdir()
    assert paired_by(of(folders[0], *by_seed)) == "seed"
    assert paired_by(laddered(folders[1], (0.1,) * 4)) == "walk"
    found = laddered(folders[2], (0.1,) * 4, others=by_seed)
    assert paired_by(found) == "walk where a line says so or counts walks, else by seed"


@pytest.mark.parametrize("arms", [("cosine-held",), ("cosine-held", "cosine-steps-filter")])
def test_a_ladder_of_one_arm_or_without_walks_has_no_verdict(tmp_path, arms):
    found = of(tmp_path, *([row(arm, 1.0, 0, 8.0)] for arm in arms))
    assert found.is_one_ladder
    assert verdict(found) == ""


@pytest.mark.parametrize(
    ("hidden", "said"),
    [
        ((128, 32), "Hidden 32 errs 1.00 m more than hidden 128 (scratch)."),
        (
            (128, 32, 64, 256),
            "Against hidden 128 (scratch), of 3 variants 1 errs more (“hidden 32”, by 1.00 m) and "
            "2 are not shown to differ.",
        ),
    ],
)
def test_variants_are_told_against_the_reference_and_counted_where_they_are_many(
    tmp_path, hidden, said
):
    def measured(settings):
        if settings["hidden"] == 32:
            return jittered("scratch", 1.0, 3.0, lambda seed: NOISE_M[seed] + 0.01 * (-1) ** seed)
        if settings["hidden"] == 128:
            return clean("scratch", 1.0, 2.0)
        return jittered("scratch", 1.0, 2.0, lambda seed: 0.5 * (-1) ** seed)

    write_swept(tmp_path, [{"hidden": hidden}], measured)
    assert verdict(read_measured(tmp_path)) == said


def wiped_by_fill(tmp_path, fills, modalities):
    """Return the verdict on fills: under each, wiping WiFi hurts a metre more than before."""

    def measured(settings):
        at = fills.index(settings["wipe.fill"])
        return [
            row("scratch", 1.0, seed, 4.0 + more_m, modality=name, drop_rate=0.4)
            for name in modalities
            for seed in SEEDS
            for more_m in [at * (name == "wifi") + NOISE_M[(seed + 2 * at) % 6]]
        ]

    write_swept(tmp_path, [{"wipe.fill": fills}], measured)
    return verdict(read_measured(tmp_path))


def test_comparisons_of_several_wiped_modalities_are_not_called_variants(tmp_path):
    assert wiped_by_fill(tmp_path, ("zero", "mean", "least"), ("imu", "wifi")) == (
        "Against wipe fill zero (scratch), 40 % of one modality wiped, of 4 comparisons 2 err more "
        "(by 1.00 to 2.00 m) and 2 are not shown to differ."
    )


def test_one_comparison_of_its_outcome_says_what_was_wiped(tmp_path):
    assert wiped_by_fill(tmp_path, ("zero", "mean"), ("imu", "mag", "wifi")) == (
        "Against wipe fill zero (scratch), 40 % of one modality wiped, of 3 comparisons 1 errs "
        "more (“wipe fill mean”, 40 % of WiFi wiped, by 1.00 m) and 2 are not shown to differ."
    )


def test_variants_of_which_one_modality_alone_is_wiped_say_which(tmp_path):
    assert wiped_by_fill(tmp_path, ("zero", "mean", "least", "column"), ("wifi",)) == (
        "Against wipe fill zero (scratch), 40 % of WiFi wiped, of 3 comparisons 3 err more (by "
        "1.00 to 3.00 m)."
    )


def test_what_is_compared_on_other_rounds_than_all_is_not_said_to_be_on_all(tmp_path):
    worse = jittered("constant", 0.5, 3.0, lambda seed: 0.01 * seed)
    found = of(tmp_path, clean("scratch", 0.5, 2.0), worse)
    assert verdict(found) == "Constant 50 % errs 1.02 m more than scratch 50 %."


def test_names_that_hold_commas_are_quoted_and_many_are_counted():
    assert named(["a", "b"]) == "a and b"
    assert named(["a, held", "b"]) == "“a, held” and “b”"
    assert named(["a", "b", "c", "d"]) == "a, b and 2 others"


def test_what_was_run_is_told_with_its_times_where_they_are_known(tmp_path):
    rows = clean("scratch", 1.0, 2.0), clean("finetuned", 0.625, 2.0)
    assert ran(of(tmp_path, *rows)) == [
        "Run: scratch, fine-tuned, 12 runs; test: 844 windows, 6 seeds."
    ]
    times = {"begun": "2026-11-26T09:16:00Z", "finished": "2026-11-26T10:20:59Z", "work_s": 3480}
    (tmp_path / TIMES).write_text(json.dumps(times))
    when = "When: 2026-11-26, 09:16 to 10:20 UTC, 58 min of work on cpu."
    assert ran(read_measured(tmp_path))[1] == when
