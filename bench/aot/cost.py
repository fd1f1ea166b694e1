"""What a compiled program costs by its text: bytes through memory, products, operations.

A compiler's own figures count a loop's body once, or are lacking; so this reads what will run.
Caches are left out: what is read back from one costs less than it says here.
"""

import math
import re
from typing import NamedTuple

from bench.aot import kernels
from bench.aot.hlo import Computation, Hlo, Instruction, Unreadable

_FREE = {
    "parameter",
    "constant",
    "tuple",
    "get-tuple-element",
    "bitcast",
    "after-all",
    "partition-id",
}
_MAKES_FROM_NOTHING = {"broadcast", "iota"}
_SLICES = {"dynamic-slice", "slice", "dynamic-update-slice"}
COLLECTIVE = re.compile(
    r" (all-reduce|all-gather|all-to-all|collective-permute|reduce-scatter|collective-broadcast"
    r"|ragged-all-to-all|send|recv)(-start)?\("
)
_PRODUCT_ELSEWHERE = ("cublas", "cudnn$conv", "cudnn$fmha")


class Cost(NamedTuple):
    """Hold bytes through memory, floating-point operations of products, and operations begun."""

    bytes: float = 0
    flop: float = 0
    operations: float = 0

    def plus(self, other: "Cost", times: int = 1) -> "Cost":
        """Return this and `times` another."""
        return Cost(*(a + times * b for a, b in zip(self, other, strict=True)))


def cost(hlo: Hlo, computation: str, *, products: bool = True) -> Cost:
    """Return what a computation costs with all that it runs; a loop of unknown length once.

    Of the branches of a condition the dearest counts. Raises Unreadable on products that are
    handed to a library, whose size the text does not say; `products`: whether to count them.
    """
    total, inside = Cost(), hlo.computations[computation]
    for one in inside.values():
        if one.op == "while":
            total = total.plus(cost(hlo, one.named("body"), products=products), hlo.trips(one) or 1)
        elif one.op == "call":
            for called in one.called():
                total = total.plus(cost(hlo, called, products=products))
        elif one.op == "conditional":
            total = total.plus(max(cost(hlo, called, products=products) for called in one.called()))
        elif not (
            one.op in _FREE or one.op.endswith("-done") or "AllocateBuffer" in one.attributes
        ):
            flop = _flop(hlo, one, inside) if products else 0
            total = total.plus(Cost(_moved(hlo, one, inside), flop, 1))
    return total


def _flop(hlo: Hlo, one: Instruction, inside: Computation) -> float:
    if one.op == "fusion":
        called = one.named("calls")
        within = hlo.computations[called]
        return sum(_flop(hlo, part, within) for part in within.values())
    if one.op == "dot":
        contracted = re.search(r"lhs_contracting_dims=\{([\d,]*)\}", one.attributes)
        if not contracted:
            raise Unreadable(f"dot {one.name} contracts nothing")
        left = inside[one.operands[0]].arrays[0].dims
        size = math.prod(left[int(d)] for d in contracted.group(1).split(",") if d)
        return 2 * math.prod(one.arrays[0].dims) * size
    if one.op == "convolution":  # how a TPU writes a product; a dilated window is its batch
        labels = re.search(r"dim_labels=(\w+)_", one.attributes)
        if not labels:
            raise Unreadable(f"convolution {one.name} has no dim_labels")
        left = inside[one.operands[0]].arrays[0].dims
        return 2 * math.prod(one.arrays[0].dims) * left[labels.group(1).index("f")]
    if kernels.is_ours(one):
        return kernels.flop(one, [inside[operand].arrays[0] for operand in one.operands])
    if one.op == "custom-call" and any(word in one.attributes for word in _PRODUCT_ELSEWHERE):
        raise Unreadable(f"{one.name} is a product of a library")
    return 0


def _moved(hlo: Hlo, one: Instruction, inside: Computation) -> float:
    if one.op == "fusion":
        called = one.named("calls")
        read = sum(
            _read(hlo, called, one.operands.index(operand))
            for operand in dict.fromkeys(one.operands)
            if inside[operand].arrays and inside[operand].arrays[0].in_memory
        )
        share = sum(a.bytes for a in one.arrays if a.in_memory) / max(one.bytes, 1)
        return read + share * _written(hlo, called)
    if one.op == "slice-start":
        piece = [a for a in one.arrays if a.dtype == one.arrays[0].dtype][1]
        return piece.bytes * (one.arrays[0].in_memory + piece.in_memory)
    if one.op in _SLICES:
        from_update = one.op == "dynamic-update-slice"
        piece = inside[one.operands[1]].arrays[0] if from_update else one.arrays[0]
        whole = inside[one.operands[0]].arrays[0]
        return piece.bytes * (whole.in_memory + one.arrays[0].in_memory)
    made = one.arrays[:1] if one.op.endswith("-start") else one.arrays
    if one.op in _MAKES_FROM_NOTHING:
        return sum(a.bytes for a in made if a.in_memory)
    taken = [a for operand in dict.fromkeys(one.operands) for a in inside[operand].arrays]
    return sum(a.bytes for a in (*made, *taken) if a.in_memory)


def _read(hlo: Hlo, computation: str, number: int) -> float:
    """Return what a fusion reads of one operand: slices of it, where it reads no more."""
    inside = hlo.computations[computation]
    start = next(
        one for one in inside.values() if one.op == "parameter" and one.literal == str(number)
    )

    def of(name: str) -> float:
        total = 0.0
        for user in inside.values():
            for at, operand in enumerate(user.operands):
                if operand != name:
                    continue
                if user.op in ("bitcast", "get-tuple-element"):
                    total += of(user.name)
                elif user.op in ("dynamic-slice", "slice", "gather") and at == 0:
                    total += user.bytes
                elif user.op == "fusion":
                    total += _read(hlo, user.named("calls"), at)
                elif not (user.op == "dynamic-update-slice" and at == 0):
                    return start.bytes
        return total

    return min(start.bytes, of(start.name))


def _written(hlo: Hlo, computation: str) -> float:
    """Return what a fusion writes: the update alone, where it updates in place."""
    inside = hlo.computations[computation]

    def of(one: Instruction) -> float:
        if one.op == "tuple":
            return sum(of(inside[operand]) for operand in one.operands)
        if one.op == "dynamic-update-slice":
            return inside[one.operands[1]].bytes
        if one.op == "bitcast" and one.operands[0] in inside:
            return of(inside[one.operands[0]])
        if one.op == "fusion":
            return _written(hlo, one.named("calls"))
        return one.bytes

    return of(hlo.root(computation))
