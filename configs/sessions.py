"""What is a survey worth twelve days later?

  python -m launch.study --config=configs/sessions.py --config.data_dir=DATA --workdir=DIR

Of site1/B1, the walks of December 2019 are located by four fifths of those of November; the rest
validates, and calibrates the radius. Errors stand by distance to the survey too: where a floor was
walked again, much of the difference is what the first survey did not reach.
The paper: all rounds within days.
Of one floor: it takes no argument.
"""

from ml_collections import ConfigDict

from configs import ladder, pairs


def get_config() -> ConfigDict:
    """Return the settings."""
    config = ladder.get_config("floors-reverse")
    config.study = "sessions"
    config.survey, config.unit, config.test_round = "once", "month", 2
    made = pairs.applied(config, "floors-reverse")
    made.target = "location20-whole/site1/B1"
    return made
