"""Networks to start from are trained some seeds at a time: what ended before a kill is kept."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.rows import ROWS
from mtloc_jax.study import matchers, starts, units
from mtloc_jax.study.study import run_study
from mtloc_jax.study.units import Kept, Unit
from mtloc_jax.study.workdir import Identity
from mtloc_jax.surgery import checkpoint
from tests.studies import ignore, small

MAKER = {"git_revision": "0123abc", "versions": {}}
SITE = SimpleNamespace(card=lambda: {"name": "mall"})


def identity(settings="mine"):
    return Identity(settings, {}, (MAKER,))


def kept(folder, settings="mine"):
    found = Kept(folder)
    found.begin(identity(settings), SimpleNamespace(check=lambda: None))
    return found


def networks(seeds):
    return {"out": {"bias": np.array([[seed, seed + 0.5] for seed in seeds], np.float32)}}


def made(folder, seeds, at_once, until=99, settings="mine"):
    """Return the networks of seeds, and which were trained for it; a kill comes before `until`."""
    trained = []

    def train(some):
        if until in some:
            raise KeyboardInterrupt
        trained.extend(some)
        said = {"runs": [{"seed": s} for s in some], "lost": [s for s in some if s % 2]}
        return Unit(networks(some), said | {"marks": [{"seed": s, "m": 1.5 * s} for s in some]})

    card = {"site": SITE.card(), "config": {}, "runs": [], "identity": identity(settings).plain()}
    try:
        found = kept(folder, settings).of_seeds(
            "pretrained", SITE.card(), card, seeds, at_once, train
        )
    except KeyboardInterrupt:
        found = None
    return found, trained


def test_units_lie_together_in_order_of_seeds():
    one = Unit(networks([2]), {"runs": [{"seed": 2}], "lost": [2]})
    other = Unit(networks([0, 1]), {"runs": [{"seed": 0}, {"seed": 1}], "marks": [{"seed": 1}]})
    params, said = units.joined([one, other])
    np.testing.assert_array_equal(params["out"]["bias"], networks([0, 1, 2])["out"]["bias"])
    runs = [{"seed": 0}, {"seed": 1}, {"seed": 2}]
    assert said == {"runs": runs, "lost": [2], "marks": [{"seed": 1}]}


def test_a_core_trains_one_network_and_there_are_no_more_than_seeds():
    assert [units.at_once(5, 2), units.at_once(1, 4), units.at_once(7, 1)] == [2, 1, 1]


def test_matchers_are_trained_four_to_seven_at_once_for_fewer_are_summed_otherwise():
    cut = {seeds: matchers.at_once(seeds) for seeds in (1, 3, 4, 5, 7, 8, 9, 11, 20)}
    assert cut == {1: 1, 3: 3, 4: 4, 5: 5, 7: 7, 8: 4, 9: 5, 11: 6, 20: 4}


def test_a_stage_says_which_seeds_it_trains_where_they_are_not_all():
    assert [units.worded(of, 5) for of in (range(5), [2, 3], [4])] == [
        "",
        ", seeds 2 to 3",
        ", seed 4",
    ]


def test_what_ended_before_a_kill_is_kept_and_the_rest_is_trained(tmp_path):
    assert made(tmp_path, 5, 2, until=4) == (None, [0, 1, 2, 3])
    # On a machine of three cores.
    found, trained = made(tmp_path, 5, 3)
    assert trained == [4]
    np.testing.assert_array_equal(found["out"]["bias"], networks(range(5))["out"]["bias"])
    _, trained = made(tmp_path / "undisturbed", 5, 2)
    assert trained == [0, 1, 2, 3, 4]
    ours, theirs = (of / "pretrained" for of in (tmp_path, tmp_path / "undisturbed"))
    assert (ours / "card.json").read_bytes() == (theirs / "card.json").read_bytes()
    _, card = checkpoint.load(tmp_path / "pretrained")
    assert (card["lost"], card["marks"][3]) == ([1, 3], {"seed": 3, "m": 4.5})
    assert made(tmp_path, 5, 2)[1] == []


def test_a_unit_that_was_damaged_is_set_aside_and_trained_again(tmp_path, caplog):
    made(tmp_path, 3, 1, until=2)
    card = tmp_path / "units" / "pretrained" / "0001" / "card.json"
    card.write_text(card.read_text().replace("1.5", "2.5"))
    with caplog.at_level(logging.WARNING):
        assert made(tmp_path, 3, 1)[1] == [1, 2]
    assert "set aside as 0001.damaged-1" in caplog.text


def test_a_unit_of_another_study_is_refused(tmp_path):
    made(tmp_path, 3, 1, until=2, settings="theirs")
    with pytest.raises(InputError, match="a study with other settings"):
        made(tmp_path, 3, 1)


def test_all_at_once_is_written_once(tmp_path):
    assert made(tmp_path, 3, 4)[1] == [0, 1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["pretrained"]


@pytest.mark.slow
def test_a_study_that_was_ended_while_it_pretrained_trains_what_lacks(tmp_path, monkeypatch):
    settings = small(arms=("transferred",), seeds=3, finetune_rates=(1.0,), wipe__drop_rates=())
    pretraining, asked = starts.pretraining, []

    def recorded(source, settings, seeds, together):
        asked.append(list(seeds))
        return pretraining(source, settings, seeds, together)

    def ends(stage, done, total):
        if stage == "pretraining on simulated-a, seed 1" and done:
            raise KeyboardInterrupt

    monkeypatch.setattr(starts, "pretraining", recorded)
    monkeypatch.setattr(units, "at_once", lambda seeds, devices: 1)
    folder = tmp_path / "work"
    with pytest.raises(KeyboardInterrupt):
        run_study(settings, folder, ends)
    assert asked == [[0], [1]]
    run_study(settings, folder, ignore)
    assert asked == [[0], [1], [1], [2]]
    assert not (folder / "units").exists()
    monkeypatch.setattr(units, "at_once", lambda seeds, devices: seeds)
    run_study(settings, tmp_path / "undisturbed", ignore)
    assert asked[4:] == [[0, 1, 2]]
    ours, theirs = (checkpoint.load(of / "pretrained") for of in (folder, tmp_path / "undisturbed"))
    np.testing.assert_equal(ours[0], theirs[0])
    assert ours[1]["pretext"] == theirs[1]["pretext"]
    assert (folder / ROWS).read_bytes() == (tmp_path / "undisturbed" / ROWS).read_bytes()
