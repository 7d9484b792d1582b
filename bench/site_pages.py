"""How long the site's pages take: written in full, after one change, found by a search.

python bench/site_pages.py [PROJECTS [NAMES]]

Every project of `population` has ten releases decided for four targets. The database is SQLite, the
store a folder.
"""

import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from sqlalchemy import text

import population
from wheelyard.clock import SettableClock
from wheelyard.database import migrate, pages
from wheelyard.database.engine import Engine, connect, reading, writing
from wheelyard.database.search import search
from wheelyard.model.names import parse_project_name
from wheelyard.publish.publisher import Publisher
from wheelyard.settings import Settings
from wheelyard.storage.objects import open_store

PROJECTS = 20_000
NAMES = 750_000
QUERIES = ("n", "nu", "numpy", "nunpy", "python-", "beautifulsuop", "soup", "zzzzzzzz")
ROUNDS = 7
_WANTED = 30_000
_PARTS = ("py", "data", "cloud", "test", "auto", "ml", "flow", "kit", "net", "web", "num", "soup")
_COMMON = 0.5
_SERVER = "http://127.0.0.1:8087/"


@dataclass(frozen=True)
class Figures:
    """What was measured.

    `written` and `plain`: projects a second that the publisher writes, and the same files written
    plainly, each flushed to the disk. `files` are those of the whole site, `touched` those that one
    change wrote again, in `change_ms`. `found`: milliseconds of a search by what was typed, and
    `one_row` those of one row by its key.
    """

    projects: int
    names: int
    written: float
    plain: float
    files: int
    touched: int
    change_ms: float
    found: dict[str, float]
    one_row: float


def measure(projects: int = PROJECTS, names: int = NAMES) -> Figures:
    """Write a site, change one project of it, and search among many names."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        engine = _engine(folder / "site.sqlite")
        population.populate(engine, projects)
        with writing(engine) as connection:
            pages.mark_all_pages(connection)
            connection.execute(text("UPDATE projects SET read_at = created_at"))
        store = open_store(f"file://{folder / 'store'}")
        settings = Settings(data=folder, public_url=_SERVER)
        publisher = Publisher(engine, store=store, clock=SettableClock(), settings=settings)
        seconds = _timed(lambda: _write_all(publisher))
        before = _stamps(folder / "store")
        plain = _timed(lambda: _write_plain(folder / "store", folder / "plain"))
        changed, change_ms = _change(engine, publisher, folder / "store", before)
        engine.dispose()
        found, one_row = _search(folder / "names.sqlite", names)
    return Figures(
        projects=projects,
        names=names,
        written=projects / seconds,
        plain=projects / plain,
        files=len(before),
        touched=changed,
        change_ms=change_ms,
        found=found,
        one_row=one_row,
    )


def section(figures: Figures) -> str:
    """Return the report's section."""
    lines = [
        "## The site",
        "",
        f"{figures.projects:,} projects of ten releases for four targets, in SQLite and a folder:",
        f"written in full at {figures.written:.0f} projects a second ({figures.files:,} files),",
        f"{figures.written / figures.plain:.2f} times as fast as the same files are written and",
        f"flushed one by one. A change of one project wrote {figures.touched} files again, in",
        f"{figures.change_ms:.0f} ms.",
        "",
        f"Searches among {figures.names:,} names (goal 100 ms), beside one row by its key, which",
        f"took {figures.one_row:.2f} ms; medians of {ROUNDS}:",
        "",
        "| typed | ms | times one row |",
        "|---|---|---|",
    ]
    lines += [
        f"| {query} | {ms:.1f} | {ms / figures.one_row:.0f} |"
        for query, ms in figures.found.items()
    ]
    return "\n".join([*lines, ""])


def _engine(file: Path) -> Engine:
    engine = connect(f"sqlite:///{file}")
    migrate.upgrade(engine)
    return engine


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _write_all(publisher: Publisher) -> None:
    while publisher.tick():
        pass


def _stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def _write_plain(store: Path, target: Path) -> None:
    """Write the projects' files once more, as plainly as they can be."""
    target.mkdir()
    for number, path in enumerate(store.glob("project/*/*")):
        with (target / str(number)).open("wb") as file:
            file.write(path.read_bytes())
            file.flush()
            os.fsync(file.fileno())


def _change(
    engine: Engine, publisher: Publisher, store: Path, before: dict[Path, int]
) -> tuple[int, float]:
    with reading(engine) as connection:
        name = connection.execute(text("SELECT name FROM projects LIMIT 1")).scalar_one()
    with writing(engine) as connection:
        pages.mark_page(connection, parse_project_name(name))
    seconds = _timed(lambda: _write_all(publisher))
    after = _stamps(store)
    touched = [path for path, stamp in after.items() if before.get(path) != stamp]
    return len(touched), seconds * 1000


def _search(file: Path, count: int) -> tuple[dict[str, float], float]:
    engine = _engine(file)
    _fill(file, count)
    found: dict[str, float] = {}
    with reading(engine) as connection:
        connection.execute(text("SELECT 1"))
        for query in QUERIES:
            times = [_timed(partial(search, connection, query, limit=25)) for _ in range(ROUNDS)]
            found[query] = statistics.median(times) * 1000
        by_key = text("SELECT id FROM projects WHERE name = 'numpy'")
        one = statistics.median(
            _timed(lambda: connection.execute(by_key).all()) for _ in range(ROUNDS)
        )
    engine.dispose()
    return found, one * 1000


def _fill(file: Path, count: int) -> None:
    """Put so many names into the table of projects; some are asked for, a few very much."""
    chance = random.Random(7)
    names = dict.fromkeys(["numpy", "beautifulsoup4", "soupsieve", "opencv-python"])
    while len(names) < count:
        parts = [
            chance.choice(_PARTS)
            if chance.random() < _COMMON
            else "".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(2, 7)))
            for _ in range(chance.randint(1, 4))
        ]
        names.setdefault(chance.choice(("-", "")).join(parts))
    connection = sqlite3.connect(file)
    connection.executemany(
        "INSERT INTO projects (name, status, created_at, missing_count, demand)"
        " VALUES (?, 'active', '2026-11-23 00:00:00.000000', 0, ?)",
        (
            (name, 10_000_000 // (place + 1) if place < _WANTED else 0)
            for place, name in enumerate(names)
        ),
    )
    connection.execute("ANALYZE")
    connection.commit()
    connection.close()


if __name__ == "__main__":
    print(section(measure(*map(int, sys.argv[1:]))))
