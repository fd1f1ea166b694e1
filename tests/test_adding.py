"""A newcomer adds a modality, an arm, a problem, an optimiser and a question: a few lines each."""

from dataclasses import replace

import flax.linen as nn
import jax.numpy as jnp
import numpy as np
import pytest

from configs import pairs, quickstart
from mtloc_jax import modalities, rows
from mtloc_jax.arms import ARMS, SCRATCH, TRANSFERRED, Arm
from mtloc_jax.core.lstm import LstmParams, last_hidden
from mtloc_jax.core.model import MTLoc
from mtloc_jax.core.problem import PROBLEMS, of_network, squared_error
from mtloc_jax.logs.round import Stream
from mtloc_jax.modalities import MODALITIES
from mtloc_jax.optimizers import OPTIMIZERS, Optimizer
from mtloc_jax.report.write import write_report
from mtloc_jax.settings import parsed
from mtloc_jax.simulate import simulate
from mtloc_jax.sites import buildings
from mtloc_jax.study.study import run_study
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.rules import Leave, Take
from mtloc_jax.surgery.tree import leaves
from tests.undrawn import undrawn

BASE = ("imu/bias", "imu/kernel", "imu/recurrent_kernel")


# (a) A modality with its own encoder.
class Height(nn.Module):
    hidden: int

    @nn.compact
    def __call__(self, x):
        return nn.relu(nn.Dense(self.hidden)(x.mean(axis=1)))


BAROMETER = modalities.sensor(
    "barometer",
    "air pressure",
    "hPa",
    {"color": "#CC79A7", "linestyle": "-.", "marker": "v"},
    sensors=("pressure",),
    read=lambda readings, window: readings["pressure"],
    encoder=lambda hidden, _: Height(hidden),
)


# ... and its reader: here, air that is thinner in the east.
def simulated_with_pressure(*args, **how):
    def with_pressure(walk):
        t_ms = walk.accel.t_ms
        east_m = np.interp(t_ms, walk.waypoint_t_ms, walk.waypoint_xy_m[:, 0])
        return replace(walk, extra={"pressure": Stream(t_ms, 1013 - 0.1 * east_m[:, None])})

    return list(map(with_pressure, simulate(*args, **how)))


# (b) An arm with a low-rank adapter on the grafted branch, whose base never moves.
class AdaptedLstm(nn.Module):
    hidden: int

    @nn.compact
    def __call__(self, x):
        draw, zeros, size = nn.initializers.glorot_uniform(), nn.initializers.zeros, self.hidden
        low, high = self.param("low", draw, (size, 2)), self.param("high", zeros, (2, 4 * size))
        kernel = self.param("kernel", draw, (x.shape[-1], 4 * size))
        recurrent = self.param("recurrent_kernel", draw, (size, 4 * size))
        bias = self.param("bias", zeros, (4 * size,))
        return last_hidden(LstmParams(kernel, recurrent + low @ high, bias), x)


class Adapted(MTLoc):
    @nn.nowrap
    def encoder(self, modality):
        return AdaptedLstm(self.hidden) if modality == "imu" else super().encoder(modality)


def adapted(settings):
    network = Adapted(settings.hidden, modalities=settings.modalities)
    return of_network(network, squared_error)


ADAPTER = Arm(
    "adapter",
    "low-rank adapter",
    {"color": "#CC79A7", "linestyle": "--", "marker": "d"},
    start="pretrained",
    rules=(*(Take(leaf, f"donor:{leaf}") for leaf in BASE), Leave("donor:head")),
    plan=", ".join(f"{leaf} frozen" for leaf in BASE),
    problem="adapted",
)


# (c) A problem with a predicted variance and a Gaussian loss.
def gaussian_loss(outputs, target, weight):
    squares = jnp.sum((outputs[:, :2] - target) ** 2, axis=1)
    log_variance = outputs[:, 2]
    loss = squares / (2 * jnp.exp(log_variance)) + log_variance
    return jnp.sum(weight * loss) / jnp.sum(weight)


def gaussian(settings):
    network = MTLoc(settings.hidden, modalities=settings.modalities, n_outputs=3)
    return of_network(network, gaussian_loss)


UNSURE = Arm(
    "unsure",
    "with a variance",
    {"color": "#56B4E9", "marker": "P"},
    "scratch_rates",
    problem="gaussian",
)

# (d) An optimiser.
DECAYING = Optimizer("adamw", {"weight_decay": 0.1})


