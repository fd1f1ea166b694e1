"""The house's lines: who may import what, what is explained, and where a program begins."""

import ast
import subprocess
import sys
from functools import cache

import pytest

from tests.conftest import ROOT

JAX = {"jax", "jaxlib", "flax", "optax", "orbax", "chex"}
DISK = {"os", "io", "pathlib", "shutil", "tempfile", "glob", "csv", "pickle", "sqlite3"}
SAVES = {"open", "save", "savez", "savetxt", "load", "loadtxt", "tofile", "fromfile"}

FLOORS = (
    {"escapes", "cores"},
    {"errors"},
    {"registry"},
    {"declared"},
    {"settings", "files", "rows", "optimizers", "evidence", "locate", "times"},
    {"modalities"},
    {"logs"},
    {"simulate"},
    {"sites"},
    {"datasets", "predictors", "core", "tracking"},
    {"experts", "motion"},
    {"surgery"},
    {"arms"},
    {"report"},
    {"cards"},
    {"prediction"},
    {"study"},
    {"api"},
)
"""Folders and modules of the library, the ground first: each may import what lies below it, but
for its own floor nothing beside it. Reports follow from rows alone: only cards, which are drawn as
figures are, and located logs; nothing that reads or computes knows of them."""

# What reads, cuts and judges: usable, and testable, without an accelerator's library.
NUMPY_ONLY = {
    "escapes",
    "cores",
    "errors",
    "declared",
    "settings",
    "arms",
    "modalities",
    "rows",
    "registry",
    "files",
    "optimizers",
    "predictors",
    "evidence",
    "locate",
    "times",
    "logs",
    "simulate",
    "sites",
    "cards",
    "report",
}
# What computes: pure functions of arrays.
CORE = {"core"}
LONGEST_STEP = 25  # lines of a function in an entry point


def modules_in(package):
    """Return dotted name -> syntax tree of all modules of a package."""
    trees = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        trees[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return trees


MTLOC, LAUNCH, CONFIGS = (modules_in(package) for package in ("mtloc_jax", "launch", "configs"))


@cache
def imported_by(module):
    """Return the dotted names that a module of ours imports anywhere in its text."""
    names = set()
    for node in ast.walk(MTLOC[module]):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} imports relatively"
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= (inside & MTLOC.keys()) or {node.module}
    return frozenset(names)


def needed_by(module, *, packages):
    """Return name -> the chain of imports that leads to it, for all that a module needs.

    packages: count a package's own imports as needed by its modules, as Python runs them first
    """
    chains, waiting = {module: (module,)}, [module]
    while waiting:
        here = waiting.pop()
        above = {here.rpartition(".")[0]} & MTLOC.keys() if packages else set()
        for name in (imported_by(here) | above) - chains.keys():
            chains[name] = (*chains[here], name)
            if name in MTLOC:
                waiting.append(name)
    return chains


def modules_of(names):
    """Return our modules called `names`, of a package all of them."""
    return [module for module in MTLOC if "." in module and short(module) in names]


def short(module):
    return module.split(".")[1]


def public_functions(tree):
    """Yield functions, classes and their methods that do not begin with an underscore."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in tree.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_functions(node)


def test_the_lines_are_drawn_through_modules_that_exist():
    assert not (NUMPY_ONLY | CORE) - {short(m) for m in MTLOC if "." in m}
    assert not NUMPY_ONLY & CORE


@pytest.mark.parametrize("module", modules_of(NUMPY_ONLY))
def test_reading_and_judging_need_no_jax(module):
    through = {
        name: chain
        for name, chain in needed_by(module, packages=True).items()
        if name.split(".")[0] in JAX
    }
    assert not through, "; ".join(" -> ".join(chain) for chain in through.values())


def test_importing_the_report_and_a_site_loads_no_jax():
    program = (
        "import sys; import mtloc_jax.report.write, mtloc_jax.sites.buildings, launch.report; "
        f"print(sorted({JAX!r} & {{name.split('.')[0] for name in sys.modules}}))"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (told.stdout.strip(), told.stderr) == ("[]", "")


@pytest.mark.parametrize("module", modules_of(CORE))
def test_the_core_never_touches_the_disk(module):
    assert not {name.split(".")[0] for name in imported_by(module)} & DISK
    calls = [node.func for node in ast.walk(MTLOC[module]) if isinstance(node, ast.Call)]
    names = {getattr(call, "attr", getattr(call, "id", "")) for call in calls}
    assert not names & SAVES


@pytest.mark.parametrize("module", MTLOC)
def test_imports_run_one_way(module):
    for name in imported_by(module) & MTLOC.keys():
        back = needed_by(name, packages=False)
        assert module not in back, " -> ".join((module, *back[module]))


def floor_of(name):
    return next(number for number, names in enumerate(FLOORS) if name in names)


def test_every_folder_and_module_of_the_library_has_a_floor():
    placed = [name for names in FLOORS for name in names]
    assert len(placed) == len(set(placed))
    assert set(placed) == {short(module) for module in MTLOC if "." in module}


@pytest.mark.parametrize("module", [module for module in MTLOC if "." in module])
def test_a_folder_imports_what_lies_below_it_alone(module):
    here = short(module)
    others = {short(name) for name in imported_by(module) & MTLOC.keys() if "." in name} - {here}
    assert {name for name in others if floor_of(name) >= floor_of(here)} == set()


@pytest.mark.parametrize("folder", ["logs", "simulate", "sites", "core", "surgery", "study"])
def test_nothing_that_reads_computes_or_trains_knows_of_reports(folder):
    named = {name for module in modules_of({folder}) for name in imported_by(module)}
    assert not {name for name in named if name.startswith("mtloc_jax.report")}


def test_the_library_knows_nothing_of_its_programs():
    for module in MTLOC:
        assert not {name.split(".")[0] for name in imported_by(module)} & {"launch", "configs"}


@pytest.mark.parametrize("module", [*MTLOC, *LAUNCH, *CONFIGS])
def test_every_module_and_public_function_is_explained(module):
    tree = (MTLOC | LAUNCH | CONFIGS)[module]
    silent = [node.name for node in public_functions(tree) if not ast.get_docstring(node)]
    assert not silent
    assert ast.get_docstring(tree) or not tree.body


SHARED_BY_PROGRAMS = {
    "bundled",
    "cli",
    "commands",
    "events",
    "interrupts",
    "places",
    "progress",
    "settings_list",
}


@pytest.mark.parametrize(
    "name", sorted(LAUNCH.keys() - {"launch", *(f"launch.{name}" for name in SHARED_BY_PROGRAMS)})
)
def test_a_program_parses_its_flags_calls_the_library_and_is_over(name):
    tree = LAUNCH[name]
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert all(node.end_lineno - node.lineno < LONGEST_STEP for node in functions.values())
    assert "main" in functions
    assert ast.unparse(tree.body[-1]).startswith("if __name__ == '__main__':\n    cli.run(main")
    assert not any(isinstance(node, ast.ClassDef | ast.For) for node in tree.body)
