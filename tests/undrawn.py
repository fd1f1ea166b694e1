"""Reports whose figures are made of the rows as ever but not rendered, which is most of their time.

For tests of what a report says. What figures look like, and that they can be rendered at all, is
seen where a report is rendered: tests/test_report.py, test_results.py, and slow ones of
test_configs.py.
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image

from mtloc_jax.files import write_whole
from mtloc_jax.report import style


@contextmanager
def undrawn() -> Iterator[dict[str, Figure]]:
    """Let files of figures hold one pixel; yield the figures that reports make, by name."""
    made: dict[str, Figure] = {}

    def save(drawn: Figure, path: Path) -> None:
        made[path.stem] = drawn
        write_whole(path, _pixel())

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(style, "save", save)
        patch.setattr(style, "save_svg", lambda drawn, path: write_whole(path, "<svg/>"))
        patch.setattr(style, "png", lambda drawn, dpi, n_colours: _pixel())
        yield made


def _pixel() -> bytes:
    packed = io.BytesIO()
    Image.new("RGB", (1, 1)).save(packed, format="PNG")
    return packed.getvalue()
