"""The matcher: attention over surveyed scans that knows no building, so that its weights transfer.

Each candidate of a scan is scored by what both heard (`pair_features`), by all candidates together,
and by those near it; the scan lies at their weighted mean, corrected, with a spread of its own.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from mtloc_jax.core.inputs import Inputs
from mtloc_jax.core.problem import Problem
from mtloc_jax.core.product import product
from mtloc_jax.experts.candidates import CANDIDATES
from mtloc_jax.experts.nearest import LEAST_SIGMA_M
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays

LENGTHS_M = (2.0, 5.0, 12.0)
"""Where the reach of messages between candidates starts."""
HOLE_M = 4.0
"""A scan this far from its nearest candidate teaches half as much: no candidate is right."""
LIKELIHOOD, DISTANCES = 0.3, 2.0
"""What a Gaussian likelihood and the distances to candidates weigh beside the error, in the loss.
"""
_CLIP = 6.0  # standard deviations of a feature
_TINY = 1e-9


class Told(NamedTuple):
    """Hold what the matcher says of scans.

    xy_m: f32[B, 2]; log_sigma: f32[B], log of the standard deviation of either coordinate, metres
    share: f32[B, C], of each candidate; log_distance: f32[B, C], log(1 + metres to a candidate)
    """

    xy_m: jax.Array
    log_sigma: jax.Array
    share: jax.Array
    log_distance: jax.Array


class Standard(nn.Module):
    """Standardise features by their mean and spread on the source, which no step changes."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Map features f32[..., F] to mean 0 and spread 1 on the source, within some spreads."""
        mean = self.param("mean", nn.initializers.zeros, (self.features,))
        std = self.param("std", nn.initializers.ones, (self.features,))
        return jnp.clip((x - mean) / std, -_CLIP, _CLIP)


