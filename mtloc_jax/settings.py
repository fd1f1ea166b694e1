"""Every setting of a study, declared once: default, kind, choices or range, label and unit.

What is compiled apart, what may be swept, what a resumed study must agree on, what an axis is
called and what `launch.study --settings` prints all follow from these declarations. Users write an
`ml_collections.ConfigDict`; `parsed` makes it `Settings` once, at the edge.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from mtloc_jax.declared import (
    AGE_MS,
    BOTH,
    COUNT,
    NATURAL,
    RATE,
    SHARE,
    TARGET,
    Declared,
    Kind,
    Range,
    setting,
)
from mtloc_jax.errors import InputError
from mtloc_jax.registry import meant


@dataclass(frozen=True)
class Simulation:
    """How simulated buildings are surveyed."""

    seed: int = setting(
        0, "building", "seed of the buildings and their walks", within=NATURAL, pretrained=True
    )
    round_s: float = setting(
        45.0, "building", "length of a round", unit="s", within=Range(5, 86_400), pretrained=True
    )


@dataclass(frozen=True)
class Window:
    """How windows are cut (Section IV-B: 1 s, one sample each 100 ms, 900 ms overlap)."""

    steps: int = setting(
        10,
        "site",
        "samples in a window",
        within=Range(1, 100_000),
        words="windows of {} samples",
        roles=BOTH,
        pretrained=True,
    )
    step_ms: int = setting(
        100, "site", "time between samples", unit="ms", within=COUNT, roles=BOTH, pretrained=True
    )
    hop_ms: int = setting(
        100, "site", "time between windows", unit="ms", within=COUNT, roles=BOTH, pretrained=True
    )
    mag_channels: int = setting(
        1,
        "site",
        "magnetic channels: 1 for the field's magnitude, 2 for that and its vertical part, 3 for "
        "its axes",
        within=Range(1, 3),
        words="{} magnetic channels",
        roles=BOTH,
        pretrained=True,
    )
    wifi_max_age_ms: int = setting(
        4000,
        "site",
        "age at which a scan counts as not heard at a window's end",
        unit="ms",
        within=AGE_MS,
        words="scans at most {} old",
        roles=BOTH,
        pretrained=True,
    )
    max_gap_ms: int = setting(
        500,
        "site",
        "age of a newest reading beyond which a window was not recorded",
        unit="ms",
        within=AGE_MS,
        roles=BOTH,
        pretrained=True,
    )
    warm_up_ms: int = setting(
        0,
        "site",
        "time of a walk before its first window ends, so that windows of several lengths are "
        "trained and judged at the same moments",
        unit="ms",
        within=AGE_MS,
        roles=BOTH,
        pretrained=True,
    )

    def __post_init__(self) -> None:
        """Raise InputError where no window can be cut so."""
        if min(self.steps, self.step_ms, self.hop_ms) < 1 or self.hop_ms % self.step_ms:
            raise InputError(
                f"no window has steps={self.steps}, step_ms={self.step_ms}, hop_ms={self.hop_ms}",
                remedy="set positive numbers, hop_ms a multiple of step_ms",
            )

    @property
    def span_ms(self) -> int:
        """Return the time between a window's first and last sample."""
        return (self.steps - 1) * self.step_ms


@dataclass(frozen=True)
class MatcherTraining:
    """How matchers of WiFi scans are trained: in the source, or on the target's survey."""

    epochs: int = setting(3, "traced", "epochs over lessons drawn from surveys", within=COUNT)
    learning_rate: float = setting(
        3e-3, "traced", "learning rate of a matcher", within=Range(0, 1e3, open_low=True)
    )
    tuned_epochs: int = setting(1, "traced", "epochs of fine-tuning on the survey", within=COUNT)
    tuned_rate: float = setting(
        1e-3, "traced", "learning rate of fine-tuning", within=Range(0, 1e3, open_low=True)
    )
    scans: int = setting(
        400,
        "traced",
        "scans asked in each draw of a survey, at most",
        within=COUNT,
        words="at most {} scans asked in each draw of a survey",
    )


