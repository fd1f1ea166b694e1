"""Programs compiled before they are needed, side by side.

An accelerator's compiler tries kernels: it takes longer than most of what it compiles, and one
program keeps few of the cores at work. A study of some 46 programs had its card compute in 12 of 95
looks (results/README).
"""

from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from mtloc_jax.cores import usable_cores

Work = Mapping[Hashable, Sequence[Callable[[], object]]]
"""By program: what compiles it, once for each shape of what it is given."""


def compile_together(work: Work, told: Callable[[float, float], None]) -> None:
    """Compile programs side by side, each one's shapes in turn: those may be alike.

    told: called with (done, total) as programs end. Raises what compiling raises.
    """

    def compiled(shapes: Sequence[Callable[[], object]]) -> None:
        for one in shapes:
            one()

    told(0, len(work))
    pool = ThreadPoolExecutor(max_workers=usable_cores())
    try:
        begun = [pool.submit(compiled, shapes) for shapes in work.values()]
        for done, ended in enumerate(as_completed(begun), start=1):
            ended.result()
            told(done, len(work))
    finally:
        pool.shutdown(cancel_futures=True)  # a refusal does not wait for what has not begun
