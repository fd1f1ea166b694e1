"""Several processes, one study: which share of its chunks each of them trains."""

from collections.abc import Mapping
from dataclasses import dataclass

import jax

from mtloc_jax.errors import InputError

FOUND_BY_JAX = "auto"


@dataclass(frozen=True)
class Share:
    """Hold one process's place among `count`.

    joined: they run at the same time and know of each other, so that one may wait for another
    """

    index: int = 0
    count: int = 1
    joined: bool = False

    def has(self, number: int) -> bool:
        """Say whether chunk `number` is this process's."""
        return number % self.count == self.index


def share_of(
    coordinator: str | None,
    count: int | None,
    index: int | None,
    environment: Mapping[str, str],
) -> Share:
    """Return this process's share from its flags, or from SLURM's variables under srun.

    coordinator: HOST:PORT of the first process, "auto" where JAX finds it (SLURM, TPU pods), or
        None for processes that never meet, as those of an array job

    Raises InputError where the flags contradict each other.
    """
    if (
        coordinator is None
        and count is None
        and int(environment.get("SLURM_STEP_NUM_TASKS", 1)) > 1
    ):
        coordinator = FOUND_BY_JAX
    if coordinator == FOUND_BY_JAX:
        return Share(joined=True)  # index and count are known once they have met
    if (count is None) != (index is None) or (coordinator is not None and count is None):
        raise InputError(
            "a process must know how many there are and which it is",
            remedy="give --num_processes and --process_id, with --coordinator if they meet",
        )
    share = Share(index or 0, 1 if count is None else count, coordinator is not None)
    if share.count < 1 or not 0 <= share.index < share.count:
        raise InputError(
            f"there is no process {share.index} of {share.count}",
            remedy="--process_id counts from 0 to --num_processes - 1",
        )
    return share


def meet(share: Share, coordinator: str | None, timeout_s: int) -> Share:
    """Wait until all joined processes are there and return the share; others return at once.

    A peer that stays away aborts the process when the time is over: no exception says so.
    Raises InputError where JAX is to find the other processes, and there is no cluster it knows.
    """
    if not share.joined:
        return share
    if coordinator in (None, FOUND_BY_JAX):
        try:
            jax.distributed.initialize(initialization_timeout=timeout_s)
        except ValueError as error:  # what it says is of its own arguments
            raise InputError(
                "JAX finds no cluster here to meet other processes in",
                remedy="start with srun or on a TPU pod, or give --coordinator=HOST:PORT with "
                "--num_processes and --process_id; one process needs none of them",
            ) from error
    else:
        jax.distributed.initialize(
            coordinator, share.count, share.index, initialization_timeout=timeout_s
        )
    return Share(jax.process_index(), jax.process_count(), joined=True)
