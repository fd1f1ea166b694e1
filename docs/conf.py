"""Sphinx: the pages of this folder in Markdown, a notebook, and the API from its docstrings."""

import re

from sphinx.application import Sphinx

project = "mtloc_jax"
extensions = ["myst_nb", "sphinx.ext.autodoc"]
myst_heading_anchors = 3
# Notebooks hold no outputs: they are computed anew with each build, or it fails.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_output_stderr = "remove"
html_theme = "furo"
html_title = "mtloc_jax"
html_show_copyright = False
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

_FIELD = re.compile(r"^([A-Za-z_][\w, ]*):\s+(.*)$")


def listed(lines: list[str]) -> list[str]:
    """Return a docstring whose lines `name: meaning` are items of a list; what is indented goes on.

    Our docstrings align meanings by eye, which is no markup.
    """
    out: list[str] = []
    inside = False
    for line in lines:
        field = _FIELD.match(line)
        if field:
            if not inside and out and out[-1]:
                out.append("")
            out.append(f"* **{field[1]}**: {field[2]}")
            inside = True
        elif inside and line.startswith(" "):
            out[-1] += " " + line.strip()
        else:
            if inside and line:
                out.append("")
            inside = False
            out.append(line)
    return out


def setup(app: Sphinx) -> None:
    """Have autodoc show docstrings so."""
    app.connect("autodoc-process-docstring", _process)


def _process(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]):
    lines[:] = listed(lines)
