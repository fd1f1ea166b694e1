"""Every attack on files of weights, as one table: `python -m tests.attack.table [MUTANTS]`."""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.attack import weights
from tests.attack.judge import Bounds, Judged, Read, Verdict, judge
from tests.attack.mutations import mutants
from tests.attack.readers import forked

MUTANTS = 3600
BOUNDS = Bounds(cpu_s=5.0, memory_bytes=160 * weights.MIB)
"""What a reader may take for a file of some kilobytes: that of its limits, and what it leaves."""


def attacked(read: Read, folder: Path, n: int) -> Iterator[tuple[str, str, Judged]]:
    """Yield the kind of file, the damage and what came of it: `n` mutants a kind, and the traps."""
    for kind, suffix in weights.KINDS.items():
        path, content = folder / f"net{suffix}", weights.whole(kind)
        path.write_bytes(content)
        wanted = judge(read, path, "", BOUNDS)
        assert wanted.verdict is Verdict.OTHER, wanted
        for damage, harmed in mutants(content, n, seed=7):
            path.write_bytes(harmed)
            yield kind, damage, judge(read, path, wanted.said, BOUNDS)
    for name, path in weights.traps(folder / "traps").items():
        yield "trap", name, judge(read, path, "", BOUNDS)


def lines(found: list[tuple[str, str, Judged]]) -> list[str]:
    """Return the table: a line a kind of file, a column a verdict."""
    verdicts = [one for one in Verdict if any(judged.verdict is one for *_, judged in found)]
    rows: dict[str, Counter] = {}
    for kind, _, judged in found:
        for key in (kind, "all"):
            rows.setdefault(key, Counter())[judged.verdict] += 1
    rows["all"] = rows.pop("all")
    head = f"{'file':14}{'tried':>8}" + "".join(f"{one.value:>15}" for one in verdicts)
    body = [
        f"{kind:14}{counts.total():8}" + "".join(f"{counts[one]:15}" for one in verdicts)
        for kind, counts in rows.items()
    ]
    slowest, largest = (max(getattr(j, of) for *_, j in found) for of in ("cpu_s", "memory_bytes"))
    return [head, *body, f"at most {slowest:.1f} s and {largest / weights.MIB:.0f} MiB for a file"]


def faults(found: list[tuple[str, str, Judged]]) -> list[tuple[str, str, Judged]]:
    """Return what no reader may do; values that a format has no checksum for are taken as found."""

    def sound(kind: str, judged: Judged) -> bool:
        if judged.verdict is Verdict.OTHER:
            return kind not in weights.CHECKED
        return judged.verdict in (Verdict.RIGHT, Verdict.REFUSED)

    return [(kind, damage, judged) for kind, damage, judged in found if not sound(kind, judged)]


def main(n: int) -> bool:
    """Attack the reader, print each fault and the table; say whether there is no fault."""
    with tempfile.TemporaryDirectory() as folder:
        found = list(attacked(forked, Path(folder), n))
    for kind, damage, judged in faults(found):
        print(f"{kind}, {damage}: {judged.verdict.value} {judged.said[:200]}")
    print("\n".join(lines(found)))
    return not faults(found)


if __name__ == "__main__":
    sys.exit(not main(int(sys.argv[1]) if len(sys.argv) > 1 else MUTANTS))
