"""Settings of small studies on two simulated buildings, run in seconds."""

from typing import Any

from mtloc_jax.settings import Settings, replaced

SMALL = {
    "simulation.round_s": 12.0,
    "hidden": 8,
    "epochs": 2,
    "pretrain_epochs": 1,
    "seeds": 2,
    "finetune_rates": (1.0, 0.625),
    "runs_per_chunk": 4,
    "wipe.drop_rates": (0.0, 0.4, 1.0),
    "wipe.seeds": 2,
}
TINY = SMALL | {
    "seeds": 1,
    "epochs": 1,
    "finetune_rates": (0.5,),
    "wipe.drop_rates": (0.0, 0.4),
    "wipe.seeds": 1,
}

LOST = "wifi: second half of each walk lost"
LOCATED = {
    "simulation.round_s": 8.0,
    "seeds": 1,
    "finetune_rates": (1.0,),
    "survey": "others",
    "before_scan": "apart",
    "wipe.drop_rates": (),
    "wipe.losses": (LOST,),
    "window.wifi_max_age_ms": 600_000,
    "arms": ("constant", "cosine-held", "cosine-none-filter", "cosine-none-smoother"),
    "matcher.scans": 8,
    "matcher.epochs": 1,
}


def located(**changes: Any) -> Settings:
    """Return settings of a study that locates whole walks."""
    return replaced(Settings(), LOCATED | _dotted(changes))


def small(**changes: Any) -> Settings:
    """Return settings of a study of 8 networks; changes of a group read wipe__mode="bursts"."""
    return replaced(Settings(), SMALL | _dotted(changes))


def tiny(*sweep: dict[str, Any], **changes: Any) -> Settings:
    """Return settings of a study of 3 networks, or of as many for each variant of a sweep."""
    return replaced(Settings(), TINY | {"sweep": sweep} | _dotted(changes))


def _dotted(changes: dict[str, Any]) -> dict[str, Any]:
    return {name.replace("__", "."): value for name, value in changes.items()}


def ignore(stage: str, done: float, total: float) -> None:
    """Show nothing of how far a study is."""
