"""Take what trained networks know into a fresh network for a site, and keep it as a checkpoint."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from mtloc_jax.errors import InputError
from mtloc_jax.settings import Settings, replaced
from mtloc_jax.sites.recordings import Recordings, open_recordings
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.graft_report import GraftReport
from mtloc_jax.surgery.grafting import check_donors, check_output, check_positions, read_rules
from mtloc_jax.surgery.network import read_network
from mtloc_jax.surgery.network_card import NetworkCard
from mtloc_jax.surgery.new_network import cut, fresh, settings_for
from mtloc_jax.surgery.tree import Tree, leaves


class Grafted(NamedTuple):
    """Hold a network that was grafted: its parameters, what it needs to be used, what was done."""

    params: Tree
    card: NetworkCard
    report: GraftReport

    def save(self, folder: str | Path) -> None:
        """Write it as a checkpoint to a new folder.

        Raises InputError as `check_output`, where a donor may lie there, and `checkpoint.save`.
        """
        check_output(Path(folder), self.card)
        checkpoint.save(Path(folder), self.params, self.card, self.report)


def graft_onto(
    donors: Sequence[str],
    site: str,
    rules: Path,
    settings: Settings | None = None,
    changes: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    output: Path | None = None,
) -> Grafted:
    """Graft trained networks onto a fresh one for a site.

    donors:   places as `read_network` takes them; rules call one alone `donor`, else donor1, ...
    site:     name of a building, or a folder made by launch.prepare
    rules:    a Python file with get_rules
    settings: of the new network; those of the first donor that knows its own if None
    changes:  settings by name, in place of those
    output:   where it is meant to be saved, so that no donor is overwritten

    Raises InputError where a donor, the rules or the recordings cannot be read, or do not fit.
    """
    get_rules = read_rules(rules)
    names = ["donor"] if len(donors) == 1 else [f"donor{k + 1}" for k in range(len(donors))]
    read = {name: read_network(place) for name, place in zip(names, donors, strict=True)}
    check_donors(read)
    lineage = {name: donor.lineage() for name, donor in read.items()}
    if output is not None:
        check_output(output, {"lineage": lineage})
    settings = settings_for(site, read) if settings is None else settings
    settings = replaced(settings, {"target": site, **(changes or {})})
    target = fresh(cut(_recordings(settings), settings), settings, seed)
    trees = {name: donor.params for name, donor in read.items()}
    try:
        params, report = graft(target.params, trees, get_rules(target, read))
    except InputError as error:
        raise _as_of_widths(error, target.params, trees) from None
    check_positions(report, read, settings.output)
    return Grafted(params, {**target.card, "lineage": lineage}, report)


def _as_of_widths(error: InputError, params: Tree, donors: Mapping[str, Tree]) -> InputError:
    """Return what stopped a graft; where layers are of other widths, that: no rule is to blame."""
    ours = _units(params)
    others = {name: theirs for name, tree in donors.items() if (theirs := _units(tree)) != ours}
    name, theirs = next(((n, units) for n, units in others.items() if units), ("", None))
    if ours is None or theirs is None:
        return error
    return InputError(
        f"the new network has {ours} units a layer, {name} has {theirs}: {error.problem}",
        remedy=f"give --hidden={theirs}, or rules that change widths, such as --rules=wider",
        path=error.path,
        line=error.line,
    )


def _units(params: Tree) -> int | None:
    """Return how many units the first LSTM of a network has; None where it has none."""
    kernels = (leaf for path, leaf in leaves(params).items() if path.endswith("recurrent_kernel"))
    first = next(kernels, None)
    return None if first is None else int(first.shape[-2])


def _recordings(settings: Settings) -> Recordings:
    return open_recordings(
        settings.target,
        settings.data_dir,
        simulation_seed=settings.simulation.seed,
        simulated_round_s=settings.simulation.round_s,
    )
