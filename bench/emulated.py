"""Run a program on a CPU with the matrix products of an accelerator: inputs rounded, sums float32.

  python -m bench.emulated bf16 launch.study --config=configs/table5.py:mmloc --workdir=DIR ...

A TPU rounds the inputs of every float32 product to bfloat16 unless told otherwise, an NVIDIA GPU to
TF32. Both are rounded here in every product of every compiled program, gradients included.
"""

import runpy
import sys
from functools import partial

import jax
from jax import lax
from jax._src.lax import lax as inside  # the only place that knows how a product is compiled
from jax.interpreters import mlir

MANTISSA_BITS = {"tf32": 10, "bf16": 7}
_EXPONENT_BITS = 8


def round_products(precision: str) -> None:
    """From now on, round the inputs of each product that is compiled for a CPU."""
    rounded = mlir.lower_fun(
        partial(
            lax.reduce_precision,
            exponent_bits=_EXPONENT_BITS,
            mantissa_bits=MANTISSA_BITS[precision],
        ),
        multiple_results=False,
    )
    whole = partial(inside._dot_general_lower, platform="cpu")

    def lowered(ctx: mlir.LoweringRuleContext, left, right, **asked):
        inputs = []
        for value, aval in zip((left, right), ctx.avals_in, strict=True):
            alone = ctx.replace(primitive=None, avals_in=[aval], avals_out=[aval])
            (made,) = rounded(alone, value) if aval.dtype == "float32" else (value,)
            inputs.append(made)
        return whole(ctx, *inputs, **asked)

    mlir.register_lowering(lax.dot_general_p, lowered, platform="cpu")
    jax.clear_caches()


if __name__ == "__main__":
    precision, program, *sys.argv[1:] = sys.argv[1:]
    if precision != "float32":
        round_products(precision)
    runpy.run_module(program, run_name="__main__", alter_sys=True)
