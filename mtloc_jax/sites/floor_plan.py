"""A building's floor plan: an image and the metres it covers."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from mtloc_jax.errors import InputError
from mtloc_jax.sites.site_folder import PLAN_IMAGE, PLAN_INFO


@dataclass(frozen=True)
class FloorPlan:
    """Name a floor plan image and the metres it covers, its lower left corner at (0, 0).

    drawn: the image itself, as `paper` returns it, where it lies in no file; `path` is then a name
    """

    path: Path
    width_m: float
    height_m: float
    drawn: np.ndarray | None = field(default=None, compare=False, repr=False)

    def paper(self) -> np.ndarray:
        """Return the image in grey over white, f32[H, W], 1 = white; raises InputError."""
        if self.drawn is not None:
            return self.drawn
        try:
            with Image.open(self.path) as image:
                grey, opaque = np.moveaxis(np.asarray(image.convert("LA"), np.float32) / 255, 2, 0)
        except OSError:
            raise InputError(
                "cannot read this floor plan", remedy="give a PNG or JPEG file", path=self.path
            ) from None
        return 1 - (1 - grey) * opaque


def published_plan(folder: Path) -> FloorPlan | None:
    """Return the plan that Indoor Location 2.0 publishes in a floor's folder; None without one.

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
