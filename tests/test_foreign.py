"""Weights of other libraries come in with their layout converted, checked by their predictions."""

import importlib.util
import json
import subprocess
import sys

import h5py
import numpy as np
import pytest
from safetensors.numpy import save_file

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.foreign import read_foreign
from mtloc_jax.surgery.graft import Take, Transform, graft
from mtloc_jax.surgery.state_dict import from_torch
from mtloc_jax.surgery.tree import leaves, nest, tree_digest
from tests import networks

HIDDEN, APS = 8, 7
NAMES = {
    "imu": "imu_lstm",
    "mag": "mag_lstm",
    "wifi/fc1": "wifi_fc1",
    "wifi/fc2": "wifi_fc2",
    "fusion/fc3/bias": "fc3/bias",
    "fusion/fc4": "out",
}


PLAIN = {"name": "imu_lstm", "activation": "tanh", "recurrent_activation": "sigmoid"}
BACKWARDS = "layer imu_lstm reads its windows backwards; only a forward LSTM fits"


def _part(number):
    """Return the rows by which a joined kernel reads the n-th of its branches."""
    rows = slice(number * HIDDEN, (number + 1) * HIDDEN)
    return Transform("part", lambda ours, theirs: theirs[rows])


RULES = (
    *(Take(ours, theirs) for ours, theirs in NAMES.items()),
    *(
        Take(f"fusion/fc3/kernel/{branch}", "fc3/kernel", by=_part(number))
        for number, branch in enumerate(("wifi", "imu", "mag"))
    ),
)


def _grafted(tree):
    return graft(networks.params(HIDDEN, APS, seed=9), {"d": tree}, RULES)[0]


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
@pytest.mark.parametrize("separator", ["/", "."])
def test_a_flat_file_becomes_a_tree(tmp_path, suffix, separator):
    params = networks.params(HIDDEN, APS)
    flat = {path.replace("/", separator): leaf for path, leaf in leaves(params).items()}
    file = tmp_path / f"net{suffix}"
    save_file(flat, file) if suffix == ".safetensors" else np.savez(file, **flat)
    assert tree_digest(read_foreign(file)) == tree_digest(params)


def test_a_joined_kernel_is_taken_branch_by_branch():
    params = networks.params(HIDDEN, APS)
    fusion, wifi = params["fusion"], params["wifi"]
    kernel = fusion["fc3"]["kernel"]
    tree = {
        "imu_lstm": params["imu"],
        "mag_lstm": params["mag"],
        "wifi_fc1": wifi["fc1"],
        "wifi_fc2": wifi["fc2"],
        "fc3": {
            "kernel": np.concatenate([kernel[name] for name in ("wifi", "imu", "mag")]),
            "bias": fusion["fc3"]["bias"],
        },
        "out": fusion["fc4"],
    }
    assert tree_digest(_grafted(tree)) == tree_digest(params)


def _keras_2_file(path, params, scope="imu_lstm/lstm_cell/", **attributes):
    with h5py.File(path, "w") as file:
        file.attrs.update(attributes)
        for name, value in params["imu"].items():
            file[f"imu_lstm/{scope}{name}:0"] = value
        for name, value in params["fusion"]["fc4"].items():
            file[f"out/out/{name}:0"] = value


@pytest.mark.parametrize("scope", ["imu_lstm/lstm_cell/", "imu_lstm/", "imu_lstm/lstm_cell_3/"])
def test_keras_2_weight_names_are_read(tmp_path, scope):
    params = networks.params(HIDDEN, APS)
    _keras_2_file(tmp_path / "w.h5", params, scope)
    tree = read_foreign(tmp_path / "w.h5")
    wanted = {"imu_lstm": params["imu"], "out": params["fusion"]["fc4"]}
    assert tree_digest(tree) == tree_digest(wanted)


def test_an_lstm_with_two_biases_is_refused(tmp_path):
    params = networks.params(HIDDEN, APS)
    params["imu"]["bias"] = np.zeros(8 * HIDDEN, np.float32)
    _keras_2_file(tmp_path / "w.h5", params)
    with pytest.raises(InputError, match=r"w\.h5: layer imu_lstm is not an LSTM with one bias"):
        read_foreign(tmp_path / "w.h5")


