"""Every setting: declared once, refused where it says nothing possible, listed for users."""

from dataclasses import fields

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ml_collections import ConfigDict

from configs import quickstart
from mtloc_jax.declared import KINDS, Range
from mtloc_jax.errors import InputError
from mtloc_jax.settings import (
    DECLARED,
    GROUPS,
    Settings,
    Wipe,
    checked,
    listed,
    parsed,
    plain,
    replaced,
    value,
    values,
)
from tests.launched import launched

NAMES = sorted(DECLARED)


def with_one(name, value):
    """Return the default config with one setting changed, whatever it is changed to."""
    config = plain(Settings())
    group, _, inner = name.rpartition(".")
    (config[group] if group else config)[inner] = value
    return config


@pytest.mark.parametrize("name", NAMES)
def test_a_setting_says_what_it_is_and_its_default_is_what_it_may_be(name):
    declared = DECLARED[name]
    assert declared.label
    assert declared.kind in KINDS
    assert bool(declared.roles) == (declared.kind == "site")
    assert checked(name, declared.default) == declared.default
    assert value(Settings(), name) == declared.default


def test_every_field_is_a_setting_or_a_group_of_them():
    names = {one.name for one in fields(Settings)}
    inner = {f"{group}.{one.name}" for group, of in GROUPS.items() for one in fields(of)}
    assert names | inner == DECLARED.keys() | GROUPS.keys()
    assert not names & inner


def test_the_quickstart_holds_all_defaults():
    assert parsed(quickstart.get_config()) == Settings()


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("learning_rat", "learning_rate"),
        ("optimzer", "optimizer"),
        ("epoch", "epochs"),
        ("wipe.mod", "wipe.mode"),
        ("window.step", "window.steps"),
    ],
)
def test_a_field_that_nothing_reads_is_refused_with_the_nearest_right_name(wrong, meant):
    with pytest.raises(InputError, match=rf"'{wrong}'; did you mean '{meant}'\?"):
        parsed(with_one(wrong, 1))


def test_a_field_like_no_other_is_answered_with_all_of_them():
    with pytest.raises(InputError, match=r"'zzz'; choose from study, source, .*simulation.seed"):
        parsed({"zzz": 1})
    assert len(DECLARED) > 40


REFUSED = [
    ("epochs", 0),
    ("pretrain_epochs", -1),
    ("batch_size", 0),
    ("batch_size", -1),
    ("hidden", 0),
    ("hidden", -8),
    ("runs_per_chunk", 0),
    ("seeds", 0),
    ("finetune_rates", (0.5, 1.5)),
    ("scratch_rates", (0.0,)),
    ("scratch_rates", (1e-12,)),
    ("source_rate", 1e-12),
    ("source_rate", 1.5),
    ("wipe.drop_rates", (0.0, 0.4, 1.5)),
    ("wipe.cdf_drop_rate", -0.1),
    ("wifi_entry_max_age_ms", -1),
    ("window.wifi_max_age_ms", -1),
    ("window.max_gap_ms", -1),
    ("simulation.seed", -1),
    ("simulation.round_s", 0.0),
    ("learning_rate", 0.0),
    ("learning_rate", -0.1),
    ("learning_rate", float("nan")),
    ("learning_rate", float("inf")),
    ("dropout", 1.0),
    ("dropout", -0.1),
    ("removed_share", 1.0),
    ("test_round", -1),
    ("neighbours", (1, 0)),
    ("forget_bias", float("nan")),
    ("window.mag_channels", 4),
]


@pytest.mark.parametrize(("name", "wrong"), REFUSED)
def test_a_number_out_of_range_is_refused_with_the_range(name, wrong):
    with pytest.raises(InputError) as caught:
        parsed(with_one(name, wrong))
    assert str(DECLARED[name].range) in caught.value.remedy
    assert f"--config.{name}" in caught.value.remedy
    assert caught.value.problem.startswith(f"{name} is ")


@pytest.mark.parametrize(("name", "most"), [("epochs", "1,000,000"), ("seeds", "100,000")])
def test_a_number_beyond_all_sense_is_told_the_most_and_not_the_least(name, most):
    with pytest.raises(InputError, match=f"set --config.{name} at most {most}"):
        parsed(with_one(name, 10**12))


