"""The floor plan that belongs to recordings, published or simulated."""

from mtloc_jax.simulate.floor_plan import floor_plan
from mtloc_jax.sites.buildings import SIMULATED
from mtloc_jax.sites.floor_plan import FloorPlan, published_plan
from mtloc_jax.sites.recordings import Recordings


def plan_of(recordings: Recordings) -> FloorPlan | None:
    """Return the plan of a simulated building, or the one published with recordings; None without.

    Raises InputError as `published_plan`.
    """
    if not recordings.simulated:
        return published_plan(recordings.plan_folder)
    source = recordings.walks[0].source
    drawn, width_m, height_m = floor_plan(SIMULATED[source.name](0))
    return FloorPlan(source, width_m, height_m, drawn)
