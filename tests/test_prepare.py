"""Preparing sites: exact, idempotent, resumable after a kill, and what it says of damaged files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.files import sha256
from mtloc_jax.logs.jobs import Job, read_all
from mtloc_jax.logs.round import FrozenSpan, Round, Stream, WifiScans, no_wifi
from mtloc_jax.settings import Window
from mtloc_jax.simulate import building_a, simulate
from mtloc_jax.sites import formats, site_folder
from mtloc_jax.sites import prepare as prepare_module
from mtloc_jax.sites.prepare import prepare
from mtloc_jax.sites.recordings import cut, open_recordings
from mtloc_jax.sites.splits import PAPER, Split
from mtloc_jax.sites.walk_arrays import digest, from_arrays, to_arrays
from tests.conftest import ROOT
from tests.launched import launched

HEADERS = {
    "imu.csv": "t_ms,accel_x,accel_y,accel_z,gyro_x,gyro_y,gyro_z",
    "mag.csv": "t_ms,mag_x,mag_y,mag_z",
    "wifi.csv": "t_ms,bssid,rss_dbm,age_ms,mhz",
    "waypoints.csv": "t_ms,x_m,y_m",
}


def write_csv(folder, walk):
    """Write a walk in the plain CSV layout."""
    folder.mkdir(parents=True)
    imu = np.column_stack([walk.accel.t_ms, walk.accel.values, walk.gyro.values])
    mag = np.column_stack([walk.mag.t_ms, walk.mag.values])
    points = np.column_stack([walk.waypoint_t_ms, walk.waypoint_xy_m])
    heard = walk.wifi
    columns = (heard.scan, heard.bssid, heard.rss_dbm, heard.age_ms, heard.mhz)
    wifi = [
        (heard.t_ms[scan], bssid, f"{dbm:.1f}", age, mhz)
        for scan, bssid, dbm, age, mhz in zip(*columns, strict=True)
    ]
    tables = {"imu.csv": imu, "mag.csv": mag, "waypoints.csv": points, "wifi.csv": wifi}
    for name, rows in tables.items():
        lines = [",".join(map(str, [int(row[0]), *row[1:]])) for row in rows]
        text = "".join(f"{line}\n" for line in [HEADERS[name], *lines])
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Return a folder of six short rounds in the plain CSV layout."""
    folder = tmp_path_factory.mktemp("recordings")
    for walk in simulate(building_a(0), 0, n_rounds=6, round_s=6.0):
        write_csv(folder / walk.name, walk)
    return folder


@pytest.fixture
def damaged(source, tmp_path):
    """Return a copy of `source` whose third round has a cut line."""
    folder = tmp_path / "damaged"
    folder.mkdir()
    for path in source.iterdir():
        (folder / path.name).mkdir()
        for file in path.iterdir():
            (folder / path.name / file.name).write_bytes(file.read_bytes())
    mag = folder / "simulated-a-03" / "mag.csv"
    lines = mag.read_text().splitlines()
    mag.write_text("\n".join([*lines[:9], "17,4", *lines[10:]]) + "\n")
    return folder


def same(a, b):
    """Say whether two walks are equal in every field and array, dtypes too."""
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[name], b[name]) for name in a)
    if isinstance(a, Round | Stream | WifiScans):
        return same(vars(a), vars(b))
    return a == b


def with_channels(walk):
    """Return the walk with its entries on three channels in turn, the first of them unknown."""
    mhz = np.array([0, 2412, 5180], np.int32)[np.arange(len(walk.wifi.scan)) % 3]
    return replace(walk, wifi=replace(walk.wifi, mhz=mhz))


def without_channels(walk):
    return replace(walk, wifi=replace(walk.wifi, mhz=np.zeros(0, np.int32)))


def arrays_without_channels(walk):
    return {name: array for name, array in to_arrays(walk).items() if name != "wifi_mhz"}


def read_in(form, folder):
    return read_all(formats.jobs(form, folder))