@pytest.mark.parametrize(
    ("name", "wrong", "kind"),
    [
        ("scratch_rates", ("a",), "float"),
        ("wipe.drop_rates", ("x",), "float"),
        ("source_rate", "a", "float"),
        ("learning_rate", "fast", "float"),
        ("learning_rate", True, "float"),
        ("epochs", 2.5, "int"),
        ("epochs", True, "int"),
        ("epochs", None, "int"),
        ("hidden", "128", "int"),
        ("arms", "scratch", "tuple"),
        ("arms", (1,), "str"),
        ("study", 3, "str"),
        ("seeds", (1, 2), "int"),
    ],
)
def test_a_value_of_another_type_is_refused_with_the_type(name, wrong, kind):
    with pytest.raises(InputError, match=f"its values are of type {kind}"):
        parsed(with_one(name, wrong))


@pytest.mark.parametrize(
    ("name", "wrong", "meant"),
    [
        ("subset", "frist", "first"),
        ("protocol", "epoch", "epochs"),
        ("optimizer", "rmspro", "rmsprop"),
        ("schedule", "cosin", "cosine"),
        ("pretext", "positions", "position"),
        ("output", "rellu", "relu"),
        ("scaling", "rounds", "round"),
        ("survey", "twic", "twice"),
        ("arms", ("scratch", "fine-tuned"), "finetuned"),
        ("modalities", ("imu", "wify"), "wifi"),
        ("wipe.mode", "burst", "bursts"),
        ("problem", "mtlok", "mtloc"),
    ],
)
def test_a_name_that_is_none_is_answered_with_the_nearest_and_with_all(name, wrong, meant):
    with pytest.raises(InputError, match=rf"one of .*did you mean '{meant}'\?$"):
        parsed(with_one(name, wrong))


@pytest.mark.parametrize("wrong", ["table\n5", "a\tb", "bell\a"])
def test_a_name_that_would_break_a_line_is_refused(wrong):
    with pytest.raises(InputError, match="study holds a character that cannot be printed") as found:
        parsed(with_one("study", wrong))
    assert "\n" not in str(found.value)


def test_a_group_that_is_no_group_is_refused():
    with pytest.raises(InputError, match=r"wipe is 3; it holds settings, such as wipe\.mode"):
        parsed({"wipe": 3})


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"wipe.drop_rates": (0.0, 0.5)}, "cdf_drop_rate 0.4 is not among the drop rates"),
        ({"wipe.drop_rates": (0.4, 0.4)}, "repeat a share"),
        ({"window.hop_ms": 150}, "no window has"),
        ({"modalities": ()}, r"modalities is \(\); name each modality once"),
        ({"modalities": ("imu", "wifi", "imu")}, "name each modality once"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, problem):
    with pytest.raises(InputError, match=problem):
        replaced(Settings(), changes)


def test_settings_of_a_group_are_changed_at_once():
    # One after the other neither would do: 200 ms steps do not divide the default's 100 ms hop.
    both = {"window.step_ms": 200, "window.hop_ms": 200}
    made = replaced(Settings(), both | {"wipe.drop_rates": (0.1,), "wipe.cdf_drop_rate": 0.1})
    assert (made.window.step_ms, made.window.hop_ms) == (200, 200)
    assert made.wipe == Wipe(drop_rates=(0.1,), cdf_drop_rate=0.1)
    assert Settings().window.step_ms == 100


def test_integers_serve_as_floats_and_lists_as_tuples():
    made = parsed({"learning_rate": 1, "scratch_rates": [1, 0.5]})
    assert (made.learning_rate, type(made.learning_rate)) == (1.0, float)
    assert made.scratch_rates == (1.0, 0.5)
    assert {type(rate) for rate in made.scratch_rates} == {float}


def allowed(declared):
    """Return a strategy of what a setting may be."""
    many = isinstance(declared.default, tuple)
    kind = type(declared.default[0] if many and declared.default else declared.default)
    if declared.choices:
        one = st.sampled_from(sorted(declared.names()))
    elif kind is float:
        within = declared.range or Range()
        one = st.floats(
            within.low,
            within.high,
            exclude_min=within.open_low,
            exclude_max=within.open_high,
            width=64,
        )
    elif kind is int:
        one = st.integers(int(declared.range.low), int(min(declared.range.high, 2**40)))
    else:
        one = st.text(st.characters(categories=("L", "N", "P")), max_size=8)
    if declared.name == "modalities":
        return st.lists(one, min_size=1, unique=True).map(tuple)
    return st.lists(one, max_size=3).map(tuple) if many else one


