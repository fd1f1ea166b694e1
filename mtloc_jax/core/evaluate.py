"""Judge a trained network: clean, and with one modality wiped at every drop rate.

A wiped modality changes one branch only. FC3 is linear in the joined features, so each branch
contributes `features @ FC3[branch]` once; only the wiped branch is computed again (single samples
lost) or swapped for the contribution of a blank window (whole windows lost).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import lax

from mtloc_jax.core import missing
from mtloc_jax.core.inputs import Inputs, metres, scaled
from mtloc_jax.core.metrics import cdf, errors_m, summary
from mtloc_jax.core.model import FUSED, MODALITIES, MTLoc, Params, activated, apply
from mtloc_jax.errors import InputError
from mtloc_jax.sites.scaling import Leaf, Scaler
from mtloc_jax.sites.site import Arrays


@dataclass(frozen=True)
class Wipes:
    """Say how modalities are wiped.

    drop_rates: shares lost, 0..1; seeds: how many independent draws
    cdf_drop_rate: the drop rate whose error CDF is kept (Figure 6: 0.4)
    """

    drop_rates: tuple[float, ...] = tuple(k / 10 for k in range(11))
    seeds: int = 3
    mode: missing.Mode = "windows"
    fill: missing.Fill = "zero"
    burst_windows: int = 50
    cdf_drop_rate: float = 0.4

    def __post_init__(self) -> None:
        """Raise InputError where nothing can be wiped so."""
        if self.mode not in missing.MODES or self.fill not in missing.FILLS:
            raise InputError(
                f"there is no wipe mode {self.mode!r} with fill {self.fill!r}",
                remedy=f"modes are {', '.join(missing.MODES)}, fills {', '.join(missing.FILLS)}",
            )
        if not all(0 <= rate <= 1 for rate in self.drop_rates):
            raise InputError("a drop rate is not in [0, 1]", remedy="give shares")
        if self.cdf_drop_rate not in self.drop_rates:
            raise InputError(
                f"cdf_drop_rate {self.cdf_drop_rate} is not among the drop rates",
                remedy="add it to wipe.drop_rates",
            )
        if min(self.seeds, self.burst_windows) < 1:
            raise InputError("wipe seeds and burst_windows start at 1", remedy="raise them")


class Clean(NamedTuple):
    """Hold a judgement on untouched windows.

    predicted_m: f32[N, 2]; metrics: f32[6], as rows.METRICS; cdf_m: f32[Q], as rows.QUANTILES
    """

    predicted_m: Leaf
    metrics: Leaf
    cdf_m: Leaf


class Wiped(NamedTuple):
    """Hold a judgement under wiping; axes: modality (model.MODALITIES), wipe seed, drop rate.

    metrics: f32[3, W, D, 6]; cdf_m: f32[3, W, Q], at Wipes.cdf_drop_rate
    """

    metrics: Leaf
    cdf_m: Leaf


def predict(network: MTLoc, params: Params, scaler: Scaler, data: Arrays) -> jax.Array:
    """Return positions f32[N, 2] in metres for the windows in `data`."""
    inputs = scaled(data, scaler, slice(None))
    return metres(apply(network, params, *inputs), scaler)


def judge_clean(network: MTLoc, params: Params, scaler: Scaler, data: Arrays) -> Clean:
    """Predict the windows in `data` and measure the errors in metres."""
    predicted_m = predict(network, params, scaler, data)
    error_m = errors_m(predicted_m, data.xy_m)
    return Clean(predicted_m, summary(error_m), cdf(error_m))


def make_judge_wiped(network: MTLoc, wipes: Wipes) -> Callable[[Params, Scaler, Arrays], Wiped]:
    """Return judge(params, scaler, data) over modality x wipe seed x drop rate (Figure 5).

    The points lost depend on the wipe seed and modality alone, so that all networks lose the same.
    """
    drop_rates = jnp.array(wipes.drop_rates)
    at_cdf = wipes.drop_rates.index(wipes.cdf_drop_rate)

    def judge(params: Params, scaler: Scaler, data: Arrays) -> Wiped:
        inputs = scaled(data, scaler, slice(None))
        parts = _contributions(network, params, inputs)
        by_modality = []
        for number, modality in enumerate(MODALITIES):
            blank = missing.filler(modality, wipes.fill, scaler)
            others = sum(part for name, part in parts.items() if name != modality)

            def one_seed(seed, number=number, modality=modality, blank=blank, others=others):
                key = jax.random.fold_in(jax.random.key(seed), number)
                x = getattr(inputs, modality)
                draw = missing.draw(key, wipes.mode, x, wipes.burst_windows)

                empty = jnp.broadcast_to(blank, (1, *x.shape[1:]))
                empty_part = _part(network, params, modality, empty)

                def one_rate(rate):
                    lost = draw < rate

                    def computed_again():
                        return _part(network, params, modality, missing.wiped(x, lost, blank))

                    def swapped():
                        gone = lost.reshape(len(lost), -1)[:, :1]
                        return jnp.where(gone, empty_part, parts[modality])

                    # Where all samples or none are lost, so are whole windows or none.
                    if wipes.mode == "samples":
                        part = lax.cond((rate > 0) & (rate < 1), computed_again, swapped)
                    else:
                        part = swapped()
                    predicted = _head(network, params, others + part)
                    return errors_m(metres(predicted, scaler), data.xy_m)

                error_m = lax.map(one_rate, drop_rates)
                return summary(error_m), cdf(error_m[at_cdf])

            by_modality.append(lax.map(one_seed, jnp.arange(wipes.seeds)))
        return Wiped(*(jnp.stack(values) for values in zip(*by_modality, strict=True)))

    return judge


def _part(network: MTLoc, params: Params, modality: str, x: jax.Array) -> jax.Array:
    """Return what one branch adds to FC3's pre-activation, f32[N, H]."""
    features = apply(network, params, modality, x, method=MTLoc.encode)
    first = FUSED.index(modality) * network.hidden
    return features @ params["fusion"]["fc3"]["kernel"][first : first + network.hidden]


def _contributions(network: MTLoc, params: Params, inputs: Inputs) -> dict[str, jax.Array]:
    return {name: _part(network, params, name, getattr(inputs, name)) for name in MODALITIES}


def _head(network: MTLoc, params: Params, joined: jax.Array) -> jax.Array:
    fc3, fc4 = params["fusion"]["fc3"], params["fusion"]["fc4"]
    xy = jax.nn.relu(joined + fc3["bias"]) @ fc4["kernel"] + fc4["bias"]
    return activated(network.output, xy)
