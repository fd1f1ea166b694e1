"""Does transfer save survey rounds between the authors' buildings? Edinburgh -> Bucharest.

  python -m launch.study --config=configs/mmloc.py --config.data_dir=DATA --workdir=DIR

Real recordings, with the defects their data card names: Edinburgh's WiFi was looked up by true
position, Bucharest has eight rounds of one route (6 train, 1 validation, 1 test), so that a clock
predicts its position well. 12.5 % of six rounds is the first three quarters of one.
What the paper says and what was found stands in configs/table5.py, table6.py, fig4.py to fig6.py
and survey.py, whose figures are of this study.
Takes: 272 networks, 16 seeds each: 4 min on an H200 beside ten other studies.
"""

from ml_collections import ConfigDict

from configs import location20, pairs


def get_config() -> ConfigDict:
    """Return the settings."""
    config = location20.every_rate()
    config.study = "mmloc"
    return pairs.applied(config, "mmloc")
