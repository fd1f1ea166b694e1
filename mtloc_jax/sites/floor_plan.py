"""A building's floor plan: an image and the metres it covers."""

import io
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from mtloc_jax.errors import InputError
from mtloc_jax.files import write_whole
from mtloc_jax.sites.site_folder import PLAN_IMAGE, PLAN_INFO

_LONGEST_PX, _GREYS = 1600, 16


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
        except Image.DecompressionBombError:
            raise InputError(
                "this floor plan has too many pixels to be opened",
                remedy=f"scale it down to {_LONGEST_PX} pixels a side",
                path=self.path,
            ) from None
        return 1 - (1 - grey) * opaque


def keep_plan(plan: FloorPlan, folder: Path) -> None:
    """Write a plan into a folder, grey and of modest size, where `published_plan` finds it.

    Raises InputError where it cannot be read.
    """
    image = Image.fromarray(np.rint(255 * np.clip(plan.paper(), 0, 1)).astype(np.uint8))
    image.thumbnail((_LONGEST_PX, _LONGEST_PX))
    packed = io.BytesIO()
    image.quantize(_GREYS).save(packed, format="PNG", optimize=True)
    write_whole(folder / PLAN_IMAGE, packed.getvalue())
    size = {"map_info": {"width": plan.width_m, "height": plan.height_m}}
    write_whole(folder / PLAN_INFO, json.dumps(size) + "\n")


def published_plan(folder: Path) -> FloorPlan | None:
    """Return the plan that Indoor Location 2.0 publishes in a floor's folder; None without one.

    Studies keep the plan of their target so, too.

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