# (e) A question.
def get_config():
    config = quickstart.get_config()
    config.study = "does air pressure help?"
    config.modalities = ("imu", "wifi", "barometer")
    config.arms = (SCRATCH, TRANSFERRED, "adapter", "unsure")
    config.optimizer, config.schedule = "decaying", "cosine"
    config.finetune_rates = (1.0, 0.5)
    return pairs.applied(config, "smoke")


@pytest.fixture(scope="module")
def reported(tmp_path_factory):
    """Return the folder of the study and the figures of its report."""
    with pytest.MonkeyPatch.context() as patch, undrawn() as figures:
        patch.setitem(MODALITIES, "barometer", BAROMETER)
        patch.setattr(buildings, "simulate", simulated_with_pressure)
        patch.setitem(ARMS, "adapter", ADAPTER)
        patch.setitem(ARMS, "unsure", UNSURE)
        patch.setitem(PROBLEMS, "adapted", adapted)
        patch.setitem(PROBLEMS, "gaussian", gaussian)
        patch.setitem(OPTIMIZERS, "decaying", DECAYING)
        folder = tmp_path_factory.mktemp("adding") / "study"
        run_study(parsed(get_config()), folder, lambda *told: None)
        write_report(folder)
        yield folder, figures


@pytest.fixture
def workdir(reported):
    return reported[0]


def labels_in(figure):
    return {text.get_text() for legend in figure.legends for text in legend.get_texts()}


def chunk_of(workdir, arm):
    """Return the parameters of an arm's first network."""
    for folder in sorted((workdir / "chunks").iterdir()):
        params, card = checkpoint.load(folder / "checkpoint")
        for at, run in enumerate(card["runs"]):
            if run["arm"] == arm:
                return {path: leaf[at] for path, leaf in leaves(params).items()}
    raise AssertionError(f"no chunk holds {arm}")


def test_every_new_arm_is_trained_and_judged_in_the_one_study(workdir):
    table = rows.select(rows.read(workdir / rows.ROWS), split="test", modality="none")
    found = {
        (str(arm), float(rate))
        for arm, rate in zip(table["arm"], table["finetune_rate"], strict=True)
    }
    adapters = {("adapter", rate) for rate in (1.0, 0.5)}
    assert found == {("scratch", 1.0), ("transferred", 0.0), ("unsure", 1.0)} | adapters
    assert np.all(np.isfinite(table["mean_m"]))


def test_the_new_modality_is_wiped_like_the_others(workdir):
    table = rows.select(rows.read(workdir / rows.ROWS), modality="barometer", arm="scratch")
    clean, wiped = (rows.select(table, drop_rate=rate)["mean_m"] for rate in (0.0, 1.0))
    assert len(clean) == len(wiped) == 1
    assert abs(wiped - clean) > 0.01


def test_the_new_encoder_and_the_variance_have_parameters_of_their_own(workdir):
    assert chunk_of(workdir, "scratch")["barometer/Dense_0/kernel"].shape == (1, 8)
    assert chunk_of(workdir, "scratch")["fusion/fc3/kernel/barometer"].shape == (8, 8)
    assert chunk_of(workdir, "unsure")["fusion/fc4/bias"].shape == (3,)


def test_the_adapter_moves_and_its_base_stays_bit_for_bit_under_weight_decay(workdir):
    params = chunk_of(workdir, "adapter")
    donor = leaves(checkpoint.load(workdir / "pretrained")[0])
    for leaf in BASE:
        assert params[leaf].tobytes() == np.asarray(donor[leaf][0]).tobytes()
    assert np.abs(params["imu/high"]).max() > 0
    proofs = rows.select(rows.read(workdir / rows.LEAVES), arm="adapter")
    assert [taken.split() for taken in proofs["taken"]] == [list(BASE)] * 2
    assert [unchanged.split() for unchanged in proofs["unchanged"]] == [list(BASE)] * 2


def test_new_entries_stand_in_tables_and_figures_under_their_labels(reported):
    workdir, figures = reported
    tables = {path.name: path.read_text() for path in (workdir / "tables").glob("*.md")}
    everything = "\n".join(tables.values())
    for label in ("air pressure", "low-rank adapter", "with a variance"):
        assert label in everything, label
    page = (workdir / "report.html").read_text()
    assert "decaying" in page
    assert "cosine" in page
    drawn = {path.stem for path in (workdir / "figures").glob("*.png")}
    assert {"fig5", "fig6", "data_demand"} <= drawn
    assert {"air pressure"} < labels_in(figures["fig5"])
    assert {"low-rank adapter", "with a variance"} < labels_in(figures["data_demand"])


def test_the_question_is_a_config_like_any_other(workdir):
    assert '"study": "does air pressure help?"' in (workdir / "config.json").read_text()
