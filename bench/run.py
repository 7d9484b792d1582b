"""`make bench`: measure everything, and write docs/performance.md."""

import logging
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path

import builders_http
import certificates
import claims
import contention
import downloads
import healing
import jobs
import pages
import population
import sandbox
import scale
import site_pages
import statistics_queries
from wheelyard import log

REPORT = Path(__file__).parent.parent / "docs" / "performance.md"


def main() -> None:
    """Measure, write the report, and say where it is."""
    log.configure(level=logging.WARNING)
    before = healing.kept(REPORT.read_text(encoding="utf-8")) if REPORT.exists() else ""
    REPORT.write_text(f"{report()}\n{before}".rstrip() + "\n", encoding="utf-8")
    print(f"written: {REPORT}")


def report() -> str:
    """Return the report as Markdown; each figure comes from this one run."""
    parts = [
        *(_heading(), _jobs(), _sandbox(), _certificates(), _claims()),
        *(_scale(), _contention(), _over_http()),
        *(_downloads(), _questions(), _pages()),
        site_pages.section(site_pages.measure()),
    ]
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


def _certificates() -> str:
    lines = [
        "## Certificates",
        "",
        "Every check but the imports, on real wheels, beside unpacking and hashing the same files",
        f"with zipfile; medians of {certificates.ROUNDS}, in seconds of processor time (goal: 1).",
        "",
        "| wheel | MB | unpacked | certificate | reading | ratio |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.filename} | {row.size / 1e6:.1f} | {row.unpacked / 1e6:.1f}"
        f" | {row.certificate:.2f} | {row.reading:.2f} | {row.certificate / row.reading:.2f} |"
        for row in certificates.measure()
    ]
    return "\n".join([*lines, ""])


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


def _pages() -> str:
    figures = pages.measure()
    ours = figures.read["our own process"]
    lines = [
        "## Serving pages",
        "",
        f"Project pages of {pages.FILES} files in JSON, uncompressed, {pages.PROJECTS} projects",
        f"(devpi-server and pypiserver: {pages.FEWER_PROJECTS}), asked for by wrk from one thread;",
        f"medians of {pages.ROUNDS} rounds in turn. One process each, with a log of requests if",
        "nothing else is said.",
        "",
        "| server | pages/s | our own process, as a multiple |",
        "|---|---|---|",
    ]
    lines += [f"| {name} | {rate:.0f} | {ours / rate:.2f} |" for name, rate in figures.read.items()]
    lines += [
        "",
        f"Installing {pages.WHEELS} wheels of 100 kB without a cache, medians in seconds:",
        "",
        "| | from | seconds |",
        "|---|---|---|",
    ]
    lines += [
        f"| {tool} | {name} | {seconds:.2f} |" for (tool, name), seconds in figures.installs.items()
    ]
    lines += [
        "",
        f"Writing: {figures.written:.0f} pages/s, each plain, with zstd and with gzip, flushed to",
        f"the disk; {figures.plain:.0f}/s for plain files with the same bytes, flushed too.",
    ]
    return "\n".join([*lines, ""])


def _scale() -> str:
    figures = scale.measure(full=_is_full())
    lines = [
        "## As the number of projects grows",
        "",
        f"Projects of {population.RELEASES} releases each, all decided about for",
        f"{len(population.TARGETS)} targets. Milliseconds of",
        "one thing, medians, by one process: planning a project that",
        "has changed, claiming a job, finishing it, expiring a lease, counting the queue. Then",
        "releases planned for the first time in a second, the size of the database, and the most",
        "memory that the process has had. `make bench FULL=1` adds 1,000,000 projects.",
        "",
        (
            "| database | projects | pending jobs | plan | claim | finish | expire | count"
            " | releases/s | MB | memory MB |"
        ),
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.database} | {row.projects:,} | {row.jobs:,} | {row.plan:.1f} | {row.claim:.2f}"
        f" | {row.finish:.2f} | {row.expire:.2f} | {row.count:.1f} | {row.planned:,.0f}"
        f" | {row.size:,.0f} | {row.memory:,.0f} |"
        for row in figures
    ]
    server = [row for row in figures if row.database == "PostgreSQL"]
    claims_grow = server[-1].claim / server[0].claim
    finishes_grow = server[-1].finish / server[0].finish
    return "\n".join(
        [
            *lines,
            "",
            f"From {server[0].projects:,} to {server[-1].projects:,} projects a claim costs",
            f"{claims_grow:.2f} times as much,",
            f"a finish {finishes_grow:.2f} times (goal: at most 1.5). piwheels' queue query took",
            "0.4 s at 2,000 projects, 2.5 s at 20,000 and 37 s at 200,000 (measured beforehand).",
            "",
        ]
    )


def _contention() -> str:
    lines = [
        "## Claims by several clients at once",
        "",
        "PostgreSQL with its own settings, by pgbench: our claim statement, and a bare claim of",
        "the first waiting row of a table with nothing else in it (`SKIP LOCKED`). Claims a",
        f"second, the best of {contention.ROUNDS} rounds of {contention.CLAIMS:,} in turns;",
        "goal 0.7.",
        "",
        "| clients | bare | ours | ratio |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row.clients} | {row.bare:,.0f} | {row.ours:,.0f} | {row.ours / row.bare:.2f} |"
        for row in contention.measure()
    ]
    return "\n".join([*lines, ""])


def _over_http() -> str:
    rate = builders_http.measure()
    return f"""## Jobs over HTTP

{builders_http.BUILDERS} builders, {builders_http.PROCESSES} web processes and PostgreSQL on this
machine, all on its {os.cpu_count()} cores: {rate:.0f} jobs handed out and finished in a second
(goal 500; piwheels' master, measured beforehand: 44 to 78).
"""


def _downloads() -> str:
    figures = downloads.measure(full=_is_full())
    return f"""## From logs to counts

A combined log of {figures.lines:,} lines, of an index with ten million requests a month and
{downloads.FILES:,} wheels, counted into PostgreSQL; both processes together have one core:
{figures.ours:,.0f} lines a second from the file to committed roll-ups (goal 50,000), with
{figures.memory:,.0f} MB at most (goal 200). In the same run `lars`, which piwheels' log reader
rests on, parsed {figures.theirs:,.0f} lines a second, User-Agents included, before any database.
`make bench FULL=1` counts {downloads.FULL_LINES:,} lines.
"""


def _questions() -> str:
    lines = [
        "## Questions about downloads",
        "",
        "PostgreSQL with a hundred million downloads' worth of roll-ups (2,000,000 rows of",
        "projects, 3,000,000 of files, 60,000 of installers, 20,000 of daily totals); medians of",
        f"{statistics_queries.ROUNDS}, Python included (goal: 20 ms a query).",
        "",
        "| question | queries | ms | slowest query, ms |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {row.question} | {row.queries} | {row.ms:.1f} | {row.slowest:.1f} |"
        for row in statistics_queries.measure()
    ]
    return "\n".join([*lines, ""])


def _is_full() -> bool:
    return os.environ.get("FULL", "0") not in {"", "0"}


if __name__ == "__main__":
    main()