def contents(folder):
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_walk_survives_being_arrays(source):
    walk = formats.jobs("csv", source)[0].read()
    marked = replace(
        walk,
        frozen=(FrozenSpan("mag", 1, 2), FrozenSpan("accel", 3, 4)),
        started_unix_ms=5,
        normalised=True,
        phone="OPPO PBCM10",
        session=3,
    )
    height = Stream(np.arange(3), np.array([[1.0], [2.0], [3.0]]))
    turned = Stream(np.arange(2), np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6]]))
    more = replace(walk, extra={"height": height, "orientation": turned})
    on_channels = with_channels(walk)
    for one in (walk, marked, replace(walk, wifi=no_wifi()), more, on_channels):
        assert same(from_arrays(to_arrays(one)), one)


def test_a_digest_is_of_what_was_recorded_and_not_of_where_it_lies(source, tmp_path):
    walks = read_in("csv", source)
    prepare("csv", source, tmp_path / "site", name="office")
    again = open_recordings(str(tmp_path / "site"), "")
    assert digest(walks) == digest(walks[::-1]) == again.digest
    one = walks[0]
    bent = Stream(one.mag.t_ms, np.nextafter(one.mag.values, np.inf))
    others = (
        replace(one, name="other"),
        replace(one, mag=bent),
        replace(one, frozen=(FrozenSpan("mag", 1, 2),)),
        replace(one, wifi=no_wifi()),
        replace(one, extra={"height": bent}),
        with_channels(one),
    )
    assert len({digest([other, *walks[1:]]) for other in (one, *others)}) == 7


def test_where_no_channel_is_known_there_is_no_array_of_them_to_digest(source):
    (one,) = read_in("csv", source)[:1]
    assert to_arrays(without_channels(one)).keys() == to_arrays(one).keys() - {"wifi_mhz"}
    assert same(from_arrays(to_arrays(without_channels(one))), without_channels(one))


def test_a_digest_is_the_same_on_every_machine(source):
    (one,) = read_in("csv", source)[:1]
    swapped = Stream(one.mag.t_ms.astype(">i8"), one.mag.values.astype(">f8"))
    assert digest([one]) == digest([replace(one, mag=swapped)])


def test_a_site_folder_holds_what_the_reader_reads(source, tmp_path):
    card = prepare("csv", source, tmp_path / "site", name="office")
    found = site_folder.load(tmp_path / "site")
    read = [replace(w, source=w.source.relative_to(source)) for w in read_in("csv", source)]
    assert all(same(a, b) for a, b in zip(found.walks, read, strict=True))
    assert (found.name, found.split, found.skipped) == (
        "office",
        Split((1, 2, 3), (4, 5), (6,)),
        (),
    )
    assert (card["rounds"], card["walks"]) == (6, 6)
    vocabulary = (tmp_path / "site" / "vocabulary.txt").read_text().splitlines()
    opened = open_recordings(str(tmp_path / "site"), "")
    assert tuple(vocabulary) == cut(opened, Window()).bssids


def test_every_input_is_named_with_its_digest(source, tmp_path):
    card = prepare("csv", source, tmp_path / "site", name="office")
    assert len(card["inputs"]) == 6 * 4
    path = source / "simulated-a-01" / "imu.csv"
    assert card["inputs"]["simulated-a-01/imu.csv"] == sha256(path)
    assert str(source) not in (tmp_path / "site" / "site.json").read_text()


def test_preparing_again_changes_nothing_and_reads_nothing(source, tmp_path, monkeypatch):
    prepare("csv", source, tmp_path / "site", name="office")
    before = contents(tmp_path / "site")
    monkeypatch.setattr(site_folder, "save_walks", None)  # nothing may be written again
    prepare("csv", source, tmp_path / "site", name="office")
    assert contents(tmp_path / "site") == before


