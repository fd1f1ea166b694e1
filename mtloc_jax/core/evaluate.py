"""Judge a trained network: clean, and with one modality wiped at every drop rate.

A wiped modality changes one branch only. FC3 is linear in the joined features, so each branch adds
its part once; only the wiped branch is computed again (single samples lost) or swapped for the part
of a blank window (whole windows lost).
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from mtloc_jax.core import missing
from mtloc_jax.core.inputs import check, metres
from mtloc_jax.core.metrics import cdf, errors_m, summary
from mtloc_jax.core.model import Params, apply
from mtloc_jax.core.problem import Problem, positions_m
from mtloc_jax.modalities import MODALITIES, Leaf
from mtloc_jax.settings import Wipe
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.site import Arrays


class Clean(NamedTuple):
    """Hold a judgement on untouched windows.

    predicted_m: f32[N, 2]; metrics: f32[6], as rows.METRICS; cdf_m: f32[Q], as rows.QUANTILES
    """

    predicted_m: Leaf
    metrics: Leaf
    cdf_m: Leaf


class Wiped(NamedTuple):
    """Hold a judgement under wiping; axes: branch of the problem, wipe seed, drop rate.

    metrics: f32[M, W, D, 6]; cdf_m: f32[M, W, Q], at Wipe.cdf_drop_rate
    """

    metrics: Leaf
    cdf_m: Leaf


def judge_clean(problem: Problem, params: Params, scaler: Scaler, data: Arrays) -> Clean:
    """Predict the windows in `data` and measure the errors in metres."""
    check(data)
    predicted_m = positions_m(problem, params, scaler, data)
    error_m = errors_m(predicted_m, data.target)
    return Clean(predicted_m, summary(error_m), cdf(error_m))


def make_judge_wiped(problem: Problem, wipe: Wipe) -> Callable[[Params, Scaler, Arrays], Wiped]:
    """Return judge(params, scaler, data) over branch x wipe seed x drop rate (Figure 5).

    The points lost depend on the wipe seed and modality alone, so that all networks lose the same.
    Networks that can be told are told of whole windows that are lost, if `wipe.notice` says so.
    """
    told = problem.told and wipe.notice == "told"
    drop_rates = jnp.array(wipe.drop_rates)
    at_cdf = wipe.drop_rates.index(wipe.cdf_drop_rate)

    def judge(params: Params, scaler: Scaler, data: Arrays) -> Wiped:
        inputs = problem.batch(data, scaler, slice(None))
        parts = {name: _part(problem, params, name, inputs[name]) for name in problem.branches}
        by_modality = []
        for number, modality in enumerate(problem.branches):
            blank = MODALITIES[modality].blank(wipe.fill, scaler.inputs[modality])
            others = sum(part for name, part in parts.items() if name != modality)

            def one_seed(seed, number=number, modality=modality, blank=blank, others=others):
                key = jax.random.fold_in(jax.random.key(seed), number)
                x = inputs[modality]
                draw = missing.draw(key, wipe.mode, x, wipe.burst_windows)

                empty = jnp.broadcast_to(blank, (1, *x.shape[1:]))
                lost_whole = jnp.ones(1, bool) if told else None
                empty_part = _part(problem, params, modality, empty, lost_whole)

                def one_rate(rate):
                    lost = draw < rate

                    def computed_again():
                        left = missing.wiped(x, lost, blank)
                        gone = lost.reshape(len(lost), -1).all(axis=1) if told else None
                        return _part(problem, params, modality, left, gone)

                    def swapped():
                        gone = lost.reshape(len(lost), -1)[:, :1]
                        return jnp.where(gone, empty_part, parts[modality])

                    # Where all samples or none are lost, so are whole windows or none.
                    if wipe.mode == "samples":
                        part = lax.cond((rate > 0) & (rate < 1), computed_again, swapped)
                    else:
                        part = swapped()
                    outputs = apply(problem.network, params, others + part, method="decide")
                    return errors_m(metres(problem.position(outputs), scaler), data.target)

                error_m = lax.map(one_rate, drop_rates)
                return summary(error_m), cdf(error_m[at_cdf])

            by_modality.append(lax.map(one_seed, jnp.arange(wipe.seeds)))
        return Wiped(*(jnp.stack(values) for values in zip(*by_modality, strict=True)))

    return judge


def _part(
    problem: Problem, params: Params, modality: str, x: jax.Array, lost: jax.Array | None = None
) -> jax.Array:
    """Return what one branch adds to FC3's pre-activation, f32[N, H]; lost: bool[N], as told."""
    said = () if lost is None else (lost,)
    return apply(problem.network, params, modality, x, *said, method="part")
