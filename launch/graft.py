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

from launch import cli, places
from mtloc_jax.files import write_whole
from mtloc_jax.settings import parsed
from mtloc_jax.surgery.bundled_rules import rules_file

_DONOR = flags.DEFINE_list("donor", None, "Trained networks, separated by commas.", required=True)
_SITE = flags.DEFINE_string("site", None, "The new site: name or folder.", required=True)
_DATA_DIR = flags.DEFINE_string("data_dir", None, "Folder of the recordings, for a real site.")
_CONFIG = config_flags.DEFINE_config_file(
    "config", None, "Settings of the new network, in place of the donor's.", lock_config=True
)
_RULES = flags.DEFINE_string(
    "rules", None, "Python file with get_rules, or a bundled one by name: imu.", required=True
)
_OUTPUT = flags.DEFINE_string("output", None, "Checkpoint folder to write.", required=True)
_REPORT = flags.DEFINE_string("report", None, "JSON file to write the report to as well.")
_HIDDEN = flags.DEFINE_integer(
    "hidden", None, "Units of a layer; default what the first donor's card says.", 1
)
_SEED = flags.DEFINE_integer("seed", 0, "Seed of what is initialised.", 0)
_DRY_RUN = flags.DEFINE_bool("dry_run", False, "Show what would be done, write no checkpoint.")


def main(argv: list[str]) -> None:
    """Graft, show what was done, and save it."""
    del argv
    output, rules = places.place(_OUTPUT.value), places.place(str(rules_file(_RULES.value)))
    donors = [str(places.place(name)) for name in _DONOR.value]
    from rich.console import Console

    from mtloc_jax.surgery import onto_site
    from mtloc_jax.surgery.show import graft_view

    settings = parsed(_CONFIG.value) if _CONFIG.value else None
    flagged = {"hidden": _HIDDEN.value, "data_dir": _DATA_DIR.value}
    changes = {name: of for name, of in flagged.items() if of is not None}
    grafted = onto_site.graft_onto(
        donors, _SITE.value, rules, settings, changes, seed=_SEED.value, output=output
    )
    Console().print(graft_view(grafted.report))
    if _REPORT.value:
        write_whole(places.place(_REPORT.value), grafted.report.to_json())
    if not _DRY_RUN.value:
        grafted.save(output)
        cli.say(str(output))


if __name__ == "__main__":
    cli.run(main)
