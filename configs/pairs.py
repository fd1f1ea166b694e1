"""Which two buildings a question is asked of: the argument after a config's name, `loro.py:mmloc`.

simulated          two simulated buildings, no recordings needed
location20         Indoor Location 2.0, mall to mall: site1/B1 -> site2/F1
location20-reverse site2/F1 -> site1/B1
mmloc              the authors' buildings: Edinburgh -> Bucharest
mmloc-reverse      Bucharest -> Edinburgh
whole              two whole floors of these malls: site1/B1 -> site2/F1, 149 and 80 walks
floors             four whole floors of one mall, site1/B1 and F1 to F3 -> site2/F1 of the other
floors-B1          the same four floors -> site2/B1
floors-F6          the same four floors -> site2/F6
floors-reverse     site2/B1, F1, F2 and F6 -> site1/F1
ipin               a museum, routes walked twice with each of two phones: floor 0 -> floor -2
smoke              simulated and tiny: whether the machinery works, in seconds

Whole floors lack their longest walks, whose logs are above about 4 MB.
"""

from dataclasses import dataclass, replace

from ml_collections import ConfigDict

from mtloc_jax.errors import InputError


@dataclass(frozen=True)
class Pair:
    """Name a source and a target building as mtloc_jax/sites/buildings.py does.

    n_rounds: of the target, numbered from 1
    n_walks, n_training_walks: of the target, in all and in its own training rounds
    shortest_walk_s: what sensors and waypoints share at least, in any walk of either building
    margin_m: differences below it are of no interest; 0 where nobody has named one
    """

    source: str
    target: str
    n_rounds: int
    n_walks: int
    n_training_walks: int
    shortest_walk_s: float
    margin_m: float = 0.0


SITE1 = tuple(f"location20-whole/site1/{floor}" for floor in ("B1", "F1", "F2", "F3"))
SITE2 = tuple(f"location20-whole/site2/{floor}" for floor in ("B1", "F1", "F2", "F6"))
"""Four floors of each mall, the densest surveyed."""
_SIMULATED = Pair("simulated-a", "simulated-b", 14, 14, 8, 45.0)
SMOKE_S = 15.0
_SMOKE = replace(_SIMULATED, shortest_walk_s=SMOKE_S)
PAIRS = {
    "simulated": _SIMULATED,
    "location20": Pair("location20/site1/B1", "location20/site2/F1", 14, 42, 24, 6.2, 2.0),
    "location20-reverse": Pair("location20/site2/F1", "location20/site1/B1", 14, 42, 24, 6.2),
    "whole": Pair("location20-whole/site1/B1", "location20-whole/site2/F1", 14, 80, 48, 6.2, 1.0),
    "floors": Pair(",".join(SITE1), "location20-whole/site2/F1", 14, 80, 48, 6.2, 1.0),
    "floors-B1": Pair(",".join(SITE1), "location20-whole/site2/B1", 14, 58, 34, 6.2, 1.0),
    "floors-F6": Pair(",".join(SITE1), "location20-whole/site2/F6", 14, 62, 38, 6.2, 1.0),
    "floors-reverse": Pair(",".join(SITE2), "location20-whole/site1/F1", 14, 104, 62, 6.2, 1.0),
    "ipin": Pair("ipin2023/floor_0", "ipin2023/floor_-2", 14, 28, 16, 80.2, 1.0),
    "mmloc": Pair("mmloc/edinburgh", "mmloc/bucharest", 8, 8, 6, 86.0, 0.5),
    "mmloc-reverse": Pair("mmloc/bucharest", "mmloc/edinburgh", 14, 14, 8, 86.0),
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

    Call it last: it reads the grid and the sweep. A margin that was set before stays. Raises
    InputError where the name is unknown.
    """
    pair, made = named(name), config.copy_and_resolve_references()
    made.source, made.target = pair.source, pair.target
    made.margin_m = made.margin_m or pair.margin_m
    return _cut_down(made) if pair is _SMOKE else made


def _cut_down(config: ConfigDict) -> ConfigDict:
    config.simulation.round_s = _SMOKE.shortest_walk_s
    config.hidden, config.seeds, config.epochs, config.pretrain_epochs = 8, 1, 1, 1
    for rates in ("scratch_rates", "finetune_rates"):
        config[rates] = tuple(rate for rate in config[rates] if rate in _SMOKE_RATES)
    config.matcher.update(scans=8, epochs=1)
    config.motion.update(steps=2, tuned_steps=1)
    drop_rates, config.wipe.seeds = config.wipe.drop_rates, 1
    config.wipe.drop_rates = tuple(rate for rate in drop_rates if rate in _SMOKE_DROP_RATES)
    config.sweep = tuple(
        {setting: (values[0], values[-1]) for setting, values in axis.items()}
        for axis in config.sweep
    )
    return config
