"""`make bench`: measure everything, and write docs/performance.md."""

import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import claims
import jobs
import sandbox

REPORT = Path(__file__).parent.parent / "docs" / "performance.md"


def main() -> None:
    """Measure, write the report, and say where it is."""
    REPORT.write_text(report(), encoding="utf-8")
    print(f"written: {REPORT}")


def report() -> str:
    """Return the report as Markdown; each figure comes from this one run."""
    parts = [_heading(), _jobs(), _sandbox(), _claims()]
    return "\n".join(parts)


def _heading() -> str:
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    machine = f"{os.cpu_count()} cores, {memory} GiB, {platform.machine()}"
    python = platform.python_version()
    return f"""# Performance

Written by `make bench` on {when} ({machine}, Python {python}). Ratios count: both sides of each
were measured in turn in the same run. Absolute times are this machine's.
"""


def _jobs() -> str:
    lines = [
        "## A whole job, beside plain pip",
        "",
        "From the claim to the published wheel (download, build environment, sandboxed build, both",
        "inspections, upload), by the server's clock; pip is `pip wheel --no-deps --no-binary` of",
        "the same source. Cold: empty caches; warm: downloads and build environments are kept,",
        f"built wheels are not. Medians of {jobs.ROUNDS} rounds, in seconds.",
        "",
        "| project | | wheelyard | pip | ratio | goal |",
        "|---|---|---|---|---|---|",
    ]
    for figures in jobs.measure():
        pairs = (
            ("cold", figures.ours_cold, figures.pip_cold),
            ("warm", figures.ours_warm, figures.pip_warm),
        )
        goal = 0.5 if "pure" in figures.kind else 1.1
        lines += [
            f"| {figures.project}, {figures.kind} | {caches} | {ours:.2f} | {pip:.2f} "
            f"| {ours / pip:.2f} | {goal if caches == 'warm' else ''} |"
            for caches, ours, pip in pairs
        ]
        print(figures, file=sys.stderr)
    return "\n".join([*lines, ""])


def _sandbox() -> str:
    figures = sandbox.measure()
    extra = figures.sandboxed - figures.bare
    return f"""## Starting a sandbox

`/bin/true`, median of {sandbox.ROUNDS}: {figures.sandboxed:.1f} ms in the sandbox with its limits,
{figures.bare:.1f} ms bare: {extra:.1f} ms more ({figures.sandboxed / figures.bare:.1f} times). A
build starts two.
"""


def _claims() -> str:
    lines = [
        "## Claims",
        "",
        "One process, one transaction each, against a transaction that updates a single row in the",
        f"same database. {claims.JOBS} jobs.",
        "",
        "| database | updates/s | claims/s | ratio | ends/s | ratio |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.database} | {row.updates:.0f} | {row.claims:.0f} | {row.claims / row.updates:.2f} "
        f"| {row.ends:.0f} | {row.ends / row.updates:.2f} |"
        for row in claims.measure()
    ]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
