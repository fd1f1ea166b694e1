"""A study goes on with its own parts alone: nothing of another one, of other data or other code."""

import json
import shutil

import pytest

from mtloc_jax import files
from mtloc_jax.errors import InputError
from mtloc_jax.rows import ROWS
from mtloc_jax.sites.recordings import Recordings
from mtloc_jax.study import workdir
from mtloc_jax.study.study import Study, run_study
from mtloc_jax.surgery import checkpoint
from tests.studies import ignore, tiny


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one") / "work"
    run_study(tiny(), folder, ignore)
    return folder


@pytest.fixture(scope="module")
def another(tmp_path_factory):
    """Return a study that differs in how long it pretrained, and in nothing that a site shows."""
    folder = tmp_path_factory.mktemp("another") / "work"
    run_study(tiny(pretrain_epochs=2, arms=("scratch", "transferred")), folder, ignore)
    return folder


@pytest.fixture
def begun(finished, tmp_path):
    """Return a copy of the study of which the grafted networks' chunk is still to be done."""
    folder = tmp_path / "work"
    shutil.copytree(finished, folder)
    transferred = [
        chunk
        for chunk in (folder / "chunks").iterdir()
        if checkpoint.read_card(chunk / "checkpoint")["runs"][0]["arm"] == "transferred"
    ]
    (chunk,) = transferred
    shutil.rmtree(chunk)
    return folder


def given(folder, source, name):
    """Put a part of another study in the place of this one's."""
    shutil.rmtree(folder / name, ignore_errors=True)
    shutil.copytree(source / name, folder / name)


def held(folder):
    """Return all that a study's folder holds, by path."""
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(folder, match, settings=None):
    """Refuse to go on, in one line, and leave all there is as it was."""
    before = held(folder)
    with pytest.raises(InputError, match=match) as caught:
        run_study(settings or tiny(), folder, ignore)
    assert "\n" not in str(caught.value)
    assert held(folder) == before
    return caught.value


def record(folder):
    return json.loads((folder / "config.json").read_text())


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"learning_rate": 0.004}, r"\(learning_rate differ\)"),
        ({"wipe__fill": "mean", "epochs": 2}, r"\(epochs, wipe differ\)"),
        ({"study": "another"}, r"\(study differ\)"),
    ],
)
def test_another_setting_is_refused_by_its_name(finished, changes, named):
    refused(
        finished,
        rf"config\.json: this folder holds another study's rows {named}; ",
        tiny(**changes),
    )


def test_where_things_lie_on_this_machine_is_no_other_study(begun, finished):
    run_study(tiny(data_dir="elsewhere", networks="nowhere"), begun, ignore)
    assert (begun / ROWS).read_bytes() == (finished / ROWS).read_bytes()


def test_a_study_goes_on_by_code_that_has_settings_more(finished, tmp_path, monkeypatch):
    now = workdir.asked

    def before(settings):
        found = now(settings)
        del found["schedule"], found["problem"], found["window"]["warm_up_ms"]
        return found

    with monkeypatch.context() as older:
        older.setattr(workdir, "asked", before)
        run_study(tiny(), tmp_path / "work", ignore)
    shutil.rmtree(tmp_path / "work" / "chunks" / "0000")
    run_study(tiny(), tmp_path / "work", ignore)
    assert (tmp_path / "work" / ROWS).read_bytes() == (finished / ROWS).read_bytes()
    refused(
        tmp_path / "work",
        "schedule, window differ",
        tiny(schedule="cosine", window__warm_up_ms=1000),
    )


@pytest.mark.parametrize("role", ["source", "target"])
def test_recordings_that_are_others_are_refused(finished, role, monkeypatch):
    name = {"source": "simulated-a", "target": "simulated-b"}[role]
    told = Recordings.digest.fget
    monkeypatch.setattr(
        Recordings,
        "digest",
        property(lambda self: "0" * 64 if self.name == name else told(self)),
    )
    refused(finished, f"the recordings of the {role} are not what this study was begun with; res")


def code_of(monkeypatch, revision=None, **versions):
    """Let the code, or a package, be another one."""
    now = files.versions() | versions
    monkeypatch.setattr(files, "versions", lambda: now)
    if revision is not None:
        monkeypatch.setattr(files, "revision", lambda apart_from=None: revision)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"revision": "0123456789ab"}, r"made by revision \S+, now it is revision 0123456789ab; "),
        ({"jax": "99.0"}, r"revision (\S+), jax [\d.]+, now it is revision \1, jax 99\.0; "),
    ],
)
def test_other_code_or_packages_are_told_with_what_to_add(finished, change, said, monkeypatch):
    was = record(finished)
    code_of(monkeypatch, **change)
    error = refused(finished, said)
    assert f"made by revision {was['git_revision']}, " in error.problem
    assert "--accept_changes" in error.remedy


def test_accepted_changes_are_recorded_and_the_study_goes_on(begun, finished, monkeypatch):
    before = record(begun)
    with monkeypatch.context() as later:
        code_of(later, "0123456789ab", jax="99.0")
        assert Study(tiny(), begun, ignore).run(accept_changes=True)
        after = record(begun)
        # Recorded once, it need not be said again.
        run_study(tiny(), begun, ignore)
        assert record(begun) == after
    assert after | {"changes": []} == before
    (change,) = after["changes"]
    assert change["git_revision"] == "0123456789ab"
    assert change["versions"] == before["versions"] | {"jax": "99.0"}
    assert (begun / ROWS).read_bytes() == (finished / ROWS).read_bytes()
    # The code that began it is known as well, and each part says which of the two made it.
    run_study(tiny(), begun, ignore)
    assert record(begun) == after
    makers = [
        json.loads((chunk / "chunk.json").read_text())["maker"]["git_revision"]
        for chunk in sorted((begun / "chunks").iterdir())
    ]
    assert sorted(makers) == sorted(["0123456789ab", before["git_revision"]])


def test_a_part_made_by_code_that_the_study_does_not_know_is_refused(begun, monkeypatch):
    with monkeypatch.context() as later:
        code_of(later, "0123456789ab")
        Study(tiny(), begun, ignore).run(accept_changes=True)
    forgotten = record(begun) | {"changes": []}
    (begun / "config.json").write_text(json.dumps(forgotten))
    files.record_sums(begun, ["config.json"])
    refused(begun, r"this was made by revision 0123456789ab, .* of which the study is silent; ")


@pytest.mark.parametrize("chunk", ["0000", "0001"])
def test_a_chunk_of_another_study_is_refused(begun, another, chunk):
    given(begun, another, f"chunks/{chunk}")
    refused(begun, rf"chunks/{chunk}: this is of a study with other settings; give another")


def test_grafted_networks_of_another_study_are_refused(begun, another):
    given(begun, another, "grafted")
    refused(begun, r"grafted: this is of a study with other settings; give another --workdir")


def test_pretrained_networks_of_another_study_are_refused(begun, another):
    shutil.rmtree(begun / "grafted")
    given(begun, another, "pretrained")
    refused(begun, r"pretrained: this is of a study with other settings; give another --workdir")


def test_a_chunk_made_of_other_recordings_is_refused(begun):
    (chunk,) = (begun / "chunks").iterdir()
    sealed = json.loads((chunk / "chunk.json").read_text())
    sealed["data"]["target"] = "0" * 64
    del sealed["seal"]  # as of before there were seals
    (chunk / "chunk.json").write_text(json.dumps(sealed))
    refused(begun, "the recordings of the target are not what this study was begun with")
