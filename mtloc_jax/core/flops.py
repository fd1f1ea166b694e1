"""Floating-point operations of a training step: matrix products alone, counted from shapes."""

from ml_collections import ConfigDict

from mtloc_jax.sites.site import Site


def step_flop(config: ConfigDict, site: Site, *, frozen: bool) -> int:
    """Return what one step of MTLoc takes (870 MFLOP for the paper's, 750 access points).

    frozen: the IMU branch's features are known. The backward pass costs twice the forward pass,
    less the gradients with respect to the data, which nobody needs.
    """
    hidden, n_aps = config.hidden, len(site.bssids)
    wifi_and_fusion = 2 * hidden * (n_aps + hidden + 3 * hidden + 2)
    window = 3 * wifi_and_fusion - 2 * hidden * n_aps
    window += _trained_lstm(hidden, *site.windows.mag.shape[1:])
    if not frozen:
        window += _trained_lstm(hidden, *site.windows.imu.shape[1:])
    return config.batch_size * window


def pretraining_step_flop(config: ConfigDict, site: Site, n_outputs: int = 2) -> int:
    """Return what one step of the pretraining network takes (Table IV)."""
    lstm = _trained_lstm(config.hidden, *site.windows.imu.shape[1:])
    return config.batch_size * (lstm + 3 * 2 * config.hidden * n_outputs)


def _trained_lstm(hidden: int, n_samples: int, n_channels: int) -> int:
    inputs = 2 * n_samples * n_channels * 4 * hidden
    recurrence = 2 * n_samples * hidden * 4 * hidden
    return 3 * (inputs + recurrence) - inputs
