"""Ours: some seeds of the matcher, or of the network on motion, in one program."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from bench import lessons
from bench.task import Task
from bench.taught import SUBJECTS
from mtloc_jax.core.model import Params
from mtloc_jax.core.train import State, make_train
from mtloc_jax.modalities import Held
from mtloc_jax.sites.site import Arrays
from mtloc_jax.surgery.tree import leaves, nest


class Expert:
    """Train `task.runs` networks, option "of": "matcher" or "motion", one set after another."""

    def __init__(self, task: Task) -> None:
        """Compile nothing yet; put lessons and weights on the device."""
        subject, found = SUBJECTS[task.options["of"]], lessons.read(task.batches_path())
        seeds = np.arange(task.first_run, task.first_run + task.runs, dtype=np.int32)
        start = nest({path: leaf[seeds] for path, leaf in found.start.items()})
        one = jax.tree.map(lambda leaf: leaf[0], start)
        training, shared = make_train(subject.static(one, task.shape.batch)), subject.shared(found)
        in_turn = subject.in_turn and jax.default_backend() == "cpu"

        def over_seeds(function, mapped):
            if in_turn:
                return lax.map(lambda given: function(*given), mapped)
            return jax.vmap(function)(*mapped)

        def begin(seeds, start, data: Arrays) -> State:
            def of_one(seed, start) -> State:
                return training.begin(shared._replace(seed=seed, start=start), data)

            return over_seeds(of_one, (seeds, start))

        def advance(states: State, seeds, data: Arrays, stop) -> State:
            def of_one(state: State, seed) -> State:
                return training.advance(state, shared._replace(seed=seed), data, stop)

            return over_seeds(of_one, (states, seeds))

        self._begin, self._advance = jax.jit(begin), jax.jit(advance, donate_argnums=0)
        held = {name: Held(values) for name, values in found.inputs.items()}
        self._seeds, self._start = jax.device_put((seeds, start))
        self._data = jax.device_put(Arrays(held, found.target))
        self._n_steps = found.n_steps

    def restart(self) -> None:
        """Begin all runs anew."""
        self._step, self._state = 0, self._begin(self._seeds, self._start, self._data)

    def advance(self, steps: int) -> None:
        """Train every run by `steps` steps; when they are trained, begin anew."""
        while steps:
            if self._step == self._n_steps:
                self.restart()
            part = min(steps, self._n_steps - self._step)
            steps, self._step = steps - part, self._step + part
            stop = jnp.int32(self._step)
            self._state = self._advance(self._state, self._seeds, self._data, stop)
        jax.block_until_ready(self._state)

    def outcome(self) -> list[float]:
        """Return the first run's last loss, and how far its weights are from where they began."""
        moved = jax.tree.map(lambda now, then: ((now[0] - then[0]) ** 2).sum(), *self._both())
        return [float(self._state.loss[0]), float(np.sqrt(sum(jax.tree.leaves(moved))))]

    def weights(self) -> Params:
        """Return the first run's weights by their paths, numpy arrays."""
        return leaves(jax.device_get(jax.tree.map(lambda leaf: leaf[0], self._state.params)))

    def _both(self) -> tuple[Params, Params]:
        return self._state.params, self._start


contestant = Expert
