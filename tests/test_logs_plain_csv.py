"""The plain CSV layout: a hand-worked round, each kind of damage, and how rounds are numbered."""

import pytest

from mtloc_jax.errors import InputError
from mtloc_jax.logs.jobs import read_all
from mtloc_jax.logs.plain_csv import HEADERS, WITH_MHZ, jobs

FILES = {
    "imu.csv": "0,1,2,3,4,5,6\n10,1.5,2.5,3.5,4.5,5.5,6.5\n",
    "mag.csv": "0,7,8,9\n",
    "wifi.csv": "5,aa:bb,-60,0\n5,cc:dd,-70.5,1200\n9,aa:bb,-61,0\n",
    "waypoints.csv": "0,1.5,2.5\n\n1000,3.5,4.5\n",
}


def read(folder):
    return read_all(jobs(folder))


def write(folder, name="walk1", **replaced):
    (folder / name).mkdir()
    for file, rows in FILES.items():
        header = HEADERS[file] + "\n"
        text = replaced.get(file.removesuffix(".csv"), header + rows)
        (folder / name / file).write_text(text, encoding="utf-8")


def test_a_round_reads_as_worked_out_by_hand(tmp_path):
    write(tmp_path)
    (walk,) = read(tmp_path)
    assert (walk.name, walk.number) == ("walk1", 1)
    assert walk.accel.t_ms.tolist() == walk.gyro.t_ms.tolist() == [0, 10]
    assert walk.accel.values.tolist() == [[1, 2, 3], [1.5, 2.5, 3.5]]
    assert walk.gyro.values.tolist() == [[4, 5, 6], [4.5, 5.5, 6.5]]
    assert walk.mag.values.tolist() == [[7, 8, 9]]
    assert walk.wifi.t_ms.tolist() == [5, 9]
    assert walk.wifi.scan.tolist() == [0, 0, 1]
    assert walk.wifi.bssid.tolist() == ["aa:bb", "cc:dd", "aa:bb"]
    assert walk.wifi.rss_dbm.tolist() == [-60, -70.5, -61]
    assert walk.wifi.age_ms.tolist() == [0, 1200, 0]
    assert walk.wifi.mhz.tolist() == [0, 0, 0]
    assert walk.waypoint_t_ms.tolist() == [0, 1000]
    assert walk.waypoint_xy_m.tolist() == [[1.5, 2.5], [3.5, 4.5]]


def test_a_further_column_tells_the_channels(tmp_path):
    write(tmp_path, wifi=f"{WITH_MHZ}\n5,aa:bb,-60,0,2412\n5,cc:dd,-70.5,1200,0\n")
    (walk,) = read(tmp_path)
    assert walk.wifi.mhz.tolist() == [2412, 0]
    assert walk.wifi.age_ms.tolist() == [0, 1200]


def test_a_header_alone_means_no_wifi(tmp_path):
    write(tmp_path, wifi="t_ms,bssid,rss_dbm,age_ms\n")
    (walk,) = read(tmp_path)
    assert len(walk.wifi.t_ms) == 0


def test_folders_are_rounds_in_the_order_of_their_numbers(tmp_path):
    for name in ("walk10", "walk9"):
        write(tmp_path, name)
    assert [walk.name for walk in read(tmp_path)] == ["walk9", "walk10"]


def test_a_table_may_group_folders_into_rounds(tmp_path):
    for name in ("a", "b", "c"):
        write(tmp_path, name)
    (tmp_path / "rounds.csv").write_text("trace_id,round\nc,1\na,1\nb,2\n", encoding="utf-8")
    walks = read(tmp_path)
    assert [(walk.name, walk.number) for walk in walks] == [("c", 1), ("a", 1), ("b", 2)]


WIFI, IMU = (HEADERS[file] + "\n" for file in ("wifi.csv", "imu.csv"))


@pytest.mark.parametrize(
    ("file", "text", "line", "says"),
    [
        ("imu", "", None, "empty"),
        ("imu", IMU, None, "no accel reading"),
        ("imu", IMU + "0,1,2,3,4,5\n", 2, "6 fields instead of 7"),
        ("imu", IMU + "0,1,2,3,4,5,6\n9,1,2,3,4,5,6", 3, "last line is cut"),
        ("imu", IMU + "0,1,2,3,4,5,x\n", 2, "'x' is not a number"),
        ("imu", IMU + "0,1,2,3,4,5,inf\n", 2, "not finite"),
        ("imu", IMU + "0.5,1,2,3,4,5,6\n", 2, "no whole number of ms"),
        ("imu", IMU + "5,1,2,3,4,5,6\n4,1,2,3,4,5,6\n", 3, "does not increase"),
        ("imu", IMU.replace("accel", "acc"), 1, "the header is not"),
        ("wifi", WIFI + "5,,-60,0\n", 2, "address is missing or unfit"),
        ("wifi", WIFI + "5,aa:bb,-60,0\n5,aa:bb\0,-60,0\n", 3, "address is missing or unfit"),
        ("wifi", WIFI + "5,a,-600,0\n", 2, "a level outside"),
        ("wifi", WIFI + "5,a,-60\n", 2, "3 fields instead of 4"),
        ("wifi", WIFI + "5,a,-60,0,2412\n", 2, "5 fields instead of 4"),
        ("wifi", WITH_MHZ + "\n5,a,-60,0\n", 2, "4 fields instead of 5"),
        ("wifi", WITH_MHZ + "\n5,a,-60,0,1\n", 2, "a channel that is neither 0 nor"),
        ("waypoints", "t_ms,x_m,y_m\n0,1,2\n0,1,2\n", 3, "does not increase"),
        ("waypoints", "t_ms,x_m,y_m\n0,1,2\n", None, "1 waypoint"),
    ],
)
def test_damage_is_named_with_its_line(tmp_path, file, text, line, says):
    write(tmp_path, **{file: text})
    with pytest.raises(InputError, match=says) as error:
        read(tmp_path)
    assert error.value.line == line
    assert error.value.path.parent == tmp_path / "walk1"


def test_a_folder_without_rounds_is_named(tmp_path):
    with pytest.raises(InputError, match="one folder a round"):
        read(tmp_path)
    write(tmp_path)
    (tmp_path / "walk1" / "mag.csv").unlink()
    with pytest.raises(InputError, match=r"mag.csv: no such file"):
        read(tmp_path)


@pytest.mark.parametrize("lost", sorted(HEADERS))
def test_a_round_without_one_of_its_files_is_named_and_others_keep_their_numbers(tmp_path, lost):
    for name in ("walk1", "walk2"):
        write(tmp_path, name)
    (tmp_path / "walk1" / lost).unlink()
    (tmp_path / "notes").mkdir()  # of somebody: no round
    assert [(job.name, job.number) for job in jobs(tmp_path)] == [("walk1", 1), ("walk2", 2)]
    lacks = "0 waypoint" if lost == "waypoints.csv" else "no such file"
    with pytest.raises(InputError, match=f"walk1/{lost}: {lacks}"):
        read(tmp_path)
