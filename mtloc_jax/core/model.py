"""MTLoc (Table I) and its pretraining network (Table IV), one parameter sub-tree per branch."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from mtloc_jax.core.lstm import LstmParams, last_hidden
from mtloc_jax.core.product import product
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.registry import Registry
from mtloc_jax.settings import Settings

Params = dict


class Lstm(nn.Module):
    """Encode a window by an LSTM's last hidden state (IMU-LSTM, MAG-LSTM).

    Initialisers are Keras's, which the authors used: forget gates start open.
    """

    hidden: int
    forget_bias: float = 1.0
    recurrence: str = "plain"

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
            self.recurrence,
        )


def _dense(size: int) -> nn.Dense:
    return nn.Dense(
        size,
        kernel_init=nn.initializers.glorot_uniform(),
        dot_general=lambda x, kernel, *_, **__: product(x, kernel),
    )


class Mlp(nn.Module):
    """Encode a fingerprint by two dense layers (WiFi FC1, FC2)."""

    hidden: int

    def setup(self) -> None:
        """Name the layers as Table I does."""
        self.fc1, self.fc2 = _dense(self.hidden), _dense(self.hidden)

    def __call__(self, x: jax.Array) -> jax.Array:
        """Encode x: f32[B, A] as f32[B, H]."""
        return nn.relu(self.fc2(nn.relu(self.fc1(x))))


ENCODERS: Registry[Callable[[int, float], nn.Module]] = Registry("encoder")
"""(hidden, forget bias) -> a module that encodes a modality's windows as f32[B, hidden]."""
ENCODERS |= {"lstm": Lstm, "mlp": lambda hidden, _: Mlp(hidden)}


class Joined(nn.Module):
    """Read the joined features of all branches, with one kernel a branch (FC3).

    Their sum is the product of the joined features with one kernel, and they are drawn as one.
    With `absence` there are learned features for each branch that has nothing to read. A bit that
    says so would add no more: its weights and these vectors add the same to the pre-activations.
    """

    hidden: int
    branches: tuple[str, ...]
    absence: bool = False

    def setup(self) -> None:
        """Draw the kernels f32[H, H] by branch, and the bias f32[H]; features of absence are 0."""
        self.kernel = self.param("kernel", self._drawn)
        self.bias = self.param("bias", nn.initializers.zeros, (self.hidden,))
        if self.absence:
            self.absent = self.param("absent", self._nothing)

    def __call__(self, features: jax.Array) -> jax.Array:
        """Map features f32[B, n H], in the order of `branches`, to pre-activations f32[B, H]."""
        kernel = jnp.concatenate([self.kernel[name] for name in self.branches])
        return product(features, kernel) + self.bias

    def part(self, branch: str, features: jax.Array) -> jax.Array:
        """Return what one branch's features f32[B, H] add to the pre-activations."""
        return features @ self.kernel[branch]

    def present(self, branch: str, features: jax.Array, absent: jax.Array) -> jax.Array:
        """Return a branch's features f32[B, H], the learned ones of absence where bool[B] says."""
        return jnp.where(absent[:, None], self.absent[branch], features)

    def _nothing(self, _: jax.Array) -> Params:
        return {name: jnp.zeros(self.hidden) for name in self.branches}

    def _drawn(self, key: jax.Array) -> Params:
        n = len(self.branches)
        whole = nn.initializers.glorot_uniform()(key, (n * self.hidden, self.hidden))
        return dict(zip(self.branches, jnp.split(whole, n), strict=True))


class Fusion(nn.Module):
    """Turn the joined features into a position (FC3, FC4)."""

    hidden: int
    branches: tuple[str, ...]
    output: str = "linear"
    n_outputs: int = 2
    absence: bool = False

    def setup(self) -> None:
        """Name the layers as Table I does."""
        self.fc3 = Joined(self.hidden, self.branches, self.absence)
        self.fc4 = _dense(self.n_outputs)

    def __call__(self, features: jax.Array) -> jax.Array:
        """Map features f32[B, n H], in the order of `branches`, to outputs f32[B, n_outputs]."""
        return self._decided(self.fc3(features))

    def part(self, branch: str, features: jax.Array) -> jax.Array:
        """Return what one branch's features f32[B, H] add to FC3's pre-activations."""
        return self.fc3.part(branch, features)

    def present(self, branch: str, features: jax.Array, absent: jax.Array) -> jax.Array:
        """Return a branch's features f32[B, H], the learned ones of absence where bool[B] says."""
        return self.fc3.present(branch, features, absent)

    def decide(self, parts: jax.Array) -> jax.Array:
        """Map the sum of all branches' parts f32[B, H] to outputs f32[B, n_outputs]."""
        return self._decided(parts + self.fc3.bias)

    def _decided(self, joined: jax.Array) -> jax.Array:
        outputs = self.fc4(nn.relu(joined))
        return nn.relu(outputs) if self.output == "relu" else outputs


