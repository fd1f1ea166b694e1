"""How PyTorch is asked for matrix products of one precision."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial

import torch

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def asked(precision: str) -> Callable[[], AbstractContextManager]:
    """Set the process's products to a name in bench.precision, "" for PyTorch's own choice.

    Returns what makes the context to compute a forward pass in: bf16 is autocast's.
    """
    if precision:
        torch.set_float32_matmul_precision("highest" if precision == "float32" else "high")
        torch.backends.cudnn.allow_tf32 = precision != "float32"
    # Without its cache: a graph may hold no copy of weights that goes when the context does.
    return partial(
        torch.autocast, DEVICE, torch.bfloat16, enabled=precision == "bf16", cache_enabled=False
    )
