"""MTLoc (Table I) and its pretraining network (Table IV), one parameter sub-tree per branch."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from mtloc_jax.core.lstm import LstmParams, last_hidden
from mtloc_jax.core.product import product

BRANCHES = ("imu", "mag", "wifi", "fusion")
MODALITIES = ("imu", "mag", "wifi")
OUTPUTS = ("linear", "relu")
FUSED = ("wifi", "imu", "mag")
"""The order in which the fusion layer reads the branches, Table I."""

Params = dict


class Lstm(nn.Module):
    """Encode a window by an LSTM's last hidden state (IMU-LSTM, MAG-LSTM).

    Initialisers are Keras's, which the authors used: forget gates start open.
    """

    hidden: int
    forget_bias: float = 1.0

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Encode x: f32[B, T, C] as f32[B, H]."""
        size = self.hidden

        def open_forget_gate(key, shape, dtype=jnp.float32):
            return jnp.zeros(shape, dtype).at[size : 2 * size].set(self.forget_bias)

        glorot, orthogonal = nn.initializers.glorot_uniform(), nn.initializers.orthogonal()
        return last_hidden(
            LstmParams(
                self.param("kernel", glorot, (x.shape[-1], 4 * size)),
                self.param("recurrent_kernel", orthogonal, (size, 4 * size)),
                self.param("bias", open_forget_gate, (4 * size,)),
            ),
            x,
        )


def _dense(size: int, name: str) -> nn.Dense:
    return nn.Dense(
        size,
        name=name,
        kernel_init=nn.initializers.glorot_uniform(),
        dot_general=lambda x, kernel, *_, **__: product(x, kernel),
    )


class WifiMlp(nn.Module):
    """Encode a fingerprint by two dense layers (WiFi FC1, FC2)."""

    hidden: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        """Encode x: f32[B, A] as f32[B, H]."""
        return nn.relu(_dense(self.hidden, "fc2")(nn.relu(_dense(self.hidden, "fc1")(x))))


def activated(output: str, xy: jax.Array) -> jax.Array:
    """Return positions as the output layer gives them: as they are, or no less than 0 ("relu")."""
    return nn.relu(xy) if output == "relu" else xy


class Fusion(nn.Module):
    """Turn the joined features into a position (FC3, FC4)."""

    hidden: int
    output: str = "linear"

    @nn.compact
    def __call__(self, features: jax.Array) -> jax.Array:
        """Map features f32[B, 3H], in the order of FUSED, to scaled positions f32[B, 2]."""
        xy = _dense(2, "fc4")(nn.relu(_dense(self.hidden, "fc3")(features)))
        return activated(self.output, xy)


class MTLoc(nn.Module):
    """Locate a phone from its last second (Figure 1, Table I).

    output: one of OUTPUTS. "relu", the authors', asks for positions scaled to 0..1; a coordinate
        below 0 in every window has no gradient and stays at its minimum
    """

    hidden: int = 128
    forget_bias: float = 1.0
    output: str = "linear"

    def setup(self) -> None:
        """Name one sub-tree per branch: imu, mag, wifi, fusion."""
        self.imu = Lstm(self.hidden, self.forget_bias)
        self.mag = Lstm(self.hidden, self.forget_bias)
        self.wifi = WifiMlp(self.hidden)
        self.fusion = Fusion(self.hidden, self.output)

    def __call__(
        self, imu: jax.Array, mag: jax.Array, wifi: jax.Array, kept: jax.Array | float = 1.0
    ) -> jax.Array:
        """Map scaled imu f32[B, T, 2], mag f32[B, T, C], wifi f32[B, A] to positions f32[B, 2].

        kept: f32[B, 3H], multiplies the joined features: dropout in training
        """
        return self.fuse(self.imu(imu), mag, wifi, kept)

    def fuse(
        self,
        imu_features: jax.Array,
        mag: jax.Array,
        wifi: jax.Array,
        kept: jax.Array | float = 1.0,
    ) -> jax.Array:
        """Do the same from the IMU branch's features f32[B, H], known where it is frozen."""
        features = {"imu": imu_features, "mag": self.mag(mag), "wifi": self.wifi(wifi)}
        return self.fusion(kept * jnp.concatenate([features[name] for name in FUSED], axis=-1))

    def encode(self, modality: str, x: jax.Array) -> jax.Array:
        """Return one branch's features f32[B, H]."""
        return getattr(self, modality)(x)


class ImuRegressor(nn.Module):
    """Pretrain the IMU branch on the source site's coordinates (Table IV), or on another pretext.

    outputs: numbers asked for. A loss that counts two axes is then outputs / 2 times the mean
        squared error; RMSprop, which divides by the gradient's size, trains the same
    """

    hidden: int = 128
    forget_bias: float = 1.0
    outputs: int = 2

    def setup(self) -> None:
        """Name the transferred sub-tree `imu` and the throw-away layer `head`."""
        self.imu = Lstm(self.hidden, self.forget_bias)
        self.head = nn.Dense(self.outputs, kernel_init=nn.initializers.glorot_uniform())

    def __call__(self, imu: jax.Array) -> jax.Array:
        """Map scaled imu f32[B, T, 2] to what is asked, scaled, f32[B, outputs]."""
        return self.head(self.imu(imu))


def apply(network: nn.Module, params: Params, *inputs: Any, method: Any = None) -> jax.Array:
    """Apply a network, or one method of it, to inputs."""
    return network.apply({"params": params}, *inputs, method=method)  # type: ignore[return-value]


def count(params: Params) -> int:
    """Return the number of parameters in a tree."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))