def test_an_lstm_with_another_gate_function_is_refused(tmp_path):
    lstm = {"name": "lstm", "activation": "tanh", "recurrent_activation": "hard_sigmoid"}
    config = {"config": {"layers": [{"class_name": "LSTM", "config": lstm}]}}
    _keras_2_file(tmp_path / "w.h5", networks.params(4, 3), model_config=json.dumps(config))
    with pytest.raises(InputError, match="LSTM lstm has the activations tanh and hard_sigmoid"):
        read_foreign(tmp_path / "w.h5")


@pytest.mark.parametrize(
    ("layer", "says"),
    [
        ({"class_name": "LSTM", "config": PLAIN | {"go_backwards": True}}, BACKWARDS),
        (
            {
                "class_name": "Bidirectional",
                "config": {
                    "layer": {"class_name": "LSTM", "config": PLAIN},
                    "backward_layer": {"class_name": "LSTM", "config": PLAIN | {"go_backwards": 1}},
                },
            },
            BACKWARDS,
        ),
        (
            {
                "class_name": "RNN",
                "config": {
                    "cell": {
                        "class_name": "LSTMCell",
                        "config": PLAIN | {"recurrent_activation": "hard_sigmoid"},
                    }
                },
            },
            "LSTMCell imu_lstm has the activations tanh and hard_sigmoid",
        ),
    ],
)
def test_a_model_with_an_lstm_of_another_function_is_refused(tmp_path, layer, says):
    params = networks.params(4, 3)
    config = {"config": {"layers": [{"class_name": "LSTM", "config": PLAIN}]}}
    _keras_2_file(tmp_path / "w.h5", params, model_config=json.dumps(config))
    assert read_foreign(tmp_path / "w.h5").keys() == {"imu_lstm", "out"}
    config["config"]["layers"].append(layer)
    _keras_2_file(tmp_path / "w.h5", params, model_config=json.dumps(config))
    with pytest.raises(InputError, match=says):
        read_foreign(tmp_path / "w.h5")


def _keras_3_file(path, *layers):
    """Write weights as Keras 3's save_weights: (group, name, variables) of each layer."""
    with h5py.File(path, "w") as file:
        for group, name, variables in layers:
            file.create_group(f"layers/{group.removesuffix('/cell')}/vars").attrs["name"] = name
            for number, value in enumerate(variables):
                file[f"layers/{group}/vars/{number}"] = value


def test_the_backward_half_of_a_bidirectional_is_refused_without_its_model(tmp_path):
    lstm = [networks.params(4, 3)["imu"][name] for name in ("kernel", "recurrent_kernel", "bias")]
    dense = ("dense", "backward_dense", [np.ones((2, 3)), np.zeros(3)])
    halves = {
        half: (f"bidirectional/{half}/cell", name, lstm)
        for half, name in (("forward_layer", "forward_lstm"), ("backward_layer", "own"))
    }
    file = tmp_path / "net.weights.h5"
    _keras_3_file(file, dense, halves["forward_layer"])
    assert read_foreign(file).keys() == {"backward_dense", "forward_lstm"}
    _keras_3_file(file, dense, *halves.values())
    with pytest.raises(InputError, match=r"net\.weights\.h5: layer own reads its windows"):
        read_foreign(file)
    _keras_2_file(file, networks.params(4, 3), "backward_imu_lstm/lstm_cell/")
    with pytest.raises(InputError, match="layer backward_imu_lstm reads its windows backwards"):
        read_foreign(file)


@pytest.mark.parametrize("cell", ["lstm/cell", "rnn/cell/cells/lstm_cell_1"])
def test_an_lstm_without_a_bias_is_refused_without_its_model(tmp_path, cell):
    params = networks.params(4, 3)["imu"]
    lstm = cell, "imu_lstm", [params["kernel"], params["recurrent_kernel"]]
    _keras_3_file(tmp_path / "net.weights.h5", lstm)
    with pytest.raises(InputError, match=r"imu_lstm is not an LSTM with one bias .*\[4, 16\]"):
        read_foreign(tmp_path / "net.weights.h5")


