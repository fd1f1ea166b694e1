"""Floating-point operations of a training step: matrix products alone, counted from its jaxpr."""

from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import jax
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, Var

from mtloc_jax.core.train import Static

Shapes = dict[str, tuple[int, ...]]


def step_flop(static: Static, shapes: Shapes) -> int:
    """Return what one step takes (792 MFLOP for the paper's network, 750 access points).

    shapes: of one window of each modality, (T, C) or (A,). The features of branches that never
    move are known. The backward pass costs twice the forward pass, less the gradients with respect
    to the data and to leaves that never move, which nobody needs.
    """
    problem, batch = static.problem, static.batch_size

    inputs = _specs(batch, shapes)
    params = jax.eval_shape(
        lambda x: problem.network.init(jax.random.key(0), x)["params"], _specs(1, shapes)
    )
    hidden = problem.width // max(len(problem.branches), 1)
    known = _specs(batch, dict.fromkeys(static.known, (hidden,)))
    paces = dict(static.paces)
    paths = [path for path, _ in jax.tree_util.tree_leaves_with_path(params)]
    moving = [not paces["/".join(key.key for key in path)].frozen for path in paths]
    return trained_flop(
        lambda p, x, k: problem.network.apply({"params": p}, x, 1.0, k),
        params,
        inputs,
        known,
        moving=moving,
    )


def trained_flop(
    function: Callable[..., Any], params: Any, *data: Any, moving: Sequence[bool] | None = None
) -> int:
    """Return the operations of a forward and a backward pass with respect to `params` alone.

    moving: whether each leaf of them trains; all of them where None
    """
    closed = jax.make_jaxpr(function)(params, *data)
    n_params = len(jax.tree.leaves(params))
    trained = [True] * n_params if moving is None else list(moving)
    trained += [False] * (len(closed.jaxpr.invars) - n_params)
    return _counted(closed.jaxpr, trained)[0]


def _specs(n: int, shapes: Shapes) -> dict[str, jax.ShapeDtypeStruct]:
    return {name: jax.ShapeDtypeStruct((n, *shape), "float32") for name, shape in shapes.items()}


def _counted(jaxpr: Jaxpr, trained: Sequence[bool]) -> tuple[int, list[bool]]:
    """Return the operations of a jaxpr, and which of its results depend on parameters."""
    depends: dict[Var, bool] = dict(zip(jaxpr.invars, trained, strict=True))
    total = 0

    def does(atom: Any) -> bool:
        return not isinstance(atom, Literal) and depends.get(atom, False)

    for eqn in jaxpr.eqns:
        on = [does(atom) for atom in eqn.invars]
        out = [any(on)] * len(eqn.outvars)
        if eqn.primitive.name == "dot_general":
            (contracted, _), _ = eqn.params["dimension_numbers"]
            left: Any = eqn.invars[0].aval
            made: Any = eqn.outvars[0].aval
            size = prod(left.shape[axis] for axis in contracted)
            total += 2 * size * prod(made.shape) * (1 + sum(on))
        elif eqn.primitive.name == "scan":
            inner = _inside(eqn.params)[0]
            n_consts, n_carry = _consts_and_carry(eqn, inner)
            while True:  # until what the carry depends on stays
                flop, out = _counted(inner, on)
                carried = [a or b for a, b in zip(on[n_consts:][:n_carry], out, strict=False)]
                if carried == on[n_consts : n_consts + n_carry]:
                    break
                on[n_consts : n_consts + n_carry] = carried
            total += eqn.params["length"] * flop
        elif eqn.primitive.name == "cond":  # by platform or by data: all do the same, or less
            found = [_counted(one.jaxpr, on[1:]) for one in eqn.params["branches"]]
            total += max(flop for flop, _ in found)
            out = [any(of_one) for of_one in zip(*(out for _, out in found), strict=True)]
        elif eqn.primitive.name != "pallas_call":  # a kernel: other platforms' branch is counted
            for inner in _inside(eqn.params):
                flop, out = _counted(inner, on)
                total += flop
                break
        depends |= {
            var: a or b for var, a, b in zip(eqn.outvars, out, [any(on)] * len(out), strict=True)
        }
    return total, [does(atom) for atom in jaxpr.outvars]


def _consts_and_carry(scan: Any, inner: Jaxpr) -> tuple[int, int]:
    """Return how many constants and carried values a scan has: JAX names them by no fixed name.

    Only what a scan goes through, or stacks, has an axis more outside than inside.
    """

    def alike(outer: Sequence[Any], within: Sequence[Any]) -> int:
        return sum(a.aval.shape == b.aval.shape for a, b in zip(outer, within, strict=True))

    n_carry = alike(scan.outvars, inner.outvars)
    return alike(scan.invars, inner.invars) - n_carry, n_carry


def _inside(params: dict[str, Any]) -> list[Jaxpr]:
    found = [v for v in params.values() if isinstance(v, ClosedJaxpr | Jaxpr)]
    return [v.jaxpr if isinstance(v, ClosedJaxpr) else v for v in found]
