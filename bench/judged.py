"""What trained weights are worth, whoever trained them: one judge for all, in float64."""

import numpy as np

from bench import problem
from bench.problem import Shape

Weights = dict
"""Laid out as bench.problem.start returns them."""


def mean_error_m(shape: Shape, weights: Weights) -> float:
    """Return the mean distance to the true places over all windows, metres."""
    data = problem.arrays(shape)
    fitted = problem.scaler(data)
    scaled = problem.scaled(data, fitted)
    wifi, fusion = weights["wifi"], weights["fusion"]
    encoded = _relu(_dense(wifi["fc2"], _relu(_dense(wifi["fc1"], _exact(scaled.wifi)))))
    last = [_last_hidden(weights[name], _exact(getattr(scaled, name))) for name in ("imu", "mag")]
    joined = np.concatenate([encoded, *last], axis=1)
    found = _dense(fusion["fc4"], _relu(_dense(fusion["fc3"], joined)))
    apart = np.linalg.norm(found - scaled.xy, axis=1)
    return float(fitted.xy_scale_m * apart.mean())


def _exact(x: np.ndarray) -> np.ndarray:
    return np.asarray(x, np.float64)


def _dense(layer: dict, x: np.ndarray) -> np.ndarray:
    return x @ _exact(layer["kernel"]) + _exact(layer["bias"])


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))  # overflows nowhere


def _last_hidden(lstm: dict, x: np.ndarray) -> np.ndarray:
    """Return the hidden state f64[N, H] after the last of x f64[N, T, C]; gates are i, f, g, o."""
    recurrent = _exact(lstm["recurrent_kernel"])
    h = c = np.zeros((len(x), len(recurrent)))
    for x_t in x.swapaxes(0, 1):
        i, f, g, o = np.split(_dense(lstm, x_t) + h @ recurrent, 4, axis=1)
        c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
        h = _sigmoid(o) * np.tanh(c)
    return h