class Matcher(nn.Module):
    """Place scans among their candidates.

    features: how many a pair has; width: of the hidden layers
    """

    features: int
    width: int = 32

    @nn.compact
    def tell(self, features: jax.Array, xy_m: jax.Array, mask: jax.Array) -> Told:
        """Return what is told of f32[B, C, F], candidates at f32[B, C, 2] under a bool[B, C].

        Where there is no candidate at all, the position is that of the padding.
        """
        real = mask[..., None].astype(jnp.float32)
        x = Standard(self.features, name="standard")(features)
        h = nn.relu(_dense(self.width, "fc1")(x))
        h = nn.relu(_dense(self.width, "fc2")(h)) * real
        mean = h.sum(1) / jnp.maximum(real.sum(1), 1)
        context = nn.relu(_dense(self.width, "context")(jnp.concatenate([mean, h.max(1)], -1)))
        away = ((xy_m[:, :, None] - xy_m[:, None]) ** 2).sum(-1)
        whole = jnp.broadcast_to(context[:, None], h.shape)
        heard = jnp.concatenate([h, whole, *self._messages(h, away, mask)], -1)
        g = nn.relu(_dense(self.width, "fc3")(heard))
        # No bias: a softmax knows none, and what has no gradient would drift.
        score = _dense(1, "score", use_bias=False)(g)[..., 0]
        log_distance, signed = (_dense(1, name)(g)[..., 0] for name in ("away", "signed"))
        share = jax.nn.softmax(jnp.where(mask, score, -1e9), axis=-1) * mask
        attended = (share[..., None] * xy_m).sum(1)
        offset = (xy_m - attended[:, None]) * real
        moved = (signed[..., None] * offset).sum(1) / CANDIDATES
        found = attended + moved
        spread = (share * ((xy_m - found[:, None]) ** 2).sum(-1) / 2).sum(1)
        known = [(share[..., None] * g).sum(1), context, _doubts(spread, moved, share)]
        doubt = jax.lax.stop_gradient(jnp.concatenate(known, -1))
        doubt = nn.relu(_dense(self.width // 2, "doubt")(doubt))
        log_sigma = jnp.log(LEAST_SIGMA_M) + _dense(1, "sigma")(doubt)[..., 0]
        return Told(found, log_sigma, share, log_distance)

    def _messages(self, h: jax.Array, away: jax.Array, mask: jax.Array) -> list[jax.Array]:
        """Return for each learned length the mean of h about each candidate, f32[B, C, H]."""
        start = lambda *_: jnp.log(jnp.array(LENGTHS_M))  # noqa: E731
        lengths = jnp.exp(self.param("log_length_m", start))
        found = []
        for at in range(len(LENGTHS_M)):
            weight = jnp.exp(-away / (2 * lengths[at] ** 2)) * mask[:, None]
            total = jnp.maximum(weight.sum(-1, keepdims=True), _TINY)
            found.append(jnp.einsum("bij,bjh->bih", weight, h) / total)
        return found

    def __call__(
        self,
        inputs: Mapping[str, jax.Array],
        kept: jax.Array | float = 1.0,
        known: Mapping[str, jax.Array] | None = None,
    ) -> jax.Array:
        """Map features, candidates and masks to position, log sigma, and what the loss needs.

        Returns f32[B, 3 + C (log distances) + 3 C (candidates and masks)]; drops nothing.
        """
        candidates = inputs[CANDIDATES_AT]
        xy_m, mask = candidates[..., :2], candidates[..., 2] > 0
        told = self.tell(inputs[FEATURES_OF].astype(jnp.float32), xy_m, mask)
        flat = candidates.reshape(len(candidates), -1)
        return jnp.concatenate([told.xy_m, told.log_sigma[:, None], told.log_distance, flat], -1)


FEATURES_OF, CANDIDATES_AT = "pairs", "candidates"
"""What the matcher reads: f16 or f32[N, C, F]; f32[N, C, 3], x and y in metres, and the mask."""


def matcher_loss(outputs: jax.Array, target: jax.Array, weight: jax.Array) -> jax.Array:
    """Return the mean error in metres, with a likelihood of it and the candidates' distances.

    The likelihood trains sigma alone. Scans far from all candidates weigh less.
    """
    xy_m, log_sigma, log_distance = outputs[:, :2], outputs[:, 2], outputs[:, 3 : 3 + CANDIDATES]
    candidates = outputs[:, 3 + CANDIDATES :].reshape(len(outputs), CANDIDATES, 3)
    mask = candidates[..., 2] > 0
    away_m = jnp.sqrt(((candidates[..., :2] - target[:, None]) ** 2).sum(-1) + _TINY)
    nearest_m = jnp.where(mask, away_m, jnp.inf).min(-1)
    error_m = jnp.sqrt(((xy_m - target) ** 2).sum(-1) + _TINY)
    stopped = jax.lax.stop_gradient(error_m)
    likelihood = 2 * log_sigma + stopped**2 / (2 * jnp.exp(2 * log_sigma))
    off = (jnp.abs(log_distance - jnp.log1p(away_m)) * mask).sum(-1) / jnp.maximum(mask.sum(-1), 1)
    of_scan = weight * HOLE_M / (HOLE_M + nearest_m)
    lost = of_scan * (error_m + LIKELIHOOD * likelihood) + weight * DISTANCES * off
    return lost.sum() / weight.sum()


def as_read(data: Arrays, scaler: Scaler, rows: Any) -> Inputs:
    """Return what the matcher reads of the scans at `rows`: the network itself standardises."""
    return {name: held.at(rows) for name, held in data.inputs.items()}


def matcher_problem(features: int) -> Problem:
    """Return the problem of placing scans among candidates; positions are in metres, unscaled."""
    return Problem(Matcher(features), matcher_loss, as_read)


def _dense(size: int, name: str, use_bias: bool = True) -> nn.Dense:
    return nn.Dense(size, use_bias=use_bias, name=name, dot_general=_product)


def _product(x: jax.Array, kernel: jax.Array, *_: Any, **__: Any) -> jax.Array:
    return product(x.reshape(-1, x.shape[-1]), kernel).reshape(*x.shape[:-1], -1)


def _doubts(spread: jax.Array, moved: jax.Array, share: jax.Array) -> jax.Array:
    """Return what tells how sure a position is, f32[B, 3]: spread, correction, attention."""
    attention = -(share * jnp.log(share + _TINY)).sum(-1)
    size = jnp.sqrt((moved**2).sum(-1) + _TINY)
    return jnp.stack([jnp.log1p(jnp.sqrt(spread + _TINY)), jnp.log1p(size), attention], -1)