def test_workers_make_the_same_bytes(source, tmp_path):
    prepare("csv", source, tmp_path / "one", name="office")
    prepare("csv", source, tmp_path / "two", name="office", workers=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_changed_input_is_read_again_and_a_removed_one_goes(damaged, source, tmp_path):
    prepare("csv", damaged, tmp_path / "site", name="office", keep_going=True)
    (damaged / "simulated-a-03" / "mag.csv").write_bytes(
        (source / "simulated-a-03" / "mag.csv").read_bytes()
    )
    repaired = prepare("csv", damaged, tmp_path / "site", name="office")
    assert repaired == prepare("csv", source, tmp_path / "other", name="office")
    for file in (damaged / "simulated-a-03").iterdir():
        file.unlink()
    left = prepare("csv", damaged, tmp_path / "site", name="office")
    assert left["walks"] == 5
    assert not (tmp_path / "site" / "rounds" / "simulated-a-03.npz").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_the_first_damaged_file_stops_with_its_line(damaged, tmp_path, workers):
    with pytest.raises(InputError, match=r"simulated-a-03/mag\.csv:10: "):
        prepare("csv", damaged, tmp_path / "site", name="office", workers=workers)
    assert not site_folder.is_site(tmp_path / "site")


def test_keep_going_leaves_damaged_files_out_and_says_so(damaged, tmp_path):
    told = []
    card = prepare(
        "csv",
        damaged,
        tmp_path / "site",
        name="office",
        keep_going=True,
        on_skipped=told.append,
    )
    assert [text.startswith(f"{damaged}/simulated-a-03/mag.csv:10: ") for text in told] == [True]
    (reason,) = card["skipped"]
    assert reason.startswith("simulated-a-03/mag.csv:10: ")
    assert card["walks"] == 5
    # The other rounds stay in the split they would be in.
    assert site_folder.load(tmp_path / "site").split == Split((1, 2), (4, 5), (6,))


def test_where_no_file_can_be_read_the_first_fault_is_told(source, tmp_path):
    bad = tmp_path / "bad"
    for name in ("a", "b", "c"):
        (bad / name).mkdir(parents=True)
        (bad / name / "imu.csv").write_text("nonsense\n")
    with pytest.raises(InputError, match=r"a/mag\.csv: no such file"):
        prepare("csv", bad, tmp_path / "site", name="bad", keep_going=True)


def test_a_kill_loses_nothing(source, tmp_path):
    whole = prepare("csv", source, tmp_path / "whole", name="site")
    command = [sys.executable, "-m", "launch.prepare", f"--input={source}", "--format=csv"]
    command += [f"--output={tmp_path / 'site'}", "--workers=2"]
    rounds = tmp_path / "site" / "rounds"
    killed = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
    deadline = time.monotonic() + 60
    while not list(rounds.glob("[!.]*.npz")) and time.monotonic() < deadline:
        time.sleep(0.002)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert not site_folder.is_site(tmp_path / "site")
    while _alive(killed.pid) and time.monotonic() < deadline:  # the workers end by themselves
        time.sleep(0.01)
    assert not _alive(killed.pid)
    (rounds / ".simulated-a-01.npz.99.part").write_bytes(b"cut")  # a kill in mid-write
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert whole["digest"][:16] in done.stdout
    said = "of 6 rounds, studies train on 3 (1-3), choose on 2 (4-5), test on 1 (6); dealt by"
    assert f"{said} --split=ratio" in done.stdout
    assert f"launch.card --site={tmp_path / 'site'}  (" in done.stdout
    assert contents(tmp_path / "site") == contents(tmp_path / "whole")


def _alive(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_flipped_bit_is_noticed_and_mended(source, tmp_path):
    card = prepare("csv", source, tmp_path / "site", name="office")
    path = tmp_path / "site" / "rounds" / "simulated-a-02.npz"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"simulated-a-02\.npz: is absent or was changed"):
        site_folder.load(tmp_path / "site")
    assert prepare("csv", source, tmp_path / "site", name="office") == card
    assert len(site_folder.load(tmp_path / "site").walks) == 6


def test_a_changed_card_is_noticed_and_mended(source, tmp_path):
    card = prepare("csv", source, tmp_path / "site", name="office")
    path = tmp_path / "site" / "site.json"
    path.write_text(path.read_text().replace('"office"', '"attic"'))
    with pytest.raises(InputError, match=r"site\.json: was changed; run launch\.prepare again"):
        site_folder.load(tmp_path / "site")
    assert prepare("csv", source, tmp_path / "site", name="office") == card


def test_a_folder_of_an_older_version_says_what_to_run_and_is_made_anew(
    source, tmp_path, monkeypatch
):
    with monkeypatch.context() as older:
        for module in (site_folder, prepare_module):
            older.setattr(module, "VERSION", 1)
        prepare("csv", source, tmp_path / "site", name="office")
    for path in (tmp_path / "site" / "rounds").iterdir():
        np.savez(path, **{n: a for n, a in np.load(path).items() if "/extra" not in n})
    with pytest.raises(InputError, match=r"version 1 of the readers, not 5; run launch\.prepare"):
        site_folder.load(tmp_path / "site")
    prepare("csv", source, tmp_path / "site", name="office")
    assert len(site_folder.load(tmp_path / "site").walks) == 6


def test_a_folder_from_before_channels_opens_with_none_known_and_is_read_again(
    source, tmp_path, monkeypatch
):
    with monkeypatch.context() as older:
        for module in (site_folder, prepare_module):
            older.setattr(module, "VERSION", 3)
        older.setattr(site_folder, "to_arrays", arrays_without_channels)
        prepare("csv", source, tmp_path / "site", name="office")
    before = site_folder.load(tmp_path / "site").walks
    assert not any(walk.wifi.mhz.any() for walk in before)
    prepare("csv", source, tmp_path / "site", name="office")
    now = site_folder.load(tmp_path / "site").walks
    read = [replace(w, source=w.source.relative_to(source)) for w in read_in("csv", source)]
    assert all(same(a, b) for a, b in zip(now, read, strict=True))
    assert all(walk.wifi.mhz.all() for walk in now)
    # What is digested is what was recorded: the same walks without channels are others.
    assert digest(before) != digest(now)
    assert digest(before) == digest([without_channels(walk) for walk in now])


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 0}'])
def test_a_folder_that_is_no_site_says_what_to_run(tmp_path, text):
    with pytest.raises(InputError, match=r"run launch\.prepare"):
        site_folder.load(tmp_path)
    (tmp_path / "site.json").write_text(text)
    with pytest.raises(InputError, match=r"run launch\.prepare"):
        site_folder.load(tmp_path)


