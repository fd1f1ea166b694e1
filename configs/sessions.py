"""What is a survey worth twelve days later?

  python -m launch.study --config=configs/sessions.py --config.data_dir=DATA --workdir=DIR

Of site1/B1, the walks of December 2019 are located by four fifths of those of November; the rest
validates, and calibrates the radius. Errors stand by distance to the survey too: where a floor was
walked again, much of the difference is what the first survey did not reach.
The paper: all rounds within days.
Found: 23 walks, three seeds: 5-NN held 9.15 m; the matcher held 7.39 ± 0.25, with steps, causal,
6.94 ± 0.17, with a motion network 6.87 ± 0.10 m.
Takes: 3 matchers and 3 motion networks: 12 min on two CPU cores beside other work.
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
