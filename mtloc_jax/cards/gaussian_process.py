"""Positions from fingerprints by Gaussian-process regression, its settings by marginal likelihood.

One squared-exponential kernel on distances in dB serves both axes. Its length, and the share of
noise beside it, are the pair of a small grid under which the surveyed positions are likeliest; the
kernel's variance follows from them in closed form.
"""

import numpy as np

from mtloc_jax.cards.fingerprints import squared_distances

MOST_SCANS = 1000  # beyond, that many are drawn: time grows with the cube of the scans
_LENGTHS = (0.125, 0.25, 0.5, 1.0, 2.0)  # of the median distance between two scans
_NOISES = (1e-3, 1e-2, 0.03, 0.1, 0.3, 1.0)  # variance of the noise over that of the kernel


def regress(known: np.ndarray, xy_m: np.ndarray, asked: np.ndarray, seed: int = 0) -> np.ndarray:
    """Predict the positions of the fingerprints `asked` from those of `known`.

    known: f64[S, B] dBm, every value given; xy_m: f64[S, 2]; asked: f64[M, B]
    seed:  draws the scans in use where there are more than MOST_SCANS

    Returns f64[M, 2], metres; far from every known fingerprint, the mean of `xy_m`.
    """
    if len(known) > MOST_SCANS:
        drawn = np.sort(np.random.default_rng(seed).permutation(len(known))[:MOST_SCANS])
        known, xy_m = known[drawn], xy_m[drawn]
    centre_m = xy_m.mean(axis=0)
    squared = squared_distances(known, known)
    apart = float(np.median(np.sqrt(squared))) or 1.0
    fits = [_fit(squared, xy_m - centre_m, length * apart) for length in _LENGTHS]
    _, length, weights = max(fits, key=lambda fit: fit[0])
    return centre_m + _kernel(squared_distances(asked, known), length) @ weights


def _fit(squared: np.ndarray, xy_m: np.ndarray, length: float) -> tuple[float, float, np.ndarray]:
    """Return the likelihood under the best noise, the length in dB, and the weights f64[S, 2]."""
    values, vectors = np.linalg.eigh(_kernel(squared, length))
    turned = vectors.T @ xy_m
    spectra = [np.maximum(values, 0) + noise for noise in _NOISES]
    best = max(spectra, key=lambda spectrum: _log_likelihood(spectrum, turned))
    return _log_likelihood(best, turned), length, vectors @ (turned / best[:, None])


def _log_likelihood(spectrum: np.ndarray, turned: np.ndarray) -> float:
    """Return the log likelihood of both axes but for constants, the kernel's variance at its best.

    spectrum: f64[S], eigenvalues of kernel and noise; turned: f64[S, 2] along its eigenvectors
    """
    variance = max(float(np.mean(turned**2 / spectrum[:, None])), 1e-12)
    return -0.5 * (turned.size * np.log(variance) + turned.shape[1] * np.log(spectrum).sum())


def _kernel(squared: np.ndarray, length: float) -> np.ndarray:
    return np.exp(-squared / (2 * length**2))
