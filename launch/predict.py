"""Locate logs: where the phone was, from a survey and no training, or by a trained network.

  python -m launch.predict --survey=sites/office --log=walk17 --format=csv --output=DIR
  python -m launch.predict --survey=LOGS --survey_format=csv --log=new --format=csv --output=DIR
  python -m launch.predict --survey=location20/site1/B1 --data_dir=DATA --log=t.txt \\
    --format=location20 --pretrained=WORKDIR --output=DIR
  python -m launch.predict --network=WORKDIR@finetuned:1:0 --log=walk17 --format=csv --output=DIR
  python -m launch.predict ... --follow

A survey locates by the matcher that comes with the package, unless --arm or --pretrained say
otherwise. A log needs no ground truth; where it has some, nothing but the errors sees it. --log may
be a folder of logs. DIR gets NAME.csv (t_s, x_m, y_m, radius_m, spoke, scan_age_s), NAME.png, where
the survey has a map NAME.geojson, and summary.csv. --follow locates one log while it is written,
with the same rows.
"""

from absl import flags

from launch import cli, places
from mtloc_jax.errors import InputError
from mtloc_jax.locate import HELD, JOINS, UNTRAINED, WITH_ALL_MOTIONS
from mtloc_jax.sites.formats import FORMATS

_LOG = flags.DEFINE_string("log", None, "A log, or a folder of logs.", required=True)
_FORMAT = flags.DEFINE_enum("format", None, list(FORMATS), "Their format.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Folder to write.", required=True)
_SURVEY = flags.DEFINE_string("survey", None, "Site folder, building, or folder of recordings.")
_SURVEY_FORMAT = flags.DEFINE_string(
    "survey_format", "", "Format of --survey, where that is a folder of recordings."
)
_DATA_DIR = flags.DEFINE_string("data_dir", "", "Folder of recordings, for buildings read there.")
_ROUNDS = flags.DEFINE_list("rounds", [], "Rounds of the survey to use; all if not given.")
_ARM = flags.DEFINE_string(
    "arm",
    None,
    f"EXPERT-held or EXPERT-steps-JOIN. EXPERT: {', '.join(UNTRAINED)} (whichever errs least on "
    f"walks of the survey). JOIN: {', '.join(name for name in JOINS if name != HELD)}. For steps "
    f"also none or network, with {' and '.join(WITH_ALL_MOTIONS)}.",
)
_PRETRAINED = flags.DEFINE_string(
    "pretrained",
    None,
    "WORKDIR[@SEED] of a study whose networks to use, for the package's.",
)
_NETWORK = flags.DEFINE_string("network", None, "A trained MTLoc network, in place of a survey.")
_CALIBRATED = flags.DEFINE_bool(
    "calibrated", False, "Make the radius hold on this floor, by walks of the survey."
)
_EVERY_MS = flags.DEFINE_integer("every_ms", 100, "Time between rows.", lower_bound=100)
_FOLLOW = flags.DEFINE_bool("follow", False, "Locate the log while it is written.")
_LAG_MS = flags.DEFINE_integer("lag_ms", 0, "By how much a scan may be written late.", 0)
_IDLE_S = flags.DEFINE_float("idle_s", 10.0, "After so long without growth a log is over.", 0.0)
_OF_SURVEY = (_SURVEY_FORMAT, _DATA_DIR, _ROUNDS, _ARM, _PRETRAINED, _CALIBRATED)
_OF_FOLLOW = (_LAG_MS, _IDLE_S)


def main(argv: list[str]) -> None:
    """Locate the logs, say what came out, write it."""
    del argv
    _check_flags()
    log, output = places.place(_LOG.value), places.folder(_OUTPUT.value)
    from mtloc_jax.prediction import command, locators

    ready = locators.opened(
        _SURVEY.value,
        _NETWORK.value,
        data_dir=_DATA_DIR.value,
        survey_form=_SURVEY_FORMAT.value,
        rounds=command.rounds_of(_ROUNDS.value),
        arm=_ARM.value,
        pretrained=_PRETRAINED.value,
        calibrated=bool(_CALIBRATED.value),
    )
    asked, every_ms = (ready, log, _FORMAT.value, output, cli.say), int(_EVERY_MS.value)
    if _FOLLOW.value:
        how = {"lag_ms": int(_LAG_MS.value), "idle_s": float(_IDLE_S.value)}
        command.follow(*asked, every_ms=every_ms, **how)  # type: ignore[arg-type]
    else:
        command.locate(*asked, every_ms=every_ms)


def _check_flags() -> None:
    """Raise InputError where a flag is given that nothing would read."""
    if _NETWORK.value is not None and _SURVEY.value is None:
        _refuse(_OF_SURVEY, "with --network", "give --survey in its place")
    if not _FOLLOW.value:
        _refuse(_OF_FOLLOW, "without --follow", "add --follow")


def _refuse(of: tuple[flags.FlagHolder, ...], where: str, otherwise: str) -> None:
    given = [f"--{one.name}" for one in of if flags.FLAGS[one.name].present]
    if given:
        it = "it" if len(given) == 1 else "them"
        raise InputError(
            f"nothing reads {', '.join(given)} {where}", remedy=f"leave {it} out, or {otherwise}"
        )


if __name__ == "__main__":
    cli.run(main)