def test_an_h5_file_that_is_not_keras_is_refused(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file["temperature"] = np.zeros(3)
    with pytest.raises(InputError, match="holds no Keras layer"):
        read_foreign(tmp_path / "w.h5")


def _torch_state(seed=0):
    """Return a state_dict whose LSTM has two biases, and the tree it means."""
    random = np.random.default_rng(seed)
    state = {
        "imu.weight_ih_l0": random.normal(size=(16, 2)).astype(np.float32),
        "imu.weight_hh_l0": random.normal(size=(16, 4)).astype(np.float32),
        "imu.bias_ih_l0": np.full(16, 1.0, np.float32),
        "imu.bias_hh_l0": np.full(16, 0.5, np.float32),
        "head.out.weight": random.normal(size=(2, 4)).astype(np.float32),
        "head.out.bias": np.ones(2, np.float32),
    }
    tree = {
        "imu": {
            "kernel": state["imu.weight_ih_l0"].T,
            "recurrent_kernel": state["imu.weight_hh_l0"].T,
            "bias": np.full(16, 1.5, np.float32),
        },
        "head": {"out": {"kernel": state["head.out.weight"].T, "bias": np.ones(2, np.float32)}},
    }
    return state, tree


def test_a_torch_state_dict_is_transposed_and_its_biases_summed():
    state, tree = _torch_state()
    assert tree_digest(nest(from_torch(state))) == tree_digest(tree)


@pytest.mark.parametrize("suffix", [".safetensors", ".npz"])
def test_a_torch_state_dict_is_recognised_by_its_names(tmp_path, suffix):
    state, tree = _torch_state()
    file = tmp_path / f"net{suffix}"
    save_file(state, file) if suffix == ".safetensors" else np.savez(file, **state)
    assert tree_digest(read_foreign(file)) == tree_digest(tree)


@pytest.mark.parametrize(
    ("name", "shape", "says"),
    [
        ("imu.weight_ih_l1", (16, 4), "several layers or two directions"),
        ("imu.weight_ih_l0_reverse", (16, 2), "several layers or two directions"),
        ("imu.weight_hh_l0", (16, 3), "not an LSTM's"),
        ("imu.weight_ih_l0", (15, 2), "not an LSTM's"),
        ("imu.weight_ih_l0", (), "not an LSTM's"),
    ],
)
def test_a_torch_lstm_that_does_not_fit_is_refused(name, shape, says):
    state, _ = _torch_state()
    with pytest.raises(InputError, match=says):
        from_torch(state | {name: np.zeros(shape, np.float32)})


@pytest.mark.parametrize("suffix", [".safetensors", ".npz", ".h5"])
def test_a_cut_file_is_named(tmp_path, suffix):
    file = tmp_path / f"net{suffix}"
    flat = leaves(networks.params(HIDDEN, APS))
    if suffix == ".h5":
        _keras_2_file(file, networks.params(HIDDEN, APS))
    else:
        save_file(flat, file) if suffix == ".safetensors" else np.savez(file, **flat)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(InputError, match=f"net{suffix}: cannot be read"):
        read_foreign(file)


def test_a_weight_that_is_also_a_layer_is_refused(tmp_path):
    state, _ = _torch_state()
    np.savez(tmp_path / "w.npz", imu=np.zeros(3, np.float32), **state)
    with pytest.raises(InputError, match=r"w\.npz: imu is both a weight and a layer"):
        read_foreign(tmp_path / "w.npz")


def test_a_missing_or_unknown_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"w\.npz: no such file"):
        read_foreign(tmp_path / "w.npz")
    (tmp_path / "w.onnx").write_text("")
    with pytest.raises(InputError, match=r"w\.onnx: cannot read \.onnx file; save the weights as"):
        read_foreign(tmp_path / "w.onnx")


# Keras runs in a process of its own: it picks its backend, and warns, once for a whole process.
KERAS = """
import os, sys
os.environ["KERAS_BACKEND"] = "jax"
import h5py, keras, numpy as np
from keras import layers
folder, hidden, aps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
keras.utils.set_random_seed(0)
imu, mag, wifi = (layers.Input(shape) for shape in ((10, 2), (10, 1), (aps,)))
dense = lambda name: layers.Dense(hidden, "relu", name=name, bias_initializer="normal")
lstm = lambda name: layers.LSTM(hidden, name=name, bias_initializer="normal")
features = dense("wifi_fc2")(dense("wifi_fc1")(wifi)), lstm("imu_lstm")(imu), lstm("mag_lstm")(mag)
out = layers.Dense(2, name="out")(dense("fc3")(layers.Concatenate()(features)))
model = keras.Model([imu, mag, wifi], out)
model.compile("rmsprop", "mse")
inputs = [np.load(f"{folder}/{name}.npy") for name in ("imu", "mag", "wifi")]
model.fit(inputs, np.zeros((len(inputs[0]), 2)), verbose=0)  # so that an optimiser is saved too
np.save(f"{folder}/out.npy", model.predict(inputs, verbose=0))
model.save(f"{folder}/whole.h5")
model.save_weights(f"{folder}/net.weights.h5")
"""


