"""What kernels of our own cost: a compiler does not look into them, so it is counted by hand.

Each block of an operand or result is fetched or written once, so bytes are those of the whole
arrays; what programs of a GPU read again, they read from its cache.
"""

import math
import re
from collections.abc import Sequence

from bench.aot.hlo import Array, Instruction, Unreadable
from mtloc_jax.core import lstm_mosaic, lstm_triton

TARGETS = ("tpu_custom_call", "__gpu$xla.gpu.triton")

_PRODUCTS = {
    lstm_mosaic.FORWARD: (1, -2),
    lstm_mosaic.BACKWARD: (3, -2),  # forward again, through the state, and the weights' gradient
    lstm_triton.FORWARD: (1, -1),
}
"""By kernel: products with a recurrent kernel in each step but the first; the axis of windows."""


def is_ours(one: Instruction) -> bool:
    """Say whether an instruction begins a kernel that was handed to the compiler."""
    return one.op == "custom-call" and any(f'"{name}"' in one.attributes for name in TARGETS)


def flop(one: Instruction, operands: Sequence[Array]) -> float:
    """Return the operations of a kernel's products; raises Unreadable where it is not known.

    operands: windows, kernel [.., C, 4H] and recurrent kernel [.., H, 4H] first, as all of ours
    """
    found = re.search(r'op_name="([^"]*)"', one.attributes)
    of = set(found.group(1).split("/")) & set(_PRODUCTS) if found else set()
    if len(of) != 1:
        raise Unreadable(f"{one.name} is a kernel that nobody counted")
    products, axis = _PRODUCTS[of.pop()]
    x, kernel, recurrent = (array.dims for array in operands[:3])
    later = math.prod(x) * (1 - x[axis] * kernel[-2] / math.prod(x[-2:])) / kernel[-2]
    return products * 2 * later * math.prod(recurrent[-2:])