def test_a_folder_of_other_things_is_not_written_to(source, tmp_path):
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match="holds something else than a site"):
        prepare("csv", source, tmp_path, name="office")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


@pytest.mark.parametrize(
    "theirs",
    [
        ("rounds/walk.txt",),
        ("rounds/walk/imu.csv",),
        ("rounds/walk.npz", "thesis.tex"),
        ("floor_image.png", "floor_info.json"),
        ("site.json",),
        ("site.json", "rounds/walk.npz"),
    ],
)
def test_a_folder_that_others_made_is_no_site_whatever_its_names(source, tmp_path, theirs):
    for name in theirs:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text('{"version": "theirs"}')
    before = contents(tmp_path)
    with pytest.raises(InputError, match="holds something else than a site"):
        prepare("csv", source, tmp_path, name="office")
    assert contents(tmp_path) == before


@pytest.mark.parametrize("card", [None, "", "{cut"])
def test_a_site_whose_card_was_not_written_or_is_damaged_is_finished(source, tmp_path, card):
    whole = prepare("csv", source, tmp_path / "site", name="office")
    path = tmp_path / "site" / "site.json"
    path.unlink() if card is None else path.write_text(card)
    (tmp_path / "site" / ".site.json.partial-elsewhere-1-1").write_text("cut")
    assert prepare("csv", source, tmp_path / "site", name="office") == whole


def test_what_was_put_among_a_sites_arrays_stays(source, tmp_path):
    rounds = tmp_path / "site" / "rounds"
    prepare("csv", source, tmp_path / "site", name="office")
    (rounds / "notes").mkdir()
    (rounds / "notes" / "walk.npz").write_text("precious")
    (rounds / "notes.txt").write_text("precious")
    (rounds / "gone.npz").write_text("of an input since removed")
    prepare("csv", source, tmp_path / "site", name="office")
    assert {"notes.txt", "walk.npz"} <= contents(rounds).keys()
    assert not (rounds / "gone.npz").exists()


def test_recordings_among_a_sites_arrays_are_not_read(source, tmp_path):
    rounds = tmp_path / "site" / "rounds"
    prepare("csv", source, tmp_path / "site", name="office")
    shutil.copytree(source, rounds / "more")
    before = contents(tmp_path)
    with pytest.raises(InputError, match=r"more: lies where the site's arrays go; give another"):
        prepare("csv", rounds / "more", tmp_path / "site", name="office")
    assert contents(tmp_path) == before


def test_a_plan_that_the_source_has_no_more_goes(source, tmp_path):
    plans = {"floor_image.png", "floor_info.json", "geojson_map.json"}
    drawn = shutil.copytree(source, tmp_path / "drawn")
    for name in plans:
        (drawn / name).write_text("a plan")
    prepare("csv", drawn, tmp_path / "site", name="office")
    assert plans <= contents(tmp_path / "site").keys()
    prepare("csv", source, tmp_path / "site", name="office")
    assert not plans & contents(tmp_path / "site").keys()


