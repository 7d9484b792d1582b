"""What healing does with many projects: a report on the data folder of a `wheelyard up --once`.

    wheelyard up --data DATA --once --force PROJECT…     # an hour, for some dozens of projects
    python bench/healing.py DATA

`make bench` keeps what this has written: it would take too long each time.
"""

import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path

from wheelyard.database.builds import build_summaries
from wheelyard.database.engine import connect, reading
from wheelyard.model.build import BuildState
from wheelyard.model.summary import BuildSummary

TITLE = "## Builds that heal themselves"
_ALL = 100_000


def report(data: Path) -> str:
    """Return the section of the report that tells of a run."""
    engine = connect(f"sqlite:///{data / 'wheelyard.sqlite'}")
    with reading(engine) as connection:
        builds = build_summaries(connection, limit=_ALL)
    engine.dispose()
    releases: defaultdict[tuple[str, str, str], list[BuildSummary]] = defaultdict(list)
    for build in reversed(builds):
        releases[build.project, str(build.version), build.target].append(build)
    return _section(list(releases.values()))


def _section(releases: list[list[BuildSummary]]) -> str:
    built = [each for each in releases if each[-1].state is BuildState.SUCCEEDED]
    healed = [each for each in built if each[-1].healing_round]
    failed = [each for each in releases if each[0].state is BuildState.FAILED]
    rounds = Counter(each[-1].healing_round for each in healed)
    lost = [_seconds(each[:-1]) for each in healed]
    won = [_seconds(each[-1:]) for each in healed]
    lines = [
        TITLE,
        "",
        f"The newest releases of {len(releases)} projects, each from its source distribution in a",
        f"bare environment, one builder. Without help {len(built) - len(healed)} are built,",
        f"{len(failed)} fail at first; of",
        f"these {len(healed)} heal themselves ({_share(len(healed), len(failed))}): "
        + ", ".join(f"{count} in round {number}" for number, count in sorted(rounds.items()))
        + ".",
        f"In all {len(built)} are built ({_share(len(built), len(releases))}).",
    ]
    if healed:
        lines += [
            f"The attempts that failed took {statistics.median(lost):.1f} s in the median and",
            f"{max(lost):.0f} s at most, the one that worked {statistics.median(won):.1f} s:",
            f"{sum(lost) / sum(won):.2f} of its time added.",
        ]
    remaining = [
        f"- {each[-1].project} {each[-1].version}: {each[-1].failure.message}"
        for each in releases
        if each[-1].failure is not None
    ]
    return "\n".join([*lines, "", *(["Not built:", "", *remaining, ""] if remaining else [])])


def _seconds(builds: Iterable[BuildSummary]) -> float:
    return sum(build.duration.total_seconds() for build in builds if build.duration is not None)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "none"


def kept(written: str) -> str:
    """Return the section of an earlier report."""
    _, title, rest = written.partition(f"\n{TITLE}\n")
    return f"{TITLE}\n{rest}" if title else ""


if __name__ == "__main__":
    print(report(Path(sys.argv[1])))
