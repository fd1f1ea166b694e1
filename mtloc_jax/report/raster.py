"""A figure as pixels that stand in a page."""

import base64
import io
from dataclasses import dataclass

from PIL import Image

CSS_DPI = 96  # pixels of a page to the inch
_PAGE_SCALE = 0.92  # of a pixel of a figure: the widest just fit the page, lettering is of one size


@dataclass(frozen=True)
class Raster:
    """Hold an image as a page takes it, and how wide and tall it stands there, pixels of the page.

    Its bytes are lossless WebP: a third less than the PNG that they are made of.
    """

    webp: bytes
    width: int
    height: int

    @property
    def uri(self) -> str:
        """Return it as an address that holds all of it."""
        return f"data:image/webp;base64,{base64.b64encode(self.webp).decode('ascii')}"


def raster(png: bytes, scale: float = _PAGE_SCALE) -> Raster:
    """Return a PNG for the page; scale: pixels of the page for one of its own."""
    with Image.open(io.BytesIO(png)) as image:
        packed = io.BytesIO()
        image.convert("RGB").save(packed, format="WEBP", lossless=True, quality=70, method=4)
        width, height = (round(side * scale) for side in image.size)
    return Raster(packed.getvalue(), width, height)
