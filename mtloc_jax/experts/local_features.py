"""How well a scan fits what is heard about its candidates, as features of pairs."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from mtloc_jax.experts.local_map import LocalSums
from mtloc_jax.experts.pair_sums import Entries
from mtloc_jax.modalities import Leaf

LOCAL_DB = 5.5  # spread of levels about those heard nearby
LIKELIHOOD_SCALE = 50.0  # access points fade together: their evidence is no sum of independent ones

LOCAL = (
    "chance of what was heard",
    "silence of what was not",
    "local |d|",
    "local rms d",
    "local mean d",
    "local sorensen",
    "local cosine",
)
LOCAL_RIVALS = ("local sorensen", "local cosine", "local likelihood")


class Locals(NamedTuple):
    """Hold what is heard about candidates: of the access points asked, and of all.

    level, chance: f32[B, C, H], as `LocalMap`
    silence:  f32[B, C], log of the chance to hear nothing; heard: how many access points are heard
    strength: the sum of their levels; square: of the levels' squares
    """

    level: Leaf
    chance: Leaf
    silence: Leaf
    heard: Leaf
    strength: Leaf
    square: Leaf


def locals_of(
    sums: LocalSums,
    heeded: np.ndarray,
    few: np.ndarray,
    walk: np.ndarray,
    scan: np.ndarray,
    heard: np.ndarray,
) -> Locals:
    """Return what is heard about candidates i64[B, C], for each scan by what its walk may use.

    heeded: bool[P, Q]; few: f32[P, A], 0 where none of those heard an access point, which then
        counts for nothing; walk: i32[B], of the scans asked; heard: i64[B, H], access points
    """
    shape = (*scan.shape, heard.shape[1])
    level, chance = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    whole = np.zeros((4, *scan.shape), np.float32)
    for one in np.unique(walk):
        rows = np.flatnonzero(walk == one)
        used, at = np.unique(scan[rows], return_inverse=True)
        about = sums.about(used, np.flatnonzero(~heeded[one]))
        about = about._replace(chance=about.chance * (few[one] > 0))
        cells = at.reshape(-1, scan.shape[1])[:, :, None] * about.level.shape[1] + heard[rows, None]
        level[rows], chance[rows] = about.level.take(cells), about.chance.take(cells)
        expected = about.chance * about.level
        totals = (
            np.log1p(-about.chance).sum(axis=1),
            about.chance.sum(axis=1),
            expected.sum(axis=1),
            (expected**2).sum(axis=1),
        )
        whole[:, rows] = np.stack(totals)[:, at.reshape(-1, scan.shape[1])]
    return Locals(level, chance, *whole)


def local_features(
    asked: Entries, about: Locals, few: jax.Array
) -> tuple[list[jax.Array], list[jax.Array]]:
    """Return the features of LOCAL, and the rivals of LOCAL_RIVALS, of which more is better."""
    mine = ((asked.level > 0) & (few > 0))[:, None]
    level = asked.level[:, None] * mine
    chance = about.chance * mine
    some = chance > 0
    expected = chance * about.level
    d = chance * (about.level > 0) * (about.level - level)
    heard = jnp.log(jnp.where(some, chance, 1))
    unheard = jnp.log1p(-chance)
    apart = chance * (about.level > 0)
    weight = jnp.maximum(apart.sum(-1), 1e-3)
    square = (apart * (about.level - level) ** 2).sum(-1)
    silence = about.silence - unheard.sum(-1)
    total = level.sum(-1)
    sorensen = 2 * jnp.minimum(level, expected).sum(-1) / jnp.maximum(total + about.strength, 1e-3)
    norms = jnp.sqrt(jnp.maximum((level**2).sum(-1) * about.square, 1e-3))
    cosine = (level * expected).sum(-1) / norms
    likelihood = silence + heard.sum(-1) - square / (2 * LOCAL_DB**2)
    told = [
        heard.sum(-1) / jnp.maximum(mine.sum(-1), 1),
        silence / jnp.maximum(about.heard, 1e-3),
        jnp.abs(d).sum(-1) / weight,
        jnp.sqrt(square / weight),
        d.sum(-1) / weight,
        sorensen,
        cosine,
    ]
    return told, [sorensen, cosine, likelihood / LIKELIHOOD_SCALE]
