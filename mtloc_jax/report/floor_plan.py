"""A building's floor plan as the paper that maps are drawn on."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from PIL import Image

from mtloc_jax.errors import InputError


@dataclass(frozen=True)
class FloorPlan:
    """Name a floor plan image and the metres it covers, its lower left corner at (0, 0)."""

    path: Path
    width_m: float
    height_m: float

    def paper(self) -> np.ndarray:
        """Return the image in grey over white, f32[H, W], 1 = white; raises InputError."""
        try:
            with Image.open(self.path) as image:
                grey, opaque = np.moveaxis(np.asarray(image.convert("LA"), np.float32) / 255, 2, 0)
        except OSError:
            raise InputError(
                "cannot read this floor plan", remedy="give a PNG or JPEG file", path=self.path
            ) from None
        return 1 - (1 - grey) * opaque

    def draw(self, axes: Axes) -> None:
        """Draw the plan faintly below everything else on `axes`."""
        extent = (0.0, self.width_m, 0.0, self.height_m)
        image = axes.imshow(self.paper(), cmap="gray", vmin=-2, vmax=1, extent=extent, zorder=0)
        image.set_rasterized(True)  # else an SVG holds the whole plan, once a panel
