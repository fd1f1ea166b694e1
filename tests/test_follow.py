"""A log located while it is written: bit for bit the rows of the log located whole."""

from dataclasses import replace
from functools import partial

import jax
import numpy as np
import pytest

from mtloc_jax.arms import ARMS
from mtloc_jax.errors import InputError
from mtloc_jax.experts.candidates import CANDIDATES
from mtloc_jax.experts.matcher import CANDIDATES_AT, FEATURES_OF
from mtloc_jax.experts.matcher_training import PROBLEM as MATCHER
from mtloc_jax.experts.pair_features import FEATURES
from mtloc_jax.locate import UNTRAINED
from mtloc_jax.logs import mmloc_csv
from mtloc_jax.logs.round import SENSORS, Stream
from mtloc_jax.motion.network import fresh as fresh_motion
from mtloc_jax.prediction import by_network
from mtloc_jax.prediction.by_network import ByNetwork
from mtloc_jax.prediction.by_survey import BySurvey
from mtloc_jax.prediction.command import follow as follow_command
from mtloc_jax.prediction.command import locate
from mtloc_jax.prediction.live import follow, located, rows_of
from mtloc_jax.prediction.locators import opened
from mtloc_jax.prediction.survey import Survey
from mtloc_jax.settings import Settings
from mtloc_jax.sites.formats import FORMATS
from mtloc_jax.sites.lone_logs import LONE, WINDOWS, found
from mtloc_jax.sites.site import build
from mtloc_jax.sites.splits import Split
from mtloc_jax.surgery.new_network import fresh as fresh_network
from tests import walks as made_up
from tests import written_logs
from tests.phone_walk import straight_walk


def heard_along(walk, every_ms, first_ms):
    """Return scans every so often: of each access point the level falls with the metres to it."""
    heard = []
    end_ms = int(walk.accel.t_ms[-1])
    for k, t_ms in enumerate(range(first_ms, end_ms, every_ms)):
        along_m = 11 * t_ms / end_ms
        for at_m, name in ((0.0, 1), (4.0, 2), (9.0, 3)):
            age_ms = 137 * ((k + name) % 4)
            level = round(-40 - 4 * abs(along_m - at_m))
            heard.append((t_ms, f"02:00:00:00:00:0{name}", float(level), age_ms))
    return made_up.scans(*heard)


def phone(seed, every_ms=1900, first_ms=700, seconds=9.0):
    rng = np.random.default_rng(seed)
    walk = straight_walk(seconds=seconds, turned_rad=0.1 * seed, waypoint_s=3.0)
    noisy = {
        name: replace(walk.stream(name), values=walk.stream(name).values + rng.normal(0, 0.02, 3))
        for name in ("accel", "gyro", "mag")
    }
    wifi = heard_along(walk, every_ms, first_ms)
    return replace(walk, name=f"walk{seed}", number=seed, wifi=wifi, **noisy)


SURVEY = Survey("toy", tuple(phone(seed) for seed in (1, 2, 3)))
LOG = phone(9, 1300, 1250)


FORMS = {
    "csv": (),
    "location20": (),
    "getsensordata": (),
    "mmloc-edinburgh": mmloc_csv.EDINBURGH,
    "mmloc-bucharest": mmloc_csv.BUCHAREST,
    "mmloc-bucharest-dup": mmloc_csv.BUCHAREST_DUP,
    "mmloc-xml": (),
}
"""Those that are read each in a way of its own."""
SAME = {"ipin2023": "getsensordata", "mmloc-edinburgh-raw": "mmloc-xml"}
WRITE = {
    "location20": written_logs.location20,
    "getsensordata": written_logs.getsensordata,
    "mmloc-xml": written_logs.mmloc_xml,
}
ARM_NAMES = ["cosine-held", "cosine-steps-filter", "matcher-network-filter"]