@dataclass(frozen=True)
class MotionTraining:
    """How networks on motion are trained: in the source, or on the target's survey."""

    steps: int = setting(1000, "traced", "optimiser steps of a motion network", within=COUNT)
    learning_rate: float = setting(
        3e-3, "traced", "learning rate of a motion network", within=Range(0, 1e3, open_low=True)
    )
    tuned_steps: int = setting(
        300, "traced", "optimiser steps of fine-tuning on the survey", within=COUNT
    )
    tuned_rate: float = setting(
        1e-3, "traced", "learning rate of fine-tuning", within=Range(0, 1e3, open_low=True)
    )


@dataclass(frozen=True)
class Wipe:
    """How modalities are wiped at test time (Section IV-E)."""

    mode: str = setting(
        "windows",
        "judged",
        "what is wiped together: each window, bursts of windows, or single samples",
        choices=("windows", "bursts", "samples"),
    )
    fill: str = setting(
        "least",
        "judged",
        "what a wiped point reads: the least or the mean reading of training, or zero (0 m/s^2, "
        'rad/s, microtesla); of WiFi least and zero are "not heard"',
        choices=("least", "zero", "mean"),
    )
    notice: str = setting(
        "silent",
        "judged",
        "whether a network with presence bits is told what is wiped, as a phone tells which sensor "
        "it has no reading of; silent: it reads the fill, as the authors' networks read zeros",
        choices=("silent", "told"),
    )
    losses: tuple[str, ...] = setting(
        (),
        "judged",
        "what else befalls the test walks, judged beside the drop rates",
        choices="mtloc_jax.sites.losses:LOSSES",
    )
    drop_rates: tuple[float, ...] = setting(
        tuple(k / 10 for k in range(11)), "plan", "shares wiped; none: judged clean", within=SHARE
    )
    seeds: int = setting(3, "plan", "independent draws of what is wiped", within=Range(1, 1000))
    burst_windows: int = setting(50, "judged", "windows in a burst", within=COUNT)
    cdf_drop_rate: float = setting(
        0.4, "plan", "share wiped whose error CDF is kept (Fig 6)", within=SHARE
    )

    def __post_init__(self) -> None:
        """Raise InputError where drop rates repeat, or lack the one whose CDF is kept."""
        if len({round(rate, 4) for rate in self.drop_rates}) < len(self.drop_rates):
            raise InputError("wipe.drop_rates repeat a share", remedy="give each share once")
        if self.drop_rates and self.cdf_drop_rate not in self.drop_rates:
            raise InputError(
                f"cdf_drop_rate {self.cdf_drop_rate} is not among the drop rates",
                remedy="add it to wipe.drop_rates",
            )


RATES = (1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125)
"""The paper's fine-tune rates, Table V."""


