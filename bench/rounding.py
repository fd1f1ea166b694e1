"""What rounded products do to errors in metres: studies run by bench.emulated, side by side.

  python -m bench.rounding FOLDER OUTPUT

FOLDER holds a study's folder for each precision, PAIR-float32, PAIR-tf32, PAIR-bf16.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.precision import PRECISIONS
from mtloc_jax import rows
from mtloc_jax.errors import InputError
from mtloc_jax.files import write_whole
from mtloc_jax.report.markdown import markdown
from mtloc_jax.report.stats import paired_difference
from mtloc_jax.report.table import Column, ReportTable, as_csv
from mtloc_jax.report.values import Cell, Interval, Number, Signed

_COLUMNS = (
    Column("pair", ("pair",), label=True),
    Column("arm", ("arm",), label=True),
    Column("products", ("precision",), label=True),
    Column("error, m", ("error_m", "std_m")),
    Column("less float32's, m", ("difference_m",)),
    Column("95 %", ("low_m", "high_m")),
    Column("seeds", ("seeds",)),
)


def table(folder: Path) -> ReportTable:
    """Return mean errors by pair, arm and precision, and how they differ from float32's by seed.

    Raises InputError where no study ran in float32.
    """
    pairs = sorted(path.name.removesuffix("-float32") for path in folder.glob("*-float32"))
    if not pairs:
        raise InputError(
            "no study with products in float32",
            remedy="python -m bench.emulated float32 launch.study --workdir=FOLDER/PAIR-float32",
            path=folder,
        )
    lines = [line for pair in pairs for line in _of_pair(folder, pair)]
    return ReportTable(
        "Rounded products",
        "Mean error on the test rounds, metres, mean over seeds ± their standard deviation",
        _COLUMNS,
        tuple(lines),
        notes=(
            "products on a CPU, their inputs rounded as an accelerator does: tf32 keeps ten bits "
            "of the mantissa (an NVIDIA GPU, unasked), bf16 seven (a TPU, unasked); sums float32",
            "differences are paired by seed: same data, same start, same order",
        ),
    )


def _of_pair(folder: Path, pair: str) -> Iterator[tuple[Cell, ...]]:
    there = [name for name in PRECISIONS if (folder / f"{pair}-{name}").is_dir()]
    errors_m = {name: _errors_m(folder / f"{pair}-{name}") for name in there}
    for arm, exact_m in errors_m["float32"].items():
        for precision in there:
            error_m = errors_m[precision][arm]
            difference = paired_difference(error_m, exact_m)
            rounded = precision != "float32"
            known = rounded and np.isfinite(difference.low_m)
            yield (
                *(pair, arm, precision),
                Number(float(np.mean(error_m)), float(np.std(error_m, ddof=1))),
                Signed(difference.mean_m) if rounded else None,
                Interval(*difference.interval_m) if known else None,
                str(len(error_m)),
            )


def _errors_m(workdir: Path) -> dict[str, np.ndarray]:
    """Return the mean errors on the test rounds of each arm, f64[S] by seed."""
    clean = rows.select(rows.read(workdir / rows.ROWS), split="test", modality="none")
    found = {}
    for arm, rate in dict.fromkeys(zip(clean["arm"], clean["finetune_rate"], strict=True)):
        of_arm = rows.of_arm(clean, (arm, rate))
        name = f"{arm} {rate:.1%}" if 0 < rate < 1 else str(arm)
        found[name] = of_arm["mean_m"][np.argsort(of_arm["seed"])]
    return found


if __name__ == "__main__":
    made, output = table(Path(sys.argv[1])), Path(sys.argv[2])
    write_whole(output / "rounding.csv", as_csv([made]))
    print(write_whole(output / "rounding.md", markdown(made)))
