"""Take what trained networks know into a fresh network for a new site.

  python -m launch.graft --donor=CKPT[,CKPT] --site=SITE --data_dir=DATA \\
    --rules=configs/graft/imu.py --output=CKPT [--dry_run]

A donor is a checkpoint folder, one run of a stack (FOLDER@3), or a file: .safetensors, .npz, Keras
.h5, PyTorch .pt. Rules call a single donor `donor`, several `donor1`, `donor2`, ... SITE is a name
of mtloc_jax/sites/buildings.py, or a folder made by launch.prepare.

The site is cut, and the network made, by the settings in the first donor's card that has some
(else the defaults), or by those of --config=configs/FILE.py, as launch.study reads it.
"""

from absl import flags
from ml_collections import config_flags
from rich.console import Console

from launch import cli, places
from mtloc_jax.files import write_whole
from mtloc_jax.settings import Settings, parsed, replaced
from mtloc_jax.sites.recordings import Recordings, open_recordings
from mtloc_jax.surgery import checkpoint
from mtloc_jax.surgery.graft import graft
from mtloc_jax.surgery.grafting import check_donors, check_output, check_positions, read_rules
from mtloc_jax.surgery.network import Network, read_network
from mtloc_jax.surgery.new_network import cut, fresh, settings_for
from mtloc_jax.surgery.show import graft_view

_DONOR = flags.DEFINE_list("donor", None, "Trained networks, separated by commas.", required=True)
_SITE = flags.DEFINE_string("site", None, "The new site: name or folder.", required=True)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of the recordings, for a real site.")
_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Settings of the new network, in place of the donor's.", lock_config=True
)
_RULES = flags.DEFINE_string("rules", None, "Python file with get_rules.", required=True)
_OUTPUT = flags.DEFINE_string("output", None, "Checkpoint folder to write.", required=True)
_REPORT = flags.DEFINE_string("report", None, "JSON file to write the report to as well.")
_HIDDEN = flags.DEFINE_integer("hidden", None, "Units of a layer; the donor's if not given.", 1)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of what is initialised.", 0)
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Show what would be done, write no checkpoint.")


def main(argv: list[str]) -> None:
    """Graft, show what was done, and save it."""
    del argv
    output = places.place(_OUTPUT.value)
    get_rules = read_rules(places.place(_RULES.value))
    given = [str(places.place(name)) for name in _DONOR.value]
    names = ["donor"] if len(given) == 1 else [f"donor{k + 1}" for k in range(len(given))]
    donors = {name: read_network(place) for name, place in zip(names, given, strict=True)}
    check_donors(donors)
    check_output(output, donors)
    settings = _settings(donors)
    target = fresh(cut(_recordings(settings), settings), settings, _SEED.value)
    trees = {name: donor.params for name, donor in donors.items()}
    params, report = graft(target.params, trees, get_rules(target, donors))
    check_positions(report, donors, settings.output)
    Console().print(graft_view(report))
    if _REPORT.value:
        write_whole(places.place(_REPORT.value), report.to_json())
    if not _DRY_RUN.value:
        lineage = {name: donor.lineage() for name, donor in donors.items()}
        checkpoint.save(output, params, {**target.card, "lineage": lineage}, report)
        cli.say(str(output))


def _settings(donors: dict[str, Network]) -> Settings:
    """Return the settings of the new network: a flag before a config, that before the donor's."""
    settings = parsed(_CONFIG.value) if _CONFIG.value else settings_for(_SITE.value, donors)
    flagged = {"target": _SITE.value, "hidden": _HIDDEN.value, "data_dir": _DATA_DIR.value}
    return replaced(settings, {name: of for name, of in flagged.items() if of is not None})


def _recordings(settings: Settings) -> Recordings:
    return open_recordings(
        settings.target,
        settings.data_dir,
        simulation_seed=settings.simulation.seed,
        simulated_round_s=settings.simulation.round_s,
    )


if __name__ == "__main__":
    cli.run(main)