ALONE = [name for name, one in DECLARED.items() if "." not in name and name != "sweep"]
"""Settings that say nothing of each other, so that any of them go together."""


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.fixed_dictionaries({name: allowed(DECLARED[name]) for name in ALONE}))
def test_any_settings_that_are_allowed_come_back_as_they_were(changes):
    made = replaced(Settings(), changes)
    assert parsed(plain(made)) == made
    assert parsed(ConfigDict(plain(made))) == made
    assert {name: value(made, name) for name in ALONE} == changes


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.sampled_from(NAMES), st.data())
def test_whatever_a_value_is_it_is_held_as_it_was_given_or_refused_in_one_line(name, data):
    anything = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.tuples(st.floats())
    )
    wrong, refusal, held = data.draw(anything), None, None
    try:
        held = checked(name, wrong)
    except InputError as error:
        refusal = str(error)
    assert held == wrong if refusal is None else refusal.isprintable()


@pytest.mark.parametrize(
    ("name", "held", "words"),
    [
        ("hidden", 64, "hidden 64"),
        ("window.max_gap_ms", 500, "window max gap 500 ms"),
        ("window.wifi_max_age_ms", 300, "scans at most 300 ms old"),
        ("window.wifi_max_age_ms", 4000, "scans at most 4 s old"),
        ("wifi_entry_max_age_ms", 1500, "scan entries at most 1.5 s old"),
        ("wifi_entry_max_age_ms", 1_000_000_000, "scan entries of any age"),
        ("wipe.mode", "bursts", "wipe mode bursts"),
        ("start", "from_transferred", "start from transferred"),
        ("start", "runs/my_study", "start runs/my_study"),
        ("target", "my_hall", "target my_hall"),
        ("learning_rate", 0.001, "learning rate 0.001"),
    ],
)
def test_a_value_is_told_as_a_reader_says_it(name, held, words):
    assert DECLARED[name].worded(held) == words


@pytest.mark.parametrize(
    ("within", "words", "inside", "outside"),
    [
        (Range(0, 1), "in [0, 1]", (0, 1), (-0.1, 1.1)),
        (Range(0, 1, open_low=True), "in (0, 1]", (0.1, 1), (0,)),
        (Range(0, 1, open_high=True), "in [0, 1)", (0,), (1,)),
        (Range(0, open_low=True), "more than 0", (1e-9, 1e300), (0,)),
        (Range(3), "at least 3", (3,), (2,)),
    ],
)
def test_a_range_reads_as_what_it_holds(within, words, inside, outside):
    assert str(within) == words
    assert all(number in within for number in inside)
    assert not any(number in within for number in (*outside, float("nan")))


def test_what_shapes_one_building_alone_is_no_question_of_the_other():
    target, source = (dict(values(Settings(), "site", role=r)) for r in ("target", "source"))
    assert target.keys() - source.keys() == {
        "test_round",
        "unit",
        "folds",
        "survey",
        "removed_share",
        "branches",
    }
    assert source.keys() < target.keys()


def test_every_setting_is_listed_in_80_columns():
    assert [cells[0] for cells in listed()] == list(DECLARED)
    done = launched("launch.study", "--settings")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert DECLARED.keys() <= {line.split(" ")[0] for line in lines}


@pytest.fixture(scope="module")
def odd_config(tmp_path_factory):
    """Return a config file that sets a field which nothing reads, as only a file can."""
    path = tmp_path_factory.mktemp("configs") / "odd.py"
    path.write_text(
        "from configs import quickstart\n\n\n"
        "def get_config():\n"
        "    config = quickstart.get_config()\n"
        "    config.unlock()\n"
        "    config.optimzer = 'adamw'\n"
        "    return config\n"
    )
    return path


@pytest.mark.parametrize(
    "command",
    [
        ("launch.study", "--workdir={}/work"),
        ("launch.card", "--site=simulated-a", "--output={}/card"),
    ],
)
def test_a_config_file_is_held_to_the_same_fields_as_the_command_line(
    command, odd_config, tmp_path
):
    program, *flags = (word.format(tmp_path) for word in command)
    done = launched(program, f"--config={odd_config}", *flags)
    assert done.returncode == 2, done.stderr
    said = "error: no setting is called 'optimzer'; did you mean 'optimizer'?\n"
    assert (done.stdout, done.stderr) == ("", said)
    assert not any(tmp_path.iterdir())
