"""Every attack on files of weights, as one table: `python -m tests.attack.table [MUTANTS]`."""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.attack import weights
from tests.attack.judge import Bounds, Judged, Read, Verdict, judge
from tests.attack.mutations import mutants

MUTANTS = 3600
BOUNDS = Bounds(cpu_s=5.0, memory_bytes=160 * weights.MIB)
"""What a reader may take for a file of some kilobytes: that of its limits, and what it leaves."""


def attacked(read: Read, folder: Path, n: int) -> Iterator[tuple[str, str, Judged]]:
    """Yield the file, the kind of attack and what came of it: `n` mutants a format, and traps."""
    for suffix in weights.SUFFIXES:
        path, content = folder / f"net{suffix}", weights.whole(suffix)
        path.write_bytes(content)
        wanted = judge(read, path, "", BOUNDS)
        assert wanted.verdict is Verdict.OTHER, wanted
        for kind, harmed in mutants(content, n, seed=7):
            path.write_bytes(harmed)
            yield suffix, kind, judge(read, path, wanted.said, BOUNDS)
    for name, path in weights.traps(folder / "traps").items():
        yield path.suffix, f"trap: {name}", judge(read, path, "", BOUNDS)


def lines(found: list[tuple[str, str, Judged]]) -> list[str]:
    """Return the table: a line a format and kind of attack, a column a verdict."""
    verdicts = [one for one in Verdict if any(judged.verdict is one for *_, judged in found)]
    rows: dict[tuple[str, str], Counter] = {}
    for suffix, kind, judged in found:
        of = "traps" if kind.startswith("trap") else "damage"
        for key in ((suffix, of), ("all", of)):
            rows.setdefault(key, Counter())[judged.verdict] += 1
    head = f"{'file':14}{'attack':8}{'tried':>8}" + "".join(f"{one.value:>15}" for one in verdicts)
    body = [
        f"{suffix:14}{of:8}{counts.total():8}" + "".join(f"{counts[one]:15}" for one in verdicts)
        for (suffix, of), counts in sorted(rows.items(), key=lambda row: row[0][::-1])
    ]
    slowest, largest = (max(getattr(j, of) for *_, j in found) for of in ("cpu_s", "memory_bytes"))
    return [head, *body, f"at most {slowest:.1f} s and {largest / weights.MIB:.0f} MiB for a file"]


def faults(found: list[tuple[str, str, Judged]]) -> list[tuple[str, str, Judged]]:
    """Return what no reader may do; values that a format has no checksum for are taken as found."""
    sound = {Verdict.RIGHT, Verdict.REFUSED}
    return [
        one
        for one in found
        if one[2].verdict not in sound
        and not (
            one[2].verdict is Verdict.OTHER
            and one[0] not in weights.CHECKED
            and not one[1].startswith("trap")
        )
    ]


def main(n: int) -> None:
    """Attack the reader, print the table and each fault."""
    from tests.attack.readers import forked

    with tempfile.TemporaryDirectory() as folder:
        found = list(attacked(forked, Path(folder), n))
    for suffix, kind, judged in found:
        if kind.startswith("trap") or (suffix, kind, judged) in faults(found):
            print(f"{suffix} {kind}: {judged.verdict.value} {judged.said[-200:]}")
    print("\n".join(lines(found)))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MUTANTS)
