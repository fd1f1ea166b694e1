"""What locates, opened by name: a survey with an arm, or a trained network."""

from dataclasses import dataclass, replace
from pathlib import Path

from mtloc_jax.arms import ARMS
from mtloc_jax.core.model import Params
from mtloc_jax.errors import InputError
from mtloc_jax.locate import EXPERTS, MOTIONS, Locate
from mtloc_jax.logs.round import Round
from mtloc_jax.prediction import live, shipped
from mtloc_jax.prediction.by_network import ByNetwork
from mtloc_jax.prediction.by_survey import BySurvey
from mtloc_jax.prediction.calibrated import calibrated_within
from mtloc_jax.prediction.located import Located
from mtloc_jax.prediction.pretrained import part
from mtloc_jax.prediction.said import Said, thinned
from mtloc_jax.prediction.survey import Survey, open_survey
from mtloc_jax.sites.lone_logs import LONE, Origin, found
from mtloc_jax.surgery.network import read_network

TRANSFERRED = "matcher-steps-filter"
"""The arm that locates where none is named."""
TICK_MS = 100


@dataclass(frozen=True)
class Ready:
    """Hold what locates, in words and in fact, and the survey it locates by, if any.

    note: what one should know of it besides, a line each
    """

    locator: live.Locator
    how: str
    survey: Survey | None
    note: str = ""

    @property
    def origin(self) -> Origin:
        """Return where the survey's metres begin, in degrees."""
        return self.survey.origin_deg if self.survey else None

    def located(self, log: Round, every_ms: int = TICK_MS) -> Located:
        """Return a log and where it was; raises InputError where nothing can be told of it."""
        advancing = self.locator.begin()
        return self.told(log, advancing.advance(log, None), advancing.note, every_ms)

    def told(self, log: Round, said: Said, note: str, every_ms: int = TICK_MS) -> Located:
        """Return a log whose rows are known already; raises InputError where there is none."""
        if not len(said.t_ms):
            raise InputError(
                "is too short to locate a phone", remedy="leave it out", path=log.source
            )
        return Located(log, thinned(said, every_ms), self.how, self.survey, note)


def by_network(place: str) -> Ready:
    """Open a trained MTLoc network; raises InputError as `read_network` and ByNetwork."""
    return Ready(ByNetwork(read_network(place)), f"network {place}", None)


def by_survey(
    survey: Survey,
    arm: str | None = None,
    pretrained: str | None = None,
    *,
    calibrated: bool = False,
) -> Ready:
    """Get ready to locate by a survey.

    arm:        of whole walks, as studies name them; TRANSFERRED where it is None
    pretrained: WORKDIR[@SEED] of a study whose matcher, or motion network, is used; else the
                package's matcher is
    calibrated: make the radius hold on this floor, by walks of the survey; else it is as stated

    Raises InputError where there is no such arm, a network that it needs is not there, or too few
    walks calibrate.
    """
    found_arm = ARMS.named(arm or TRANSFERRED)
    if found_arm.locate is None:
        raise InputError(
            f"the arm {found_arm.name!r} is a network of windows",
            remedy="give its checkpoint as --network, or an arm such as cosine-steps-filter",
        )
    locate = found_arm.locate
    matcher, motion = _networks(locate, pretrained)
    by = BySurvey(survey, locate, matcher=matcher, motion=motion)
    best = replace(locate, expert=by.expert(survey))
    how, notes = best.label, []
    if calibrated:
        one = BySurvey(survey, best, matcher=matcher, motion=motion)
        by.within, how = calibrated_within(one), f"{how}, radius calibrated"
    if best != locate:
        notes = [f"{best.expert} errs least on walks of the survey, of {', '.join(by.places)}"]
    if EXPERTS[best.expert].origin and pretrained is None:
        how = f"the package's {how}"
        notes.append(shipped.matcher_note(survey.name))
    return Ready(by, how, survey, "\n".join(notes))


def opened(
    survey: str | Survey | None,
    network: str | None,
    *,
    data_dir: str = "",
    survey_form: str = "",
    rounds: tuple[int, ...] = (),
    arm: str | None = None,
    pretrained: str | None = None,
    calibrated: bool = False,
) -> Ready:
    """Open a survey or a network, one of the two; arguments as `open_survey` and `by_survey`.

    Raises InputError where both or neither is given, and as these.
    """
    if (survey is None) == (network is None):
        raise InputError(
            "a log is located by a survey or by a network", remedy="give --survey or --network"
        )
    if network is not None:
        return by_network(network)
    if isinstance(survey, str):
        survey = open_survey(survey, data_dir, form=survey_form, rounds=rounds)
    assert survey is not None
    return by_survey(survey, arm, pretrained, calibrated=calibrated)


def logs_at(place: Path, form: str, origin: Origin) -> list[Round]:
    """Read the log at a place, or all logs of a folder; raises InputError as the readers do."""
    return [LONE[form].read(path, name, origin, False) for name, path in found(form, place).items()]


def _networks(locate: Locate, pretrained: str | None) -> tuple[Params | None, Params | None]:
    """Return the matcher and the motion network that an arm needs, None for each not at hand."""
    experts = (locate.expert, *EXPERTS[locate.expert].among)
    by_matcher = any(EXPERTS[name].origin for name in experts)
    by_motion = bool(MOTIONS[locate.motion].origin)
    if pretrained is None:
        return shipped.matcher() if by_matcher else None, None
    return (
        part(pretrained, "matcher") if by_matcher else None,
        part(pretrained, "motion") if by_motion else None,
    )
