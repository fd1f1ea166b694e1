"""Does transfer save survey rounds? The whole question on two simulated buildings, in minutes.

  python -m launch.study --config=configs/quickstart.py --workdir=DIR

Three arms, nine fine-tune rates, Figure 5's drop rates: Tables V and VI in small. Everything here
is simulated; what it shows is that the machinery works, not what holds in a real building.
These are also every study's defaults: other configs name only what differs.
"""

from ml_collections import ConfigDict

from mtloc_jax.report.arms import FINETUNE_RATES


def get_config() -> ConfigDict:
    """Return the settings."""
    config = ConfigDict()
    config.study = "quickstart"

    # Buildings: names of mtloc_jax/sites/buildings.py. Real ones need the folder of recordings.
    config.source = "simulated-a"
    config.target = "simulated-b"
    config.data_dir = ""
    config.simulation = ConfigDict({"seed": 0, "round_s": 45.0})
    config.test_round = 0  # 0: the target's own split; r: test on round r, validate on the next

    # Windows (Section IV-B). A scan entry counts as heard if its access point was last seen at
    # most wifi_entry_max_age_ms before its scan.
    config.window = ConfigDict(
        {
            "steps": 10,
            "step_ms": 100,
            "hop_ms": 100,
            "mag_channels": 1,
            "wifi_max_age_ms": 4000,
            "max_gap_ms": 500,
        }
    )
    config.wifi_entry_max_age_ms = 4000

    # The grid. Seeds count from 0; scratch runs on 8 of 8 rounds in the paper.
    config.seeds = 3
    config.arms = ("scratch", "transferred", "finetuned")
    config.scratch_rates = (1.0,)
    config.finetune_rates = FINETUNE_RATES

    # Readings of what the paper leaves open.
    config.start = (
        "from_pretrained"  # or "from_transferred": start fine-tuning from the 0 % network
    )
    config.subset = "drawn"  # a rate's rounds drawn per seed, or the "first" ones
    config.protocol = "epochs"  # fewer rounds take fewer steps, or equal "steps"

    # How the fine-tuned arm trains: "all" alike, or by path "imu x0.1", "imu from epoch 5", ...
    config.finetune_plan = "all"

    # Which modalities the target's networks hear: "imu+mag+wifi", or fewer in this order.
    config.branches = "imu+mag+wifi"

    # What the IMU branch learns in the source building, and from which share of its training
    # rounds: "position" (Table IV), "displacement", "motion" (speed and turn rate),
    # "reconstruction" (of masked samples), or nothing: "random" features, the control.
    config.pretext = "position"
    config.source_rate = 1.0

    # Scalers from the training rounds in use, or every "round" stretched by itself, the test round
    # too, as the authors' arrays are: that leaks, and is for parity alone.
    config.scaling = "survey"

    # Network and training (Tables I and IV; the paper trains 100 epochs).
    config.hidden = 128
    config.forget_bias = 1.0
    config.output = "linear"  # or the authors' "relu": positions are then scaled to 0..1
    config.batch_size = 100
    config.learning_rate = 0.005
    config.dropout = 0.0  # share of the joined features dropped in each training step
    config.pretrain_epochs = 20
    config.epochs = 20

    # Wiping at test time (Section IV-E): mode "windows", "bursts" or "samples"; fill "zero"
    # (0, "not heard") or "mean" (the training mean).
    config.wipe = ConfigDict(
        {
            "mode": "windows",
            "fill": "zero",
            "drop_rates": tuple(k / 10 for k in range(11)),
            "seeds": 3,
            "burst_windows": 50,
            "cdf_drop_rate": 0.4,
        }
    )

    # Variants of the study: a tuple of axes, each a dict of settings to values. Axes multiply, the
    # settings of one axis move together, and each variant gets its own tables:
    #   ({"learning_rate": (0.001, 0.005)}, {"batch_size": (50, 100), "epochs": (10, 20)})
    # "arm", "finetune_rate" and "seed" pick among the grid's runs.
    config.sweep = ()

    # Runs that train, and reach the disk, together: at most so many.
    config.runs_per_chunk = 16
    return config
