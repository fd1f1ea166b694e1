"""Run a program on a CPU with the matrix products of an accelerator: inputs rounded, sums float32.

  python -m bench.emulated bf16 launch.study --config=configs/table5.py:mmloc --workdir=DIR ...

A TPU rounds the inputs of every float32 product to bfloat16 unless told otherwise, an NVIDIA GPU to
TF32. Both are rounded here in every product of every compiled program, gradients included.
"""

import runpy
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import jax
from jax import lax
from jax._src.lax import lax as inside  # the only place that knows how a product is compiled
from jax.interpreters import mlir

MANTISSA_BITS = {"tf32": 10, "bf16": 7}
_EXPONENT_BITS = 8


@contextmanager
def rounded_products(precision: str) -> Iterator[None]:
    """Round the inputs of each product that is compiled for a CPU meanwhile.

    precision: a name in bench.precision; float32 rounds nothing
    """
    whole = partial(inside._dot_general_lower, platform="cpu")
    _compile_as(whole if precision == "float32" else _rounding(MANTISSA_BITS[precision], whole))
    try:
        yield
    finally:
        _compile_as(whole)


def _rounding(mantissa_bits: int, whole: Callable[..., Any]) -> Callable[..., Any]:
    cut = partial(lax.reduce_precision, exponent_bits=_EXPONENT_BITS, mantissa_bits=mantissa_bits)
    rounded = mlir.lower_fun(cut, multiple_results=False)

    def lowered(ctx: mlir.LoweringRuleContext, left, right, **asked):
        inputs = []
        for value, aval in zip((left, right), ctx.avals_in, strict=True):
            alone = ctx.replace(primitive=None, avals_in=[aval], avals_out=[aval])
            (made,) = rounded(alone, value) if aval.dtype == "float32" else (value,)
            inputs.append(made)
        return whole(ctx, *inputs, **asked)

    return lowered


def _compile_as(rule: Callable[..., Any]) -> None:
    mlir.register_lowering(lax.dot_general_p, rule, platform="cpu")
    jax.clear_caches()  # or what was compiled before would be run again


if __name__ == "__main__":
    precision, program, *sys.argv[1:] = sys.argv[1:]
    with rounded_products(precision):
        runpy.run_module(program, run_name="__main__", alter_sys=True)
