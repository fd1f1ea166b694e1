"""What the paper compares: the trained arms, the rates it fine-tunes at, what it wipes."""

import numpy as np

from mtloc_jax.report.rows import Table, select

SCRATCH, TRANSFERRED, FINETUNED = "scratch", "transferred", "finetuned"
# The arms of the study of carried WiFi rows.
CARRIED, REINITIALISED = "carried", "reinitialised"
CARRY_ARMS = (CARRIED, REINITIALISED, SCRATCH)
FINETUNE_RATES = (1.0, 0.875, 0.75, 0.625, 0.5, 0.375, 0.25, 0.125)
# The paper's chosen model ("minimum data demand") and its wipe for Table VI and Fig 6.
HEADLINE_RATE = 0.625
WIPED_SHARE = 0.4
MODALITIES = ("mag", "imu", "wifi")
MODALITY_NAMES = {"mag": "MAG", "imu": "IMU", "wifi": "WiFi"}

Arm = tuple[str, float]  # (arm, finetune_rate), as the columns of rows.csv


def percent(share: float) -> str:
    """Write a share as the paper does: 0.625 -> '62.5 %'."""
    return f"{100 * share:g} %"


def arm_name(arm: Arm) -> str:
    """Name an arm for a label: 'scratch', 'transferred', 'fine-tuned 62.5 %'."""
    name, finetune_rate = arm
    if name == FINETUNED:
        return f"fine-tuned {percent(finetune_rate)}"
    if name == SCRATCH and finetune_rate < 1:
        return f"scratch {percent(finetune_rate)}"
    return name


def headline_rate(table: Table) -> float:
    """Return the fine-tune rate of `table` nearest to 62.5 %, the lower of two (62.5 % if none)."""
    rates = np.unique(select(table, arm=FINETUNED)["finetune_rate"])
    if not len(rates):
        return HEADLINE_RATE
    return float(rates[np.argmin(np.round(np.abs(rates - HEADLINE_RATE), 9))])


def headline_arms(table: Table) -> tuple[Arm, Arm, Arm]:
    """Return the three models of Fig 6: transferred, fine-tuned at the headline rate, scratch."""
    return ((TRANSFERRED, 0.0), (FINETUNED, headline_rate(table)), (SCRATCH, 1.0))


def rate_note(table: Table) -> str:
    """Say in words where the headline rate is not 62.5 %; empty where it is."""
    rate = headline_rate(table)
    if rate == HEADLINE_RATE:
        return ""
    return f"{percent(HEADLINE_RATE)} was not run: the nearest rate, {percent(rate)}, stands in."


def of_arm(table: Table, arm: Arm) -> Table:
    """Keep the rows of one arm at one fine-tune rate."""
    return select(table, arm=arm[0], finetune_rate=float(arm[1]))
