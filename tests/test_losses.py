"""What befalls WiFi scans in life, worked out on toy walks."""

from dataclasses import replace

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.rows import LOSS, ROWS, of_losses, read, select, wiped_at_random
from mtloc_jax.settings import Settings, Window, replaced
from mtloc_jax.sites.losses import LOSSES, Scans, befallen, scans_of, thinned, until_half
from mtloc_jax.sites.site import build
from mtloc_jax.sites.splits import Split
from mtloc_jax.study import equipment
from mtloc_jax.study.study import run_study
from tests.studies import ignore, tiny
from tests.test_site import same
from tests.walks import scans, walk


def toy(row, walks=1, every_ms=2000):
    """Return the windows of equal walks, one every 2 s; each scan is taken as a window ends."""
    t_ms = np.arange(len(row)) * every_ms
    first = np.array([row.index(one) for one in row])
    held = np.array([one + number * len(row) for number in range(walks) for one in row])
    return Scans(
        walk=np.repeat(np.arange(walks), len(row)),
        t_ms=np.tile(t_ms, walks),
        row=np.where(np.tile(row, walks) > 0, held, 0),
        scan_ms=np.tile(first * every_ms, walks),
    )


ELEVEN = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]  # at 0, 2, .. 20 s


def test_one_scan_in_10_s_is_held_for_4_s_and_then_nothing_is_heard():
    left = thinned(10_000, 4_000)(toy(ELEVEN))
    assert left.tolist() == [1, 1, 1, 0, 0, 6, 6, 6, 0, 0, 11]


def test_a_scan_that_is_held_until_the_next_one_grows_stale():
    left = thinned(10_000, 10_000)(toy(ELEVEN))
    assert left.tolist() == [1, 1, 1, 1, 1, 6, 6, 6, 6, 6, 11]


def test_each_walk_keeps_its_first_scan_whenever_that_is_heard():
    left = thinned(6_000, 2_000)(toy([0, 0, 3, 4, 5, 6], walks=2))
    assert left.tolist() == [0, 0, 3, 3, 0, 6, 0, 0, 9, 9, 0, 12]


def test_a_scan_that_comes_too_early_is_not_the_one_the_next_is_counted_from():
    # 3 s after the one kept, then 6 s: the second is kept, though 3 s after one that was not.
    left = thinned(5_000, 1_000)(toy([1, 2, 3], every_ms=3000))
    assert left.tolist() == [1, 0, 3]


def test_scans_that_come_seldom_enough_are_all_kept_and_held_as_before():
    every = toy(ELEVEN)
    assert np.array_equal(thinned(2_000, 0)(every), every.row)
    assert thinned(2_000, 0)(toy([0, 0, 0])).tolist() == [0, 0, 0]


def test_wifi_is_lost_from_the_middle_of_each_walks_time_on():
    left = until_half(toy([1, 2, 3, 4, 5], walks=2))  # 8 s long: the window at 4 s is in the middle
    assert left.tolist() == [1, 2, 0, 0, 0, 6, 7, 0, 0, 0]


def test_no_walk_loses_nothing():
    none = Scans(*(np.zeros(0, np.int64) for _ in Scans._fields))
    assert all(len(loss.left(none)) == 0 for loss in LOSSES.values())


def test_a_loss_is_named_after_its_modality_and_is_no_modality():
    for name, loss in LOSSES.items():
        assert name == loss.name
        assert name.split(LOSS)[0] == loss.modality
        assert loss.label.startswith(f"{MODALITIES[loss.modality].label}: ")
    assert not any(LOSS in name for name in MODALITIES)


@pytest.fixture(scope="module")
def site():
    heard = scans(*((t_ms, "ap", -50, 0) for t_ms in range(0, 36_000, 3000)))
    walks = [walk(n, 36_000, name=f"walk-{n}", wifi=heard) for n in range(1, 5)]
    return build("thin", walks, Split((1, 2), (3,), (4,)), Window())


def test_a_site_knows_when_each_scan_was_taken(site):
    seen = scans_of(site)
    # The first window ends after 900 ms: the scan of 3000 ms is taken 2100 ms later.
    at = np.flatnonzero((seen.walk == 1) & (seen.t_ms == 2500))[0]
    assert (seen.scan_ms[at], seen.row[at]) == (2100, 1 + 12 + 1)
    assert [seen.t_ms[seen.walk == number][0] for number in range(4)] == [0, 0, 0, 0]


def test_what_befalls_a_site_changes_its_scans_alone(site):
    lost = befallen(site, "wifi: a scan in 30 s, held 4 s")
    test = site.rows("test")
    assert same(replace(lost, scan=site.scan).arrays(test), site.arrays(test))
    heard = lost.scan[test] > 0
    # 900 ms to 4000 ms and 30,000 to 34,000 ms after the first scan, in windows of 100 ms.
    assert heard.sum() == 32 + 41
    assert np.all(site.scan > 0)


def test_an_unknown_loss_is_refused_with_the_nearest(site):
    with pytest.raises(InputError, match=r"no loss 'wifi: a scan in 31 s'.*'wifi: a scan in 30 s'"):
        befallen(site, "wifi: a scan in 31 s")
    with pytest.raises(InputError, match=r"wipe\.losses is 'rain'"):
        replaced(Settings(), {"wipe.losses": ("rain",)})


@pytest.fixture(scope="module")
def judges():
    """Return a list that `lossy` fills: what judges whole walks, and how often it was compiled."""
    return []


@pytest.fixture(scope="module")
def lossy(tmp_path_factory, judges):
    class Counted(equipment.Judge):
        def __init__(self, *told):
            super().__init__(*told)
            judges.append((self._clean, self._clean._cache_size()))

    folder = tmp_path_factory.mktemp("lossy") / "work"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(equipment, "Judge", Counted)
        run_study(tiny(wipe__losses=tuple(LOSSES), arms=("scratch",)), folder, ignore)
    return read(folder / ROWS)


@pytest.mark.slow
def test_losses_add_rows_and_change_none(tmp_path):
    run_study(tiny(wipe__losses=tuple(LOSSES)), tmp_path / "lossy", ignore)
    run_study(tiny(), tmp_path / "plain", ignore)
    lossy, plain = (read(tmp_path / name / ROWS) for name in ("lossy", "plain"))
    other = ~np.isin(lossy["modality"], list(LOSSES))
    assert all(np.array_equal(plain[name], lossy[name][other]) for name in plain)
    assert set(of_losses(lossy)["modality"]) == set(LOSSES)
    assert set(of_losses(lossy)["drop_rate"]) == {1.0}
    assert len(of_losses(lossy)["seed"]) == 3 * len(LOSSES)
    assert set(wiped_at_random(lossy)["modality"]) == {"imu", "mag", "wifi"}


@pytest.mark.slow
def test_a_network_feels_that_the_second_half_is_lost(lossy):
    rows = select(lossy, split="test", arm="scratch")
    half = select(rows, modality="wifi: second half of each walk lost")["mean_m"]
    clean = select(rows, modality="none")["mean_m"]
    assert half != clean


@pytest.mark.slow
def test_losses_are_judged_by_the_program_that_judges_what_is_whole(lossy, judges):
    ((judge, before),) = judges
    # Validation and test differ in their windows; what was compiled before is used again.
    assert judge._cache_size() <= before + 2