class MTLoc(nn.Module):
    """Locate a phone from its last second (Figure 1, Table I): one parameter sub-tree per branch.

    output: "linear" or "relu". "relu", the authors', asks for positions scaled to 0..1; a
        coordinate below 0 in every window has no gradient and stays at its minimum
    modalities: the branches, names in MODALITIES; n_outputs: numbers told, the position first
    presence: as settings.presence: "none", the published; "told" or "seen"
    recurrence: as settings.recurrence: how LSTMs go through a window, "plain" or "fused"
    """

    hidden: int = 128
    forget_bias: float = 1.0
    output: str = "linear"
    modalities: tuple[str, ...] = Settings.modalities
    n_outputs: int = 2
    presence: str = "none"
    recurrence: str = "plain"

    def setup(self) -> None:
        """Name one sub-tree per branch, and `fusion`."""
        for name in self.modalities:
            setattr(self, name, self.encoder(name))
        order, absence = joined_order(self.modalities), self.presence != "none"
        self.fusion = Fusion(self.hidden, order, self.output, self.n_outputs, absence)

    def __call__(
        self,
        inputs: Mapping[str, jax.Array],
        kept: jax.Array | float = 1.0,
        known: Mapping[str, jax.Array] | None = None,
        lost: Mapping[str, jax.Array] | None = None,
    ) -> jax.Array:
        """Map scaled windows by modality to scaled outputs f32[B, n_outputs].

        kept: f32[B, n H], multiplies the joined features: dropout in training
        known: f32[B, H], features of branches that need not be computed
        lost: bool[B] by modality, where it is said not to be there; only with presence
        """
        known, lost = known or {}, lost or {}
        features = [
            self._present(
                name,
                inputs[name],
                known[name] if name in known else self.encode(name, inputs[name]),
                lost.get(name),
            )
            for name in joined_order(self.modalities)
        ]
        return self.fusion(kept * jnp.concatenate(features, axis=-1))

    @nn.nowrap
    def encoder(self, modality: str) -> nn.Module:
        """Return the module that a branch encodes with; a network with others overrides it."""
        encoder = MODALITIES.named(modality).encoder
        make = ENCODERS.named(encoder) if isinstance(encoder, str) else encoder
        if make is Lstm:
            return Lstm(self.hidden, self.forget_bias, self.recurrence)
        return make(self.hidden, self.forget_bias)

    def encode(self, modality: str, x: jax.Array) -> jax.Array:
        """Return one branch's features f32[B, H]."""
        return getattr(self, modality)(x)

    def part(self, modality: str, x: jax.Array, lost: jax.Array | None = None) -> jax.Array:
        """Return what one branch adds to the fusion layer's pre-activations, f32[B, H]."""
        features = self._present(modality, x, self.encode(modality, x), lost)
        return self.fusion.part(modality, features)

    def decide(self, parts: jax.Array) -> jax.Array:
        """Map the sum of all branches' parts to scaled outputs f32[B, n_outputs]."""
        return self.fusion.decide(parts)

    def _present(
        self, modality: str, x: jax.Array, features: jax.Array, lost: jax.Array | None
    ) -> jax.Array:
        """Return a branch's features, the learned ones of absence where it is not there."""
        if self.presence == "none":
            return features
        absent = jnp.zeros(x.shape[0], bool) if lost is None else lost
        if self.presence == "seen":
            absent = absent | MODALITIES.named(modality).silent(x)
        return self.fusion.present(modality, features, absent)


def joined_order(modalities: Sequence[str]) -> tuple[str, ...]:
    """Return the order in which the fusion layer joins branches: WiFi first, as Table I has it."""
    return tuple(sorted(modalities, key=lambda name: name != "wifi"))


class ImuRegressor(nn.Module):
    """Pretrain the IMU branch on the source site's coordinates (Table IV), or on another pretext.

    outputs: numbers asked for. A loss that counts two axes is then outputs / 2 times the mean
        squared error; RMSprop, which divides by the gradient's size, trains the same
    """

    hidden: int = 128
    forget_bias: float = 1.0
    outputs: int = 2
    recurrence: str = "plain"

    def setup(self) -> None:
        """Name the transferred sub-tree `imu` and the throw-away layer `head`."""
        self.imu = Lstm(self.hidden, self.forget_bias, self.recurrence)
        self.head = nn.Dense(self.outputs, kernel_init=nn.initializers.glorot_uniform())

    def __call__(
        self,
        inputs: Mapping[str, jax.Array],
        kept: jax.Array | float = 1.0,
        known: Mapping[str, jax.Array] | None = None,
    ) -> jax.Array:
        """Map scaled imu f32[B, T, 2] to what is asked, scaled, f32[B, outputs]; drops nothing."""
        return self.head(self.imu(inputs["imu"]))


def apply(network: nn.Module, params: Params, *inputs: Any, method: Any = None) -> jax.Array:
    """Apply a network, or one method of it by name, to inputs."""
    return network.apply({"params": params}, *inputs, method=method)  # type: ignore[return-value]


def count(params: Params) -> int:
    """Return the number of parameters in a tree."""
    return sum(leaf.size for leaf in jax.tree.leaves(params))
