"""What moves from the network of one survey of a building to that of the next.

Arrays keep a column for every access point of the site. Networks have WiFi rows for their survey's
vocabulary alone; among them, the others' are 0 and never read.
"""

import numpy as np

from mtloc_jax.core.model import Params
from mtloc_jax.sites.scaling import Scaler
from mtloc_jax.sites.two_surveys import Survey
from mtloc_jax.surgery.refit import FC1, at_access_points, refit_around_wifi, wifi_gain
from mtloc_jax.surgery.rules import Keep, Leave, Rule, Take
from mtloc_jax.surgery.transforms import chain, wifi_rows


def rules(
    carried: bool, first: Survey, old_scaler: Scaler, second: Survey, new_scaler: Scaler
) -> tuple[Rule, ...]:
    """Return how a run of the second survey starts from the network of the first.

    carried: whether WiFi rows follow their access point; else they begin anew

    Scalers and frame are folded in for both: they differ in the WiFi rows alone.
    """
    of_first = at_access_points(old_scaler, first.columns)
    rows = chain(wifi_gain(of_first, new_scaler), wifi_rows(first.bssids, second.bssids))
    wifi: tuple[Rule, ...] = (Take(FC1, FC1, by=rows),) if carried else (Keep(FC1), Leave(FC1))
    return (*wifi, *refit_around_wifi(old_scaler, new_scaler))


def among(params: Params, survey: Survey) -> Params:
    """Return a survey's network with a row for every access point of the site, the others' 0."""
    rows = np.asarray(params["wifi"]["fc1"]["kernel"])
    all_rows = np.zeros((len(survey.site.bssids), rows.shape[1]), rows.dtype)
    all_rows[survey.columns] = rows
    return _with_rows(params, all_rows)


def within(params: Params, survey: Survey) -> Params:
    """Return the network with its survey's rows alone: the inverse of `among`."""
    return _with_rows(params, np.asarray(params["wifi"]["fc1"]["kernel"])[survey.columns])


def _with_rows(params: Params, rows: np.ndarray) -> Params:
    wifi = params["wifi"]
    return {**params, "wifi": {**wifi, "fc1": {**wifi["fc1"], "kernel": rows}}}
