"""Axes of `config.sweep` that change one setting a step."""

from operator import attrgetter
from typing import Any

from ml_collections import ConfigDict

Axis = dict[str, tuple[Any, ...]]
Switch = tuple[str, Any]
"""A setting ("wipe.mode") and the value that it gets instead of the config's."""


def one_at_a_time(config: ConfigDict, *switches: Switch) -> Axis:
    """Return the config's own settings first, then each switch thrown alone."""
    ours = _own(config, switches)
    return _axis([ours, *(ours | dict([switch]) for switch in switches)])


def one_after_another(config: ConfigDict, *switches: Switch) -> Axis:
    """Return all switches thrown first, then each set back in turn until none is left."""
    points, ours = [dict(switches)], _own(config, switches)
    for setting, _ in switches:
        points.append(points[-1] | {setting: ours[setting]})
    return _axis(points)


def added_one_after_another(config: ConfigDict, *switches: Switch) -> Axis:
    """Return the config's own settings first, then each switch thrown in turn until all are."""
    points = [_own(config, switches)]
    for switch in switches:
        points.append(points[-1] | dict([switch]))
    return _axis(points)


def _own(config: ConfigDict, switches: tuple[Switch, ...]) -> dict[str, Any]:
    return {setting: attrgetter(setting)(config) for setting, _ in switches}


def _axis(points: list[dict[str, Any]]) -> Axis:
    return {setting: tuple(point[setting] for point in points) for setting in points[0]}
