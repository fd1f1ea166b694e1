"""Take what trained networks know into a fresh network for a new site.

  python -m launch.graft --donor=CKPT[,CKPT] --site=SITE --data_dir=DATA \\
    --rules=configs/graft/imu.py --output=CKPT [--dry_run]

A donor is a checkpoint folder, one run of a stack (FOLDER@3), or a file: .safetensors, .npz, Keras
.h5, PyTorch .pt. Rules call a single donor `donor`, several `donor1`, `donor2`, ... SITE is a name
of mtloc_jax/sites/buildings.py, or a folder made by launch.prepare.
"""

from pathlib import Path

from absl import flags
from rich.console import Console

from launch import cli
from mtloc_jax.errors import InputError
from mtloc_jax.sites import recordings
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.grafting import check_output, check_positions, read_rules
from mtloc_jax.surgery.network import read_network
from mtloc_jax.surgery.new_network import fresh, window_of
from mtloc_jax.surgery.show import graft_view

_DONOR = flags.DEFINE_list("donor", None, "Trained networks, separated by commas.", required=True)
_SITE = flags.DEFINE_string("site", None, "The new site: name or folder.", required=True)
_DATA_DIR = flags.DEFINE_string("data_dir", "", "Folder of the recordings, for a real site.")
_RULES = flags.DEFINE_string("rules", None, "Python file with get_rules.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Checkpoint folder to write.", required=True)
_REPORT = flags.DEFINE_string("report", None, "JSON file to write the report to as well.")
_HIDDEN = flags.DEFINE_integer("hidden", 128, "Units of each layer of the new network.", 1)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of what is initialised.", 0)
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Show what would be done, write no checkpoint.")


def main(argv: list[str]) -> None:
    """Graft, show what was done, and save it."""
    del argv
    output = Path(_OUTPUT.value)
    get_rules = read_rules(Path(_RULES.value))
    places = _DONOR.value
    names = ["donor"] if len(places) == 1 else [f"donor{k + 1}" for k in range(len(places))]
    donors = {name: read_network(place) for name, place in zip(names, places, strict=True)}
    check_output(output, donors)
    spec = window_of(donors)
    site = recordings.open_site(_SITE.value, _DATA_DIR.value, spec)
    target = fresh(site, _HIDDEN.value, _SEED.value, spec)
    trees = {name: donor.params for name, donor in donors.items()}
    params, report = graft(target.params, trees, get_rules(target, donors))
    check_positions(report, donors)
    Console().print(graft_view(report))
    if _REPORT.value:
        _write(Path(_REPORT.value), report.to_json())
    if not _DRY_RUN.value:
        lineage = {name: donor.lineage() for name, donor in donors.items()}
        checkpoint.save(output, params, {**target.card, "lineage": lineage}, report)
        print(output)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot write ({error.strerror})", remedy="choose another --report", path=path
        ) from error


if __name__ == "__main__":
    cli.run(main)
