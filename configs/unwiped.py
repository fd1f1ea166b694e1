"""The defaults, judged on whole inputs alone: what questions about something else start from."""

from ml_collections import ConfigDict

from configs import quickstart


def get_config() -> ConfigDict:
    """Return the settings."""
    config = quickstart.get_config()
    config.wipe.update(drop_rates=(0.0,), cdf_drop_rate=0.0, seeds=1)
    return config