def stuck(walk, first_ms, last_ms):
    """Return a walk of sensors that are never quite still, but for the gyroscope for a while."""
    rng = np.random.default_rng(4)
    alive = {}
    for name in SENSORS:
        stream = walk.stream(name)
        values = stream.values + rng.normal(0, 0.01, stream.values.shape)
        if name == "gyro":
            values[(stream.t_ms >= first_ms) & (stream.t_ms < last_ms)] = 0.125
        alive[name] = replace(stream, values=values)
    return replace(walk, **alive)


def survey_as(form):
    """Return the survey with its access points named as a format names them."""
    if not FORMS[form]:
        return SURVEY
    layout = FORMS[form]
    digits = len(str(len(layout.access_points)))

    def renamed(walk):
        names = [f"{layout.site}:ap{int(name[-1]):0{digits}d}" for name in walk.wifi.bssid]
        return replace(walk, wifi=replace(walk.wifi, bssid=np.array(names)))

    return replace(SURVEY, walks=tuple(map(renamed, SURVEY.walks)))


def locator_of(arm, survey=SURVEY):
    networks = {"motion": fresh_motion(0)} if "network" in arm else {}
    if "matcher" in arm or "chosen" in arm:
        shapes = {FEATURES_OF: (1, CANDIDATES, len(FEATURES)), CANDIDATES_AT: (1, CANDIDATES, 3)}
        nothing = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
        networks["matcher"] = MATCHER.network.init(jax.random.key(0), nothing)["params"]
    return BySurvey(survey, ARMS[arm].locate, **networks)


def network(survey=SURVEY):
    settings = Settings(hidden=4)
    walks = [replace(walk, number=n) for n, walk in enumerate(survey.walks, start=1)]
    site = build("toy", walks, Split((1,), (2,), (3,)), settings.window)
    return ByNetwork(replace(fresh_network(site, settings, 0), place="toy"))


def written(form, folder):
    """Write LOG in a format; return its path, and each of its files with its bytes."""
    if form == "csv":
        path = written_logs.write_csv(folder / "log", LOG, truth=False)
        return path, {file: file.read_bytes() for file in path.iterdir()}
    if FORMS[form]:
        path = folder / FORMS[form].file_name.partition("(")[0]
        path = path.with_name(f"{path.name}7{'_timestep100' * ('_1_' in path.name)}.csv")
        text = written_logs.mmloc_csv(stuck(LOG, 3000, 6000), FORMS[form])
    else:
        path = folder / ("log.xml" if form == "mmloc-xml" else "log.txt")
        text = WRITE[form](LOG)
    path.write_text(text, encoding="utf-8")
    return path, {path: path.read_bytes()}