def test_a_name_that_is_not_utf8_is_told_before_anything_is_read(source, tmp_path):
    with pytest.raises(InputError, match=r"site: the name is not UTF-8; give another"):
        prepare("csv", source, tmp_path / "site", name=os.fsdecode(b"caf\xe9"))
    named = shutil.copytree(source, tmp_path / "named")
    (named / "simulated-a-03").rename(named / os.fsdecode(b"caf\xe9"))
    with pytest.raises(InputError, match=r"imu\.csv: the name is not UTF-8; give another"):
        prepare("csv", named, tmp_path / "site", name="office")
    assert not (tmp_path / "site").exists()


def test_a_worker_that_is_ended_is_told_with_what_to_do(tmp_path, monkeypatch):
    jobs = [Job(name, None, (), partial(os._exit, 1)) for name in ("a", "b")]
    monkeypatch.setitem(formats.FORMATS, "fatal", lambda folder: jobs)
    with pytest.raises(InputError, match=r"a worker was ended, .*; run it again with --workers=1"):
        prepare("fatal", tmp_path, tmp_path / "site", name="office", workers=2)


def test_an_unknown_format_is_answered_with_the_known_ones(source):
    with pytest.raises(InputError, match="choose one of csv, getsensordata, ipin2023, location20"):
        formats.jobs("excel", source)


@pytest.mark.parametrize("form", formats.FORMATS)
def test_an_empty_folder_is_an_error_in_every_format(form, tmp_path):
    with pytest.raises(InputError, match=r"check the folder|no such"):
        formats.jobs(form, tmp_path)


def test_two_rounds_are_too_few_to_split(source, tmp_path):
    few = tmp_path / "few"
    for walk in simulate(building_a(0), 0, n_rounds=2, round_s=6.0):
        write_csv(few / walk.name, walk)
    with pytest.raises(InputError, match="record three rounds at least"):
        prepare("csv", few, tmp_path / "site", name="few")


def test_the_command_ends_mistakes_in_one_line(damaged, tmp_path):
    command = ["launch.prepare", f"--input={damaged}", "--format=csv"]
    command += [f"--output={tmp_path / 'site'}", "--workers=1"]
    stopped = launched(*command)
    assert stopped.returncode == 2
    assert stopped.stderr.startswith("error: ")
    assert "mag.csv:10:" in stopped.stderr
    assert stopped.stderr.count("\n") == 1
    went_on = launched(*command, "--keep_going")
    assert went_on.returncode == 0
    assert "1 left out as damaged" in went_on.stderr
    flags = [f"--site={tmp_path / 'site'}", f"--output={tmp_path / 'card'}"]
    shown = launched("launch.card", *flags)
    assert "1 left out" in shown.stdout
    written = json.loads((tmp_path / "card" / "card.json").read_text())
    assert written["statistics"]["skipped_files"]["count"] == 1


def test_the_shared_sets_prepare_to_what_their_readers_read(data_dir, tmp_path):
    floor = data_dir / "indoor_location_20" / "site2" / "F1"
    for form, folder in (
        ("location20", floor),
        ("mmloc-bucharest", data_dir / "mmloc" / "bucharest"),
    ):
        prepare(form, folder, tmp_path / form, name=form)
        walks = [replace(w, source=w.source.relative_to(folder)) for w in read_in(form, folder)]
        found = site_folder.load(tmp_path / form)
        assert all(same(a, b) for a, b in zip(found.walks, walks, strict=True))
    assert site_folder.load(tmp_path / "location20").split == PAPER
    assert (tmp_path / "location20" / "floor_image.png").is_file()


@pytest.mark.parametrize(
    ("form", "folder", "rounds"),
    [
        ("mmloc-xml", "mmloc/edinburgh_raw/Smartisan", 2),
        ("mmloc-bucharest-dup", "mmloc/bucharest/dup", 32),
        ("scenario-b", "mmloc/scenario_b", 12),
    ],
)
def test_the_jobs_of_other_shared_sets_cover_every_round(data_dir, form, folder, rounds):
    found = formats.jobs(form, data_dir / folder)
    assert (len(found) if found[0].number else len(found[0].read())) == rounds
