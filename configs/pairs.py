"""Which two buildings a question is asked of: the argument after a config's name, `loro.py:mmloc`.

simulated          two simulated buildings, no recordings needed
location20         Indoor Location 2.0, mall to mall: site1/B1 -> site2/F1
location20-reverse site2/F1 -> site1/B1
mmloc              the authors' buildings: Edinburgh -> Bucharest
mmloc-reverse      Bucharest -> Edinburgh
smoke              simulated and tiny: whether the machinery works, in seconds
"""

from dataclasses import dataclass, replace

from ml_collections import ConfigDict

from mtloc_jax.errors import InputError


@dataclass(frozen=True)
class Pair:
    """Name a source and a target building as mtloc_jax/sites/buildings.py does.

    n_rounds: of the target, numbered from 1
    shortest_walk_s: what sensors and waypoints share at least, in any walk of either building
    """

    source: str
    target: str
    n_rounds: int
    shortest_walk_s: float


_SIMULATED = Pair("simulated-a", "simulated-b", 14, 45.0)
SMOKE_S = 15.0
_SMOKE = replace(_SIMULATED, shortest_walk_s=SMOKE_S)
PAIRS = {
    "simulated": _SIMULATED,
    "location20": Pair("location20/site1/B1", "location20/site2/F1", 14, 6.2),
    "location20-reverse": Pair("location20/site2/F1", "location20/site1/B1", 14, 6.2),
    "mmloc": Pair("mmloc/edinburgh", "mmloc/bucharest", 8, 86.0),
    "mmloc-reverse": Pair("mmloc/bucharest", "mmloc/edinburgh", 14, 86.0),
    "smoke": _SMOKE,
}
_SMOKE_RATES = (1.0, 0.625, 0.5)
_SMOKE_DROP_RATES = (0.0, 0.4, 1.0)


def named(name: str) -> Pair:
    """Return a pair; raises InputError where the name is not in PAIRS."""
    if name not in PAIRS:
        raise InputError(
            f"there is no pair of buildings {name!r}", remedy=f"choose one of {', '.join(PAIRS)}"
        )
    return PAIRS[name]


def applied(config: ConfigDict, name: str) -> ConfigDict:
    """Return `config` on a pair's buildings; `smoke` also cuts down what it asks.

    Call it last: it reads the grid and the sweep. Raises InputError where the name is unknown.
    """
    pair, made = named(name), config.copy_and_resolve_references()
    made.source, made.target = pair.source, pair.target
    return _cut_down(made) if pair is _SMOKE else made


def _cut_down(config: ConfigDict) -> ConfigDict:
    config.simulation.round_s = _SMOKE.shortest_walk_s
    config.hidden, config.seeds, config.epochs, config.pretrain_epochs = 8, 1, 1, 1
    for rates in ("scratch_rates", "finetune_rates"):
        config[rates] = tuple(rate for rate in config[rates] if rate in _SMOKE_RATES)
    drop_rates, config.wipe.seeds = config.wipe.drop_rates, 1
    config.wipe.drop_rates = tuple(rate for rate in drop_rates if rate in _SMOKE_DROP_RATES)
    config.sweep = tuple(
        {setting: (values[0], values[-1]) for setting, values in axis.items()}
        for axis in config.sweep
    )
    return config