@dataclass(frozen=True)
class Settings:
    """Hold every setting of a study; the first choice of each is the default."""

    study: str = setting("quickstart", "plan", "name of the study, in rows and titles")

    source: str = setting(
        "simulated-a",
        "building",
        "building that networks are pretrained in, or several as in A,B",
        pretrained=True,
    )
    target: str = setting("simulated-b", "building", "building that networks are for")
    data_dir: str = setting("", "place", "folder of the recordings of real buildings")
    simulation: Simulation = Simulation()
    test_round: int = setting(
        0,
        "site",
        "fold to test on, the next one validates; 0: the building's own split",
        within=NATURAL,
        zero="own test round",
        roles=TARGET,
    )
    unit: str = setting(
        "round",
        "site",
        "what is held together when data are split and counted",
        choices="mtloc_jax.sites.protocol:UNITS",
        roles=TARGET,
    )
    folds: int = setting(
        0,
        "site",
        "folds that units are dealt to in turn, in the order walked; 0: each unit is a fold",
        within=NATURAL,
        zero="a fold each",
        roles=TARGET,
    )
    survey: str = setting(
        "once",
        "site",
        "whether all training rounds are one survey, every second one a later survey, or every "
        "round is located by all others",
        choices=("once", "twice", "others"),
        roles=TARGET,
    )
    removed_share: float = setting(
        0.4,
        "site",
        "share of access points gone in each of two surveys, drawn by seed",
        within=Range(0, 1, open_high=True),
        roles=TARGET,
    )

    window: Window = Window()
    wifi_entry_max_age_ms: int = setting(
        4000,
        "site",
        "age at its scan beyond which a scan's entry is dropped",
        unit="ms",
        within=AGE_MS,
        words="scan entries at most {} old",
        roles=BOTH,
        pretrained=True,
    )
    scaling: str = setting(
        "survey",
        "site",
        "scalers from the training rounds in use, or every round stretched by itself (leaks)",
        choices=("survey", "round"),
        roles=BOTH,
        pretrained=True,
    )
    modalities: tuple[str, ...] = setting(
        ("imu", "mag", "wifi"),
        "static",
        "what a network has a branch for",
        choices="mtloc_jax.modalities:MODALITIES",
        pretrained=True,
    )
    branches: str = setting(
        "all", "site", "which modalities are heard: all, or some as in imu+wifi", roles=TARGET
    )

    seeds: int = setting(3, "plan", "seeds, counted from 0", within=Range(1, 100_000))
    arms: tuple[str, ...] = setting(
        ("scratch", "transferred", "finetuned"),
        "plan",
        "what is compared",
        choices="mtloc_jax.arms:ARMS",
    )
    scratch_rates: tuple[float, ...] = setting(
        (1.0,), "plan", "shares of the training rounds that scratch is trained on", within=RATE
    )
    finetune_rates: tuple[float, ...] = setting(
        RATES, "plan", "shares of the training rounds that other arms are given", within=RATE
    )
    subset: str = setting(
        "drawn",
        "traced",
        "which rounds make up a rate: drawn by seed, or the first",
        choices=("drawn", "first"),
    )
    walks: int = setting(
        0,
        "traced",
        "training walks surveyed, drawn by seed or the first; 0: all",
        within=NATURAL,
        words="{} walks surveyed",
        zero="all walks surveyed",
    )
    protocol: str = setting(
        "epochs",
        "traced",
        "whether fewer rounds mean fewer steps: equal epochs, or equal steps",
        choices=("epochs", "steps"),
    )
    start: str = setting(
        "from_pretrained",
        "traced",
        "what fine-tuning starts from: from_pretrained, from_transferred, or a checkpoint",
    )
    finetune_plan: str = setting(
        "all", "static", 'how the fine-tuned arm trains: "all", "imu x0.1", "imu from epoch 5", ..'
    )

    pretext: str = setting(
        "position",
        "traced",
        "what the IMU branch is asked in the source building",
        choices="mtloc_jax.sites.pretext:PRETEXTS",
        pretrained=True,
    )
    source_rate: float = setting(
        1.0,
        "traced",
        "share of the source's training rounds",
        within=RATE,
        pretrained=True,
    )

    problem: str = setting(
        "mtloc",
        "static",
        "what a network is, and what it is asked",
        choices="mtloc_jax.core.problem:PROBLEMS",
    )
    hidden: int = setting(
        128, "static", "hidden units of each branch", within=Range(1, 65_536), pretrained=True
    )
    forget_bias: float = setting(
        1.0,
        "static",
        "what the LSTMs' forget gates start with",
        within=Range(-100, 100),
        pretrained=True,
    )
    recurrence: str = setting(
        "plain",
        "static",
        "how LSTMs go through a window: in operations that XLA makes; or, on a TPU, in two "
        "kernels, one forward and one backward: not yet measured",
        choices=("plain", "fused"),
        pretrained=True,
    )
    presence: str = setting(
        "none",
        "static",
        "how a network knows which modality is not there, to put a learned vector in its place: "
        "not at all; told by who loses it; told, or seen from a sensor that stands still or a scan "
        "that heard nothing",
        choices=("none", "told", "seen"),
        words="presence bits: {}",
    )
    loss: str = setting(
        "squared",
        "static",
        "error that training lowers: mean squared, or mean distance from the true point",
        choices="mtloc_jax.core.problem:OBJECTIVES",
    )
    output: str = setting(
        "linear",
        "static",
        "output layer; relu (the authors') has positions scaled to 0..1",
        choices=("linear", "relu"),
    )
    batch_size: int = setting(
        100, "static", "windows a step", within=Range(1, 10**6), pretrained=True
    )
    optimizer: str = setting(
        "rmsprop",
        "static",
        "optimiser",
        choices="mtloc_jax.optimizers:OPTIMIZERS",
        pretrained=True,
    )
    schedule: str = setting(
        "constant",
        "static",
        "learning rate over a run",
        choices="mtloc_jax.optimizers:SCHEDULES",
        pretrained=True,
    )
    learning_rate: float = setting(
        0.005, "traced", "learning rate", within=Range(0, 1e3, open_low=True), pretrained=True
    )
    dropout: float = setting(
        0.0,
        "traced",
        "share of the joined features dropped in training",
        within=Range(0, 1, open_high=True),
    )
    modality_dropout: float = setting(
        0.0,
        "traced",
        "share of the windows that each modality is taken from in an epoch of training",
        within=Range(0, 1, open_high=True),
    )
    modality_burst: int = setting(
        1, "traced", "consecutive windows that it is taken from together", within=COUNT
    )
    modality_fill: str = setting(
        "least",
        "static",
        "what a modality taken in training reads, as wipe.fill, where the network has no presence "
        "bits",
        choices=("least", "zero", "mean"),
    )
    pretrain_epochs: int = setting(
        20, "traced", "pretraining epochs on the source", within=Range(1, 10**6), pretrained=True
    )
    epochs: int = setting(20, "traced", "training epochs", within=Range(1, 10**6))
    validations: int = setting(
        10,
        "plan",
        "epochs of a run, spread evenly, after which its validation error is measured for its "
        "curve, on 100 windows at most; each takes half a training step; 0: none",
        within=Range(0, 256),
    )

    matcher: MatcherTraining = MatcherTraining()
    motion: MotionTraining = MotionTraining()

    wipe: Wipe = Wipe()
    before_scan: str = setting(
        "counted",
        "judged",
        "whether windows before their walk's first scan count, or stand apart, by distance to the "
        "survey alone",
        choices=("counted", "apart"),
    )

    neighbours: tuple[int, ...] = setting(
        (1, 2, 3, 5, 8, 13, 21, 34, 55),
        "plan",
        "numbers of neighbours that k-NN chooses from on validation",
        within=COUNT,
    )
    networks: str = setting(
        "", "place", "workdir of a study whose networks stand beside predictors in the report"
    )

    pretrained: str = setting(
        "",
        "place",
        "workdir of a study whose pretrained matchers and motion networks are taken, if they are "
        "what this one would make",
    )

    margin_m: float = setting(
        0.0,
        "place",
        "difference in mean error that counts as none, named before looking; 0: none is named",
        unit="m",
        within=Range(0, 1e4),
    )

    sweep: tuple[Any, ...] = setting(
        (), "plan", "axes of variants, each a dict of settings to values"
    )
    runs_per_chunk: int = setting(
        16, "plan", "runs that train, and reach the disk, together, at most", within=COUNT
    )

    def __post_init__(self) -> None:
        """Raise InputError where a branch or a source is named twice, or there is none."""
        if not self.modalities or len(set(self.modalities)) < len(self.modalities):
            raise InputError(
                f"modalities is {self.modalities}", remedy="name each modality once, one at least"
            )
        if len(self.sources) > 1 and len({*self.sources, ""}) <= len(self.sources):
            raise InputError(
                f"source is {self.source!r}", remedy="name each building once, as in A,B"
            )

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the buildings that the IMU branch is pretrained in."""
        return tuple(name.strip() for name in self.source.split(","))

    @property
    def buildings(self) -> dict[str, str]:
        """Return every building by its role: source, source_2, .., target."""
        roles = ["source", *(f"source_{k}" for k in range(2, len(self.sources) + 1))]
        return dict(zip(roles, self.sources, strict=True)) | {"target": self.target}


GROUPS: dict[str, type] = {
    "simulation": Simulation,
    "window": Window,
    "wipe": Wipe,
    "matcher": MatcherTraining,
    "motion": MotionTraining,
}


def _declared() -> Iterator[Declared]:
    for name, of in [("", Settings), *GROUPS.items()]:
        for one in fields(of):
            if "declared" in one.metadata:
                kind, *rest = one.metadata["declared"]
                dotted = f"{name}.{one.name}" if name else one.name
                yield Declared(dotted, one.default, kind, *rest)


DECLARED: dict[str, Declared] = {one.name: one for one in _declared()}
"""Every setting by its name."""


def parsed(config: Mapping[str, Any]) -> Settings:
    """Return the settings that a config (a ConfigDict, or plain data) holds.

    Raises InputError, with the nearest right name or what is allowed, where it holds a field that
    nothing reads, or a value that is of another type, none of the choices or out of range.
    """
    held: dict[str, Any] = {}
    for name, value in config.items():
        if name in GROUPS:
            if not hasattr(value, "items"):  # a ConfigDict is no Mapping
                raise InputError(
                    f"{name} is {value!r}",
                    remedy=f"it holds settings, such as {name}.{_first(name)}",
                )
            group = {key: checked(f"{name}.{key}", inner) for key, inner in value.items()}
            held[name] = GROUPS[name](**group)
        else:
            held[name] = checked(name, value)
    return Settings(**held)


def _first(group: str) -> str:
    return fields(GROUPS[group])[0].name


def plain(settings: Settings) -> dict[str, Any]:
    """Return settings as nested plain data, what `parsed` takes: tuples stay tuples."""
    groups = {name: dataclasses.asdict(getattr(settings, name)) for name in GROUPS}
    return {one.name: getattr(settings, one.name) for one in fields(settings)} | groups


def portable(settings: Settings) -> dict[str, Any]:
    """Return settings as plain data without those that no row follows from."""
    places = [one.name for one in DECLARED.values() if one.kind == "place"]
    return {name: held for name, held in plain(settings).items() if name not in places}


def value(settings: Settings, name: str) -> Any:
    """Return the setting of a dotted name."""
    group, _, inner = name.rpartition(".")
    return getattr(getattr(settings, group) if group else settings, inner)


def replaced(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """Return settings with some of them changed, by their dotted names; checked like a config."""
    changes: dict[str, dict[str, Any]] = {}
    for name, new in values.items():
        group, _, inner = name.rpartition(".")
        changes.setdefault(group, {})[inner] = checked(name, new)
    # A group at once: its settings may fit each other alone.
    changed = {
        group: dataclasses.replace(getattr(settings, group), **inner)
        for group, inner in changes.items()
        if group
    }
    return dataclasses.replace(settings, **changes.get("", {}), **changed)


def values(settings: Settings, *kinds: Kind, role: str = "") -> tuple[tuple[str, Any], ...]:
    """Return names and values of the settings of some kinds, of one building if a role is given."""
    return tuple(
        (one.name, value(settings, one.name))
        for one in DECLARED.values()
        if one.kind in kinds and (not role or role in one.roles)
    )


def listed() -> Iterator[tuple[str, str, str]]:
    """Yield each setting's name, its default, and what it is with what it may be."""
    for one in DECLARED.values():
        allowed = ", ".join(one.names()) or (str(one.range) if one.range else "")
        unit = f" [{one.unit}]" if one.unit else ""
        yield one.name, _short(one.default), one.label + unit + (f" ({allowed})" if allowed else "")


def checked(name: str, value: Any) -> Any:
    """Return a value as its setting holds it; raises InputError where it cannot."""
    if name not in DECLARED:
        raise InputError(f"no setting is called {name!r}", remedy=meant(name, DECLARED))
    return DECLARED[name].checked(value)


def _short(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(_short, value)) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value) or "none"
