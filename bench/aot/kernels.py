"""What kernels of our own cost: a compiler does not look into them, so it is counted by hand.

Each block of an operand or result is fetched or written once, so bytes are those of the whole
arrays.
"""

import math
import re
from collections.abc import Sequence

from bench.aot.hlo import Array, Instruction, Unreadable
from mtloc_jax.core import lstm_mosaic

TARGET = "tpu_custom_call"

_PRODUCTS = {
    lstm_mosaic.FORWARD: 1,
    lstm_mosaic.BACKWARD: 3,  # forward again, through the state, and the weights' gradient
}
"""By kernel: products with a recurrent kernel in each step but the first."""


def is_ours(one: Instruction) -> bool:
    """Say whether an instruction begins a kernel that was handed to the compiler."""
    return one.op == "custom-call" and f'"{TARGET}"' in one.attributes


def flop(one: Instruction, operands: Sequence[Array]) -> float:
    """Return the operations of a kernel's products; raises Unreadable where it is not known.

    operands: windows, kernel [.., C, 4H] and recurrent kernel [.., H, 4H] first, as all of ours
    """
    found = re.search(r'op_name="([^"]*)"', one.attributes)
    of = set(found.group(1).split("/")) & set(_PRODUCTS) if found else set()
    if len(of) != 1:
        raise Unreadable(f"{one.name} is a kernel that nobody counted")
    x, kernel, recurrent = (array.dims for array in operands[:3])
    later = math.prod(x) * (1 - x[-2] * kernel[-2] / math.prod(x[-2:])) / kernel[-2]
    return _PRODUCTS[of.pop()] * 2 * later * math.prod(recurrent[-2:])
