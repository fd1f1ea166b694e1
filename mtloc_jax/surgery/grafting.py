"""The edges of a graft: the rules file that goes in, the folder that must be free to come out."""

import importlib.util
from collections.abc import Callable, Mapping
from pathlib import Path

from mtloc_jax.errors import InputError
from mtloc_jax.surgery.graft_report import GraftReport
from mtloc_jax.surgery.network import Network, folder_and_run
from mtloc_jax.surgery.network_card import NetworkCard, ancestors, settings_of
from mtloc_jax.surgery.part_program import PART
from mtloc_jax.surgery.rules import Rule

GetRules = Callable[[Network, dict[str, Network]], tuple[Rule, ...]]


def read_rules(path: Path) -> GetRules:
    """Return `get_rules` of a rules file; raises InputError where it has none."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if not path.is_file() or spec is None or spec.loader is None:
        problem = "is no Python file of rules" if path.exists() else "no such rules file"
        raise InputError(problem, remedy="configs/graft holds some, such as imu.py", path=path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not hasattr(module, "get_rules"):
        raise InputError("has no get_rules(target, donors)", remedy="see configs/graft", path=path)
    return module.get_rules


def check_donors(donors: Mapping[str, Network]) -> None:
    """Raise InputError where a donor locates whole walks: no network of windows takes from it."""
    for donor in donors.values():
        if part := donor.card.get(PART):
            raise InputError(
                f"this is a {part} of whole walks, which a new building takes as it is",
                remedy="give its study's folder to launch.study as --config.pretrained",
                path=donor.place,
            )


def check_output(output: Path, card: NetworkCard) -> None:
    """Raise InputError where writing `output` would overwrite something, above all an ancestor.

    card: of the network that shall lie there, its `lineage` at least
    """
    for names, donor in ancestors(card):
        if Path(folder_and_run(donor["path"])[0]).absolute() == output.absolute():
            raise InputError(
                f"this is {' <- '.join(names)}, which the new network would descend from",
                remedy="give a new --output folder",
                path=output,
            )
    if output.exists():
        raise InputError("this is there already", remedy="give a new --output folder", path=output)


def check_positions(report: GraftReport, donors: Mapping[str, Network], output: str) -> None:
    """Raise InputError where a network takes its output layer from a donor of another output.

    output: the new network's, "linear" or "relu": a layer would not act as it did in the other.
    """
    taken = [entry for entry in report.entries if entry.path.startswith("fusion/fc4/")]
    for name in {leaf.partition(":")[0] for entry in taken for leaf in entry.donors}:
        theirs = settings_of(donors[name].card).output
        if theirs != output:
            raise InputError(
                f"{name} was trained with the output {theirs!r}, the new one is {output}",
                remedy=f"take its branches and Keep fusion/fc4, or set --config.output={theirs}",
            )


def only(donors: Mapping[str, Network]) -> Network:
    """Return the one donor; raises InputError where there are several."""
    if len(donors) != 1:
        raise InputError(
            f"these rules are for one donor, not {len(donors)}",
            remedy="give one --donor, or rules that name donor1, donor2, ...",
        )
    return next(iter(donors.values()))
