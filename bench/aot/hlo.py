"""Read the text of a compiled program: its computations, instructions and loops."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_BYTES = {"pred": 1, "s8": 1, "u8": 1, "s16": 2, "u16": 2, "bf16": 2, "f16": 2, "s32": 4, "u32": 4}
_BYTES |= {"f32": 4, "s64": 8, "u64": 8, "f64": 8, "token": 0, "opaque": 0}
_ARRAY = re.compile(r"(\w+)\[([\d,]*)\](?:\{([\d,]*)((?::[^{}]*)?)\})?")
_COMPUTATION = re.compile(r"(ENTRY )?%?([\w.\-]+) \(.*\{$")
_INSTRUCTION = re.compile(r"\s+(ROOT )?%?([\w.\-]+) = (.*)$")
_LITERAL = ("constant", "parameter")


class Unreadable(ValueError):
    """Say what of a program's text this reader does not know."""


@dataclass(frozen=True)
class Array:
    """Hold an array's type.

    bytes: with what tiles pad it to; in_memory: not in a TPU's fast memory on the chip
    """

    dtype: str
    dims: tuple[int, ...]
    bytes: int
    in_memory: bool


@dataclass(frozen=True)
class Instruction:
    """Hold one line.

    arrays: what it makes; operands: names; attributes: the rest of the line; literal: the value of
    a constant, the number of a parameter
    """

    name: str
    op: str
    arrays: tuple[Array, ...]
    operands: tuple[str, ...]
    attributes: str
    literal: str
    is_root: bool

    @property
    def bytes(self) -> int:
        """Return the bytes of what it makes."""
        return sum(array.bytes for array in self.arrays)

    def named(self, attribute: str) -> str:
        """Return the name that an attribute gives (`calls=%name`); raises Unreadable without it."""
        found = re.search(rf"\b{attribute}=%?([\w.\-]+)", self.attributes)
        if not found:
            raise Unreadable(f"{self.op} {self.name} has no {attribute}")
        return found.group(1)

    def called(self) -> list[str]:
        """Return the computations that it runs once each: a call's, or branches, of which one."""
        several = re.search(r"branch_computations=\{([^}]*)\}", self.attributes)
        if several:
            return re.findall(r"%?([\w.\-]+)", several.group(1))
        found = re.findall(
            r"\b(?:calls|to_apply|true_computation|false_computation)=%?([\w.\-]+)", self.attributes
        )
        if not found:
            raise Unreadable(f"{self.op} {self.name} calls nothing")
        return found


Computation = dict[str, Instruction]


class Hlo:
    """Hold a program: its computations by name, and the one that it begins with."""

    def __init__(self, text: str) -> None:
        """Read a program; raises Unreadable where it has no entry."""
        self.text = text
        self.computations: dict[str, Computation] = {}
        self.entry = ""
        current: Computation | None = None
        for line in text.splitlines():
            if head := _COMPUTATION.match(line):
                current = self.computations.setdefault(head.group(2), {})
                self.entry = head.group(2) if head.group(1) else self.entry
            elif (body := _INSTRUCTION.match(line)) and current is not None:
                read = _instruction(*body.groups())
                if read is not None:
                    current[read.name] = read
        if not self.entry:
            raise Unreadable("a program without an entry")

    def root(self, computation: str) -> Instruction:
        """Return what a computation returns."""
        return next(one for one in self.computations[computation].values() if one.is_root)

    def loops(self, computation: str) -> Iterator[Instruction]:
        """Yield the loops of a computation, those in what it calls included."""
        for one in self.computations[computation].values():
            if one.op == "while":
                yield one
            elif one.op in ("call", "conditional"):
                for called in one.called():
                    yield from self.loops(called)

    def all_loops(self, computation: str) -> Iterator[Instruction]:
        """Yield the loops of a computation, and those within them."""
        for loop in self.loops(computation):
            yield loop
            yield from self.all_loops(loop.named("body"))

    def trips(self, loop: Instruction) -> int | None:
        """Return how often a loop runs; None where only the data knows."""
        known = re.search(r"known_trip_count\D*(\d+)", loop.attributes)
        if known:
            return int(known.group(1))
        condition = loop.named("condition")
        root, inside = self.root(condition), self.computations[condition]
        bounds = [self._literal(operand, inside) for operand in root.operands]
        if root.op == "fusion":
            called = root.named("calls")
            if self.root(called).op != "compare":
                return None
            bounds += [
                int(one.literal)
                for one in self.computations[called].values()
                if one.op == "constant" and re.fullmatch(r"-?\d+", one.literal)
            ]
        elif root.op != "compare":
            return None
        found = [bound for bound in bounds if bound is not None]
        return found[0] if len(found) == 1 else None

    @cached_property
    def step(self) -> str:
        """Return the computation that is one step: a loop of unknown length within another such.

        Raises Unreadable where there is none, or several.
        """
        found = [
            inner.named("body")
            for outer in self._endless(self.entry)
            for inner in self._endless(outer.named("body"))
        ]
        if len(found) != 1:
            raise Unreadable(f"{len(found)} loops over steps within one over epochs")
        return found[0]

    def _endless(self, computation: str) -> list[Instruction]:
        return [loop for loop in self.loops(computation) if self.trips(loop) is None]

    def _literal(self, name: str, inside: Computation) -> int | None:
        one = inside.get(name)
        while one is not None and one.op in ("copy", "bitcast"):
            one = inside.get(one.operands[0])
        if one is None or one.op != "constant" or not re.fullmatch(r"-?\d+", one.literal):
            return None
        return int(one.literal)


def arrays_in(text: str) -> tuple[Array, ...]:
    """Return every array in a type; raises Unreadable on an element type that is not known."""
    found = []
    for dtype, dims, order, rest in _ARRAY.findall(re.sub(r"/\*.*?\*/", "", text)):
        if dtype not in _BYTES:
            raise Unreadable(f"an array of {dtype}")
        size = tuple(int(d) for d in dims.split(",") if d)
        laid = [size[int(k)] for k in reversed(order.split(","))] if order else list(size)
        tiled = re.search(r"T\(([\d,]+)\)", rest or "")
        tile = [int(t) for t in tiled.group(1).split(",")] if tiled else []
        for k, t in enumerate(reversed(tile), 1):
            if k <= len(laid):
                laid[-k] = -(-laid[-k] // t) * t
        count = max(math.prod(laid), math.prod(tile))
        found.append(Array(dtype, size, _BYTES[dtype] * count, "S(" not in (rest or "")))
    return tuple(found)


def _instruction(root: str | None, name: str, rest: str) -> Instruction | None:
    begins = _closing(rest, 0) + 1 if rest[0] == "(" else len(rest.split(maxsplit=1)[0])
    call = re.match(r"\s*([\w\-]+)\(", rest[begins:])
    if not call:
        return None
    opened = begins + call.end() - 1
    closed = _closing(rest, opened)
    inside, op = rest[opened + 1 : closed], call.group(1)
    return Instruction(
        name,
        op,
        arrays_in(rest[:begins]),
        () if op in _LITERAL else tuple(re.findall(r"%([\w.\-]+)", inside)),
        rest[closed + 1 :],
        inside if op in _LITERAL else "",
        bool(root),
    )


def _closing(text: str, start: int) -> int:
    depth = 0
    for k in range(start, len(text)):
        depth += (text[k] == "(") - (text[k] == ")")
        if depth == 0:
            return k
    raise Unreadable(f"no closing parenthesis in {text[:60]!r}")
