"""Networks on the terminal: Table I's names, and no name is taken for markup."""

import numpy as np
import pytest
from rich.console import Console

from mtloc_jax.surgery.graft import Keep, Leave, graft
from mtloc_jax.surgery.show import (
    card_view,
    difference_view,
    graft_view,
    lineage_view,
    network_view,
)
from tests import networks


def _shown(view):
    console = Console(width=200)
    with console.capture() as shown:
        console.print(view)
    return shown.get()


def test_layers_have_table_1s_names_order_and_counts():
    lines = _shown(network_view(networks.params(128, 750), None)).splitlines()
    titles = [line.split("  ")[0].strip() for line in lines]
    layers = ["WiFi FC1", "WiFi FC2", "IMU-LSTM", "MAG-LSTM", "fusion FC3", "output FC4"]
    assert titles == ["layer", *layers, "all"]
    numbers = [int(line.split()[-1].replace(",", "")) for line in lines[1:]]
    assert numbers == [96_128, 16_512, 67_072, 66_560, 49_280, 258, 295_810]
    assert "kernel/imu [128, 128], kernel/mag [128, 128], kernel/wifi [128, 128]" in lines[5]


def test_the_runs_of_a_stack_are_counted_once():
    stack = {"imu": {"kernel": np.zeros((3, 2, 8))}}
    shown = _shown(network_view(stack, 3))
    assert "kernel [2, 8]" in shown
    assert "in each of 3 runs" in shown


ODD = "[bold]lstm"


@pytest.mark.parametrize(
    "view",
    [
        network_view({ODD: {"kernel": np.zeros(2)}}, None),
        difference_view({ODD: np.zeros(2)}, {}),
        card_view({"config": {ODD: {"[/]": 3}}}),
        card_view({"site": {"name": ODD}}),
        lineage_view({"lineage": {ODD: {"path": "a"}}}),
    ],
)
def test_a_name_is_shown_as_it_is(view):
    assert ODD in _shown(view)


def test_a_graft_names_leaves_as_they_are():
    _, report = graft(
        {"[red]a": np.zeros(1)}, {"d": {"[red]b": np.ones(1)}}, (Keep("*"), Leave("*"))
    )
    shown = _shown(graft_view(report))
    assert "[red]a [1] keep" in shown
    assert "d:[red]b [1] leave" in shown