@pytest.fixture(scope="module")
def keras_files(tmp_path_factory):
    if importlib.util.find_spec("keras") is None:
        pytest.skip("Keras is in the extra `bench`")
    folder = tmp_path_factory.mktemp("keras")
    for name, array in networks.inputs(APS, n=50).items():
        np.save(folder / f"{name}.npy", array)
    command = [sys.executable, "-c", KERAS, str(folder), str(HIDDEN), str(APS)]
    subprocess.run(command, check=True, capture_output=True)
    return folder


@pytest.mark.parametrize("name", ["whole.h5", "net.weights.h5"])
def test_a_keras_network_predicts_here_what_it_predicts_there(keras_files, name):
    params = _grafted(read_foreign(keras_files / name))
    ours, theirs = (
        networks.apply(params, networks.inputs(APS, n=50)),
        np.load(keras_files / "out.npy"),
    )
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_torch_network_predicts_here_what_it_predicts_there(tmp_path, suffix):
    torch = pytest.importorskip("torch", reason="PyTorch is in the extra `bench`")
    torch.manual_seed(0)
    lstms = {"imu_lstm": 2, "mag_lstm": 1}
    dense = {"wifi_fc1": APS, "wifi_fc2": HIDDEN, "fc3": 3 * HIDDEN}
    net = torch.nn.ModuleDict(
        {name: torch.nn.LSTM(size, HIDDEN, batch_first=True) for name, size in lstms.items()}
        | {name: torch.nn.Linear(size, HIDDEN) for name, size in dense.items()}
        | {"out": torch.nn.Linear(HIDDEN, 2)}
    )
    windows = networks.inputs(APS, n=50)
    with torch.no_grad():
        imu, mag, wifi = map(torch.from_numpy, windows.values())
        wifi = net["wifi_fc2"](net["wifi_fc1"](wifi).relu()).relu()
        last = [net["imu_lstm"](imu)[0][:, -1], net["mag_lstm"](mag)[0][:, -1]]
        theirs = net["out"](net["fc3"](torch.cat([wifi, *last], 1)).relu()).numpy()
    file = tmp_path / f"net{suffix}"
    if suffix == ".pt":
        torch.save(net.state_dict(), file)
    else:
        save_file({name: value.numpy() for name, value in net.state_dict().items()}, file)
    ours = networks.apply(_grafted(read_foreign(file)), windows)
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5)


def test_a_damaged_torch_file_is_named(tmp_path):
    pytest.importorskip("torch", reason="PyTorch is in the extra `bench`")
    (tmp_path / "net.pt").write_bytes(b"not a network")
    with pytest.raises(InputError, match=r"net\.pt: cannot be read"):
        read_foreign(tmp_path / "net.pt")


TRAPS = """
import os, sys, torch
folder = sys.argv[1]
class Shell:
    def __reduce__(self): return os.mkdir, (f"{folder}/unpickled",)
net = torch.nn.Linear(3, 2)
torch.save(Shell(), f"{folder}/shell.pt")
torch.save(Shell(), f"{folder}/old.pt", _use_new_zipfile_serialization=False)
torch.save(net, f"{folder}/module.pt")
torch.save({"model": net.state_dict()}, f"{folder}/more.pt")
torch.save({"kernel": torch.zeros(1).expand(10**9)}, f"{folder}/wide.pt")
torch.save({"out.bias": torch.tensor([1.5, -2.0], dtype=torch.bfloat16)}, f"{folder}/half.pt")
"""


def test_a_torch_file_gives_tensors_of_a_state_dict_and_runs_nothing(tmp_path):
    if importlib.util.find_spec("torch") is None:
        pytest.skip("PyTorch is in the extra `bench`")
    subprocess.run([sys.executable, "-c", TRAPS, str(tmp_path)], check=True, capture_output=True)
    says = {
        "shell": "it holds objects that would run code when read",
        "old": "it holds objects that would run code when read",
        "module": "it holds objects .* save it by torch.save\\(model.state_dict",
        "more": "it is no state_dict",
        "wide": "says that it holds 4,000,000,000 bytes",
    }
    for name, problem in says.items():
        with pytest.raises(InputError, match=problem):
            read_foreign(tmp_path / f"{name}.pt")
    assert not (tmp_path / "unpickled").exists()
    assert read_foreign(tmp_path / "half.pt")["out"]["bias"].tolist() == [1.5, -2.0]
