"""How often intervals hold the truth, simulated: `python -m tests.coverage_table` prints it.

The intervals are Student's, vectorised; tests hold them against those of the report.
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import t

from mtloc_jax.report.rounds_needed import interval, share_needed
from mtloc_jax.report.student import LEVEL
from mtloc_jax.report.two_groups import critical_share, share_between

SIZES = range(4, 21)
Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw with mean 0 and deviation 1."""
    return rng.normal(size=shape)


def skewed(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Draw from a gamma distribution of shape 2, skewness 1.41, with mean 0."""
    return rng.gamma(2.0, size=shape) - 2


def in_groups(share: float) -> Draw:
    """Return draws of which `share` lie about +1, the others about -1, 0.2 apart; mean 0."""

    def draw(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        sides = np.where(rng.random(shape) < share, 1.0, -1.0)
        return sides - (2 * share - 1) + rng.normal(0, 0.2, shape)

    return draw


KINDS: dict[str, Draw] = {
    "normal": normal,
    "skewed": skewed,
    "two halves": in_groups(0.5),
    "30 : 70": in_groups(0.3),
    "20 : 80": in_groups(0.2),
}


def students(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends f64[R] of Student's interval of each row of f64[R, N]."""
    n = values.shape[1]
    reach = t.ppf((1 + LEVEL) / 2, n - 1) * values.std(axis=1, ddof=1) / n**0.5
    return values.mean(axis=1) - reach, values.mean(axis=1) + reach


def simulated(kind: str, n: int, trials: int) -> tuple[float, float]:
    """Return how often the interval of `n` values holds the truth, and how often it warns."""
    values = KINDS[kind](np.random.default_rng(n), (trials, n))
    low, high = students(values)
    warned = share_between(values) > critical_share(n)
    return float(np.mean((low <= 0) & (high >= 0))), float(np.mean(warned))


SHARES = np.arange(1, 9) / 8
CURVES = {
    "steep": np.array([9, 7, 6, 5.2, 4.6, 4.2, 3.9, 3.7]),
    "flat": np.array([5.4, 5.2, 5.1, 5.02, 4.96, 4.92, 4.89, 4.87]),
}
"""Mean errors, metres, by share of the rounds."""


def rounds_covered(curve: str, draw: Draw, n: int, share: float, trials: int) -> float:
    """Return how often the interval of the rounds needed holds the truth, `share`.

    Seeds differ by 0.5 m, and each share of theirs by another 0.5 m.
    """
    rng, truth = np.random.default_rng(n), CURVES[curve]
    target_m, held = float(np.interp(share, SHARES, truth)), 0
    assert np.isclose(share_needed(SHARES, truth, target_m), share)
    for _ in range(trials):
        noise = 0.5 * draw(rng, (n, 1)) + 0.5 * draw(rng, (n, len(SHARES)))
        low, high = interval(SHARES, truth + noise, target_m)
        held += low - 1e-9 <= share <= high + 1e-9
    return held / trials


def main(trials: int = 100_000) -> None:
    """Print coverage of differences, with how often two groups are seen, then of rounds needed."""
    print("values  " + "  ".join(f"{kind:>12}" for kind in KINDS) + "   covers (warns)")
    for n in SIZES:
        cells = (simulated(kind, n, trials) for kind in KINDS)
        print(f"{n:6}  " + "  ".join(f"{covers:.3f} ({warns:.2f})" for covers, warns in cells))
    print("\nseeds   steep   flat  skewed   rounds needed, true share 0.4375")
    for n in SIZES:
        asked = (("steep", normal), ("flat", normal), ("steep", skewed))
        cells = (rounds_covered(curve, draw, n, 0.4375, 2_000) for curve, draw in asked)
        print(f"{n:5}   " + "   ".join(f"{covers:.3f}" for covers in cells))


if __name__ == "__main__":
    main()
