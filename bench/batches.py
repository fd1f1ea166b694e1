"""Write down the batches our runs draw, so that every other library trains on the same ones.

python -m bench.batches SHAPE_AS_JSON RUNS OUT
"""

import json
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from bench.problem import EPOCHS, Shape
from bench.runs import run
from mtloc_jax.core.train import _shuffled


def drawn(shape: Shape, runs: int) -> np.ndarray:
    """Return the windows of each batch of runs 0 .. runs-1, i32[runs, EPOCHS * N / B, B]."""
    shuffled = jax.jit(lambda one, epoch: _shuffled(one, epoch, shape.batch))
    orders = [
        [shuffled(run(shape, number), jnp.int32(epoch)) for epoch in range(EPOCHS)]
        for number in range(runs)
    ]
    return np.asarray(orders, np.int32).reshape(runs, -1, shape.batch)


def main(shape_text: str, runs: str, out: str) -> None:
    """Write the batches of `runs` runs to the file `out`."""
    with Path(out).open("wb") as file:
        np.save(file, drawn(Shape(**json.loads(shape_text)), int(runs)))


if __name__ == "__main__":
    main(*sys.argv[1:])
