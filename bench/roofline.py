"""What a device can do at most, and which share of it a rate is."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.contest import Variant
from bench.measure import Entry

YARDSTICK = "matmul"


@dataclass
class Ceilings:
    """Hold the yardsticks' medians as they are measured.

    gflops: GFLOP/s of large products by precision, "" for the library's own choice; gb_per_s: of
    memory read and written, None where not measured
    """

    gflops: dict[str, float] = field(default_factory=dict)
    gb_per_s: float | None = None

    def learn(self, entries: Sequence[Entry]) -> None:
        """Take what the yardsticks among the entries reached."""
        for entry in entries:
            if not entry.rates_per_s:
                continue
            variant, rate_per_s = entry.variant, median(entry.rates_per_s)
            if variant.name.split("-")[0] == YARDSTICK:
                self.gflops[variant.task.precision] = variant.flops * rate_per_s / 1e9
            elif variant.name == "copy":
                self.gb_per_s = variant.least_bytes * rate_per_s / 1e9

    def share_of_peak(self, variant: Variant, rate_per_s: float) -> float | None:
        """Return a rate's share of the largest product's, FLOP against FLOP."""
        peak = self._peak_gflops(variant)
        return variant.flops * rate_per_s / 1e9 / peak if peak and variant.flops else None

    def share_of_roof(self, variant: Variant, rate_per_s: float) -> float | None:
        """Return which share of a rate's time its operations or its bytes must take, the longer.

        The bytes are the fewest there can be (Variant.least_bytes).
        """
        peak, gb_per_s = self._peak_gflops(variant), self.gb_per_s
        if not (peak and gb_per_s and variant.flops and variant.least_bytes):
            return None
        least_s = max(variant.flops / (1e9 * peak), variant.least_bytes / (1e9 * gb_per_s))
        return least_s * rate_per_s

    def share_of_copy(self, moved_bytes: float | None, rate_per_s: float) -> float | None:
        """Return what is moved at a rate as a share of what a copy moves in the same time."""
        if moved_bytes is None or self.gb_per_s is None:
            return None
        return moved_bytes * rate_per_s / (1e9 * self.gb_per_s)

    def _peak_gflops(self, variant: Variant) -> float | None:
        return self.gflops.get(variant.task.precision)