class Writer:
    """Write a log piece by piece, cut anywhere, whenever its reader waits."""

    def __init__(self, files, pieces=7):
        """Begin with nothing there; wifi.csv is written before sensors of later times."""
        self.files, self.pieces, self.k, self.now_s = files, pieces, 0, 0.0
        for path in files:
            path.unlink()

    def sleep(self, seconds):
        self.now_s += seconds
        if self.k >= self.pieces:
            return
        self.k += 1
        for path, data in self.files.items():
            ahead = self.pieces if path.name == "wifi.csv" else self.k
            path.write_bytes(data[: len(data) * ahead // self.pieces])

    def clock(self):
        return self.now_s


def followed(form, folder, locator, **how):
    path, files = written(form, folder)
    writer = Writer(files)
    times = {"sleep": writer.sleep, "clock": writer.clock, "idle_s": 2.0}
    updates = list(follow(locator, LONE[form], path, "log", **times | how))
    whole = located(locator, LONE[form].read(path, "log", None, False))
    return updates, whole


def assert_same(updates, whole):
    said = rows_of(updates)
    assert len([u for u in updates if len(u.said.t_ms)]) > 3
    for name, live, batch in zip(said._fields, said, whole, strict=True):
        np.testing.assert_array_equal(live, batch, err_msg=name)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("arm", ARM_NAMES)
def test_a_growing_log_gives_the_rows_of_the_whole_one(tmp_path, form, arm):
    updates, whole = followed(form, tmp_path, locator_of(arm, survey_as(form)))
    assert_same(updates, whole)
    assert any(arm.partition("-")[0] in spoke for spoke in whole.spoke)


@pytest.mark.parametrize("expert", UNTRAINED)
def test_every_expert_that_needs_no_training_places_scans_as_they_come(tmp_path, expert):
    updates, whole = followed("csv", tmp_path, locator_of(f"{expert}-steps-filter"))
    assert_same(updates, whole)
    told = {word for spoke in whole.spoke for word in spoke.split("+")} - {"", "steps"}
    assert len(told) == 1
    assert told < set(UNTRAINED)
    assert told == {expert} or expert == "chosen"


@pytest.mark.parametrize("form", FORMS)
def test_a_network_follows_a_log_window_by_window(tmp_path, form):
    updates, whole = followed(form, tmp_path, network(survey_as(form)))
    assert_same(updates, whole)
    assert np.isnan(whole.radius_m).all()
    assert {"imu+mag", "imu+mag+wifi"} == set(whole.spoke)


@pytest.mark.parametrize("form", FORMATS)
def test_every_format_is_followed_or_says_why_not(tmp_path, form):
    if form in WINDOWS:
        with pytest.raises(InputError, match="scaled by the extremes of their whole round"):
            found(form, tmp_path)
    else:
        assert LONE[form] is LONE[SAME.get(form, form)]
        assert SAME.get(form, form) in FORMS


def test_the_last_look_is_at_the_whole_log_and_no_row_is_behind_it(tmp_path):
    updates, whole = followed("location20", tmp_path, locator_of("cosine-steps-filter"))
    assert [u.ended for u in updates] == [False] * (len(updates) - 1) + [True]
    assert all(0 <= u.behind_s < 0.3 for u in updates[:-1] if len(u.said.t_ms))
    assert whole.t_ms[-1] - LOG.accel.t_ms[-1] - 1_574_572_311_900 <= 100


def test_a_scan_that_is_written_late_is_an_error_that_names_the_lag(tmp_path):
    path, files = written("csv", tmp_path)
    files = {**{p: d for p, d in files.items() if p.name != "wifi.csv"}}
    wifi = path / "wifi.csv"
    rows = wifi.read_text().splitlines(keepends=True)
    wifi.write_text(rows[0])
    writer = Writer(files)

    def sleep(seconds):
        writer.sleep(seconds)
        if writer.k == 5:
            wifi.write_text("".join(rows))

    times = {"sleep": sleep, "clock": writer.clock, "idle_s": 2.0}
    with pytest.raises(InputError, match=r"scan\(s\) came after the track had gone on.*--lag_ms"):
        list(follow(locator_of("cosine-held"), LONE["csv"], path, "log", **times))


def test_what_hangs_on_later_readings_cannot_be_followed(tmp_path):
    path, _ = written("csv", tmp_path)
    with pytest.raises(InputError, match="a smoother hangs on what comes later"):
        list(follow(locator_of("cosine-steps-smoother"), LONE["csv"], path, "log"))
    packed = tmp_path / "log.txt.gz"
    with pytest.raises(InputError, match="a packed log is no longer written"):
        list(follow(locator_of("cosine-held"), LONE["location20"], packed, "log"))


def test_the_command_writes_the_same_files_whether_it_follows_or_not(tmp_path):
    for walk in SURVEY.walks:
        written_logs.write_csv(tmp_path / "survey" / walk.name, walk)
    path, _ = written("csv", tmp_path)
    said = []
    ready = opened(str(tmp_path / "survey"), None, survey_form="csv")
    locate(ready, path, "csv", tmp_path / "whole", said.append)
    follow_command(ready, path, "csv", tmp_path / "live", said.append, idle_s=0.5)
    assert any("s behind" in line for line in said)
    assert not any("magnetic" in line for line in said)
    assert max(len(line) for line in said if str(tmp_path) not in line) <= 80
    for name in ("log.csv", "log.png"):
        whole, live = ((tmp_path / folder / name).read_bytes() for folder in ("whole", "live"))
        assert whole == live


@pytest.mark.parametrize("form", ["csv", "location20", "getsensordata", "mmloc-xml"])
def test_a_log_without_waypoints_reads_in_every_format_of_phones(tmp_path, form):
    path, _ = written(form, tmp_path)
    assert found(form, tmp_path) == found(form, path) == {path.name.partition(".")[0]: path}
    walk = LONE[form].read(path, "log", None, False)
    assert len(walk.waypoint_t_ms) == 0
    np.testing.assert_array_equal(walk.accel.values, LOG.accel.values)
    np.testing.assert_array_equal(np.diff(walk.accel.t_ms), np.diff(LOG.accel.t_ms))
    assert walk.wifi.rss_dbm.tolist() == LOG.wifi.rss_dbm.tolist()


def test_a_sensor_that_is_stuck_is_silent_once_a_second_of_it_is_there(tmp_path):
    path, _ = written("mmloc-edinburgh", tmp_path)
    walk = LONE["mmloc-edinburgh"].read(path, "7", None, False)
    (span,) = walk.frozen
    assert (span.sensor, span.start_ms, span.end_ms) == ("gyro", 4000, 5900)  # of 3.0 to 5.9 s
    said = located(locator_of("cosine-steps-filter"), walk)
    moved = np.array(["steps" in spoke for spoke in said.spoke])
    assert said.t_ms[~moved].tolist() == list(range(4000, 6000, 100))


@pytest.mark.parametrize("form", FORMS)
def test_a_log_that_is_read_from_its_first_line_on_gives_the_same_rows(tmp_path, form):
    """At first there is less than a tick of it, and less than what our attitude begins with."""
    path, files = written(form, tmp_path)
    writer = Writer(files, pieces=60)
    times = {"sleep": writer.sleep, "clock": writer.clock, "idle_s": 2.0}
    looks, locator = [], locator_of("cosine-steps-filter", survey_as(form))
    for update in follow(locator, LONE[form], path, "log", **times):
        looks.append(update)
        if len(looks) == 20:
            writer.k, writer.pieces = 0, 1  # the rest at once
    whole = located(locator, LONE[form].read(path, "log", None, False))
    assert_same(looks, whole)


def test_a_network_waits_for_the_sensor_that_begins_last(tmp_path):
    """A scan comes at 0 ms and the sensors at 1,500; at the first look they have told 300 ms."""
    log = made_up.later(LOG, 1500)
    log = replace(log, wifi=replace(log.wifi, t_ms=np.array([0, *log.wifi.t_ms[1:]])))
    path = written_logs.write_csv(tmp_path / "log", log, truth=False)
    files = {file: file.read_bytes() for file in path.iterdir()}
    writer = Writer(files, pieces=30)
    times = {"sleep": writer.sleep, "clock": writer.clock, "idle_s": 2.0}
    updates = list(follow(network(), LONE["csv"], path, "log", **times))
    assert updates[0].log.accel.t_ms[-1] < 1900
    assert_same(updates, located(network(), LONE["csv"].read(path, "log", None, False)))


def test_a_network_reads_at_each_look_the_new_windows_alone(tmp_path, monkeypatch):
    n_read, real = [], by_network.OneLog._read

    def read(*of):
        found = real(*of)
        n_read.append({len(x) for x in found.values()})
        return found

    monkeypatch.setattr(by_network.OneLog, "_read", read)
    updates, _ = followed("csv", tmp_path, network())
    told = [len(update.said.t_ms) for update in updates if len(update.said.t_ms)]
    assert n_read[: len(told)] == [{n} for n in told]  # and then the whole log's


@pytest.mark.parametrize("arm", ["cosine-steps-filter", "matcher-network-filter"])
def test_a_growing_log_without_a_magnetic_north_is_located_without_motion(
    tmp_path, monkeypatch, arm
):
    too_strong = replace(LOG.mag, values=10 * LOG.mag.values)
    monkeypatch.setitem(globals(), "LOG", replace(LOG, mag=too_strong))
    updates, whole = followed("csv", tmp_path, locator_of(arm))
    assert_same(updates, whole)
    assert {word for spoke in whole.spoke for word in spoke.split("+")} == {"", arm.split("-")[0]}
    note = "no usable magnetic field: located without motion"
    assert {update.note for update in updates if len(update.said.t_ms)} == {note}


def test_the_command_says_in_one_line_that_a_log_has_no_magnetic_north(tmp_path, monkeypatch):
    for walk in SURVEY.walks:
        written_logs.write_csv(tmp_path / "survey" / walk.name, walk)
    monkeypatch.setitem(
        globals(), "LOG", replace(LOG, mag=replace(LOG.mag, values=0 * LOG.gyro.values))
    )
    path, _ = written("csv", tmp_path)
    ready = opened(str(tmp_path / "survey"), None, survey_form="csv", arm="cosine-steps-filter")
    for by, how in ((locate, {}), (follow_command, {"idle_s": 0.5})):
        said = []
        by(ready, path, "csv", tmp_path / "out", said.append, **how)
        assert said.count("no usable magnetic field: located without motion") == 1


def written_till(folder, last_ms):
    """Write a log of 30 s whose magnetometer falls silent; return its path and a writer of it."""
    log = phone(9, seconds=30.0)
    kept = log.mag.t_ms <= last_ms
    log = replace(log, mag=Stream(log.mag.t_ms[kept], log.mag.values[kept]))
    path = written_logs.write_csv(folder / "log", log, truth=False)
    files = {file: file.read_bytes() for file in path.iterdir() if file.name != "mag.csv"}
    return path, Writer(files, pieces=30)


def test_what_reads_no_sensor_waits_for_no_magnetometer_that_stopped(tmp_path):
    path, writer = written_till(tmp_path, 3000)
    times = {"sleep": writer.sleep, "clock": writer.clock, "idle_s": 2.0}
    updates = list(follow(locator_of("cosine-held"), LONE["csv"], path, "log", **times))
    assert sum(len(u.said.t_ms) for u in updates if not u.ended) > 290
    assert not any(u.held_up for u in updates)
    whole = LONE["csv"].read(path, "log", None, False)
    assert_same(updates, located(locator_of("cosine-held"), whole))


def test_a_sensor_that_holds_rows_up_is_named_in_one_line(tmp_path, monkeypatch):
    for walk in SURVEY.walks:
        written_logs.write_csv(tmp_path / "survey" / walk.name, walk)
    path, writer = written_till(tmp_path, 3000)
    times = {"sleep": writer.sleep, "clock": writer.clock, "idle_s": 2.0}
    in_time = partial(follow, **times)
    monkeypatch.setattr(
        "mtloc_jax.prediction.live.follow", lambda *of, idle_s, **how: in_time(*of, **how)
    )
    ready = opened(str(tmp_path / "survey"), None, survey_form="csv", arm="cosine-steps-filter")
    said = []
    follow_command(ready, path, "csv", tmp_path / "out", said.append)
    named = [line for line in said if line.startswith("mag is more than 10 s behind: rows wait")]
    assert len(named) == 1
    whole = located(locator_of("cosine-steps-filter"), LONE["csv"].read(path, "log", None, False))
    rows = (tmp_path / "out" / "log.csv").read_text().splitlines()
    assert len(rows) == 1 + len(whole.t_ms)
