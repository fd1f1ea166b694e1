"""Attacks on readers, as one table: `python -m tests.attack.table [MUTANTS [weights|logs]]`."""

import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.attack import logs, weights
from tests.attack.judge import Bounds, Judged, Read, Verdict, judge
from tests.attack.mutations import DAMAGES, OF_LINES, mutants
from tests.attack.readers import forked

MUTANTS = 3600
BOUNDS = Bounds(cpu_s=5.0, memory_bytes=160 * weights.MIB)
"""What a reader may take for a file of some kilobytes: that of its limits, and what it leaves."""
BASE_BYTES = 64 * weights.MIB
"""What reading a log takes whatever its size."""
LOG_CPU_S = 4.0
"""Twice what the slowest takes at rest: on a busy machine a processor's second does less."""


Attacked = tuple[str, str, Judged]
"""The kind of file, the damage and what came of it."""


def attacked(read: Read, folder: Path, n: int) -> Iterator[Attacked]:
    """Yield what came of files of weights: `n` mutants a kind, and the traps."""
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


def attacked_logs(folder: Path, n: int) -> Iterator[Attacked]:
    """Yield what came of logs: `n` mutants a format, dealt to its files, and the traps."""
    for name in logs.FORMATS:
        place, files = logs.folder_of(name, folder / name)
        whole = logs.content(name, place)
        damages = DAMAGES if name == "scenario-b" else DAMAGES | OF_LINES
        for seed, file in enumerate(files):
            content = (place / file).read_bytes()
            for damage, harmed in mutants(content, -(-n // len(files)), seed, damages):
                (place / file).write_bytes(harmed)
                bounds = Bounds(LOG_CPU_S, BASE_BYTES + 10 * len(harmed))
                read = logs.comparer(name, whole, damage == "cut")
                yield name, damage, judge(read, place, "right", bounds)
            (place / file).write_bytes(content)
        for trap, made in logs.traps(name, place, files[0]):
            bounds = Bounds(LOG_CPU_S, BASE_BYTES + 10 * made.stat().st_size)
            yield (
                "trap",
                f"{trap} as {name}",
                judge(logs.comparer(name, whole, False), place, "", bounds),
            )
            made.unlink()


def lines(found: list[Attacked]) -> list[str]:
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


def faults(found: list[Attacked]) -> list[Attacked]:
    """Return what no reader may do; values that a format has no checksum for are taken as found."""

    def sound(kind: str, judged: Judged) -> bool:
        if judged.verdict is Verdict.OTHER:
            return judged.said == "local" or (kind in weights.KINDS and kind not in weights.CHECKED)
        return judged.verdict in (Verdict.RIGHT, Verdict.REFUSED)

    return [(kind, damage, judged) for kind, damage, judged in found if not sound(kind, judged)]


def main(n: int, of: str) -> bool:
    """Attack the readers, print each fault and the table; say whether there is no fault."""
    with tempfile.TemporaryDirectory() as folder:
        every = {
            "weights": lambda: attacked(forked, Path(folder), n),
            "logs": lambda: attacked_logs(Path(folder), n),
        }
        found = [one for name, run in every.items() if of in ("", name) for one in run()]
    for kind, damage, judged in faults(found):
        print(f"{kind}, {damage}: {judged.verdict.value} {judged.said[:200]}")
    print("\n".join(lines(found)))
    return not faults(found)


if __name__ == "__main__":
    n, of, *_ = [*sys.argv[1:], "", ""][:2]
    sys.exit(not main(int(n or MUTANTS), of))
