"""The floor plan that Indoor Location 2.0 publishes beside a floor's traces."""

import json
from pathlib import Path

from mtloc_jax.errors import InputError
from mtloc_jax.report.floor_plan import FloorPlan
from mtloc_jax.sites.site_folder import PLAN_IMAGE, PLAN_INFO


def published_plan(folder: Path) -> FloorPlan | None:
    """Return the plan of a floor's folder, None where it has none.

    Raises InputError where `floor_info.json` does not give the plan's size in metres.
    """
    image, info = folder / PLAN_IMAGE, folder / PLAN_INFO
    if not (image.is_file() and info.is_file()):
        return None
    try:
        size = json.loads(info.read_text(encoding="utf-8"))["map_info"]
        return FloorPlan(image, float(size["width"]), float(size["height"]))
    except (ValueError, KeyError, TypeError):
        raise InputError(
            "gives no map_info with width and height in metres",
            remedy="copy it again, or move it away to draw no floor plan",
            path=info,
        ) from None
