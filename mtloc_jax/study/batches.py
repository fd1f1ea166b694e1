"""Which chunks train at once: the devices may hold more runs than reach the disk together."""

from collections.abc import Callable, Iterable, Iterator

from mtloc_jax.study.plan import Chunk


def together(
    chunks: Iterable[Chunk], most: int, alike: Callable[[Chunk, Chunk], bool]
) -> Iterator[tuple[Chunk, ...]]:
    """Yield neighbouring chunks of at most so many runs in all, or one chunk that has more.

    alike: whether two chunks may train at once
    """
    batch: tuple[Chunk, ...] = ()
    for chunk in chunks:
        runs = sum(len(one.jobs) for one in (*batch, chunk))
        if batch and (runs > most or not alike(batch[0], chunk)):
            yield batch
            batch = ()
        batch = (*batch, chunk)
    if batch:
        yield batch
