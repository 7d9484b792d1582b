"""The page of statistics and its document, from statistics that are made up."""

import csv
import io
import json
import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from downloaded import PIP, TODAY, download, put_on_record
from factories import NOW
from wheelyard.clock import SettableClock
from wheelyard.database.engine import connect
from wheelyard.database.migrate import upgrade
from wheelyard.model.build import BuildState
from wheelyard.model.download import ClientClass, Dimension, RequestKind
from wheelyard.model.statistics import (
    YEAR_MS,
    BuildDay,
    BuildTimes,
    PeriodSum,
    ProjectSum,
    Share,
    Statistics,
    Sum,
)
from wheelyard.publish.statistics import StatisticsPages, statistics_document, statistics_page
from wheelyard.publish.statistics_tables import statistics_tables
from wheelyard.settings import DownloadsSettings
from wheelyard.storage.objects import open_store

MUCH = Sum(downloads=1_234_567, saved_ms=3 * YEAR_MS, comparable_ms=25 * YEAR_MS)
SERVER = "https://wheels.example.org/"
FOUND = Statistics(
    today=TODAY,
    all_time=MUCH,
    days=tuple(
        PeriodSum(starts_on=TODAY - timedelta(days=n), sum=Sum(downloads=30 - n))
        for n in range(29, -1, -1)
    ),
    months=(PeriodSum(starts_on=date(2026, 11, 1), sum=MUCH),),
    top=(ProjectSum(project="numpy", sum=MUCH),),
    shares={
        Dimension.DISTRIBUTION: (
            Share(value="<script>alert(1)</script>", downloads=9),
            Share(value="", downloads=3),
        ),
        Dimension.CI: (),
    },
    requests={RequestKind.SEARCH: {ClientClass.ROBOT: 4321}},
    hosts={TODAY: 77},
)


def test_the_page_shows_sums_plots_and_what_time_saved_means() -> None:
    settings = DownloadsSettings(factors={"": {"armv6l": 6.0}, "Raspberry Pi 5": {"armv7l": 3.0}})
    page = statistics_page(FOUND, settings=settings, server_url=SERVER).decode()
    for text in ("1,234,567", "3.0 years", "25.0 years", "numpy", "not told", "6.7", "77", "4,321"):
        assert text in page
    assert "armv7l for builds on Raspberry Pi 5 3" in page
    assert f'<meta property="og:image" content="{SERVER}static/card.png">' in page
    # In all, for the month (in the plot and in its figures) and for the project on top.
    assert page.count(">25.0 years</td>") == 2
    assert page.count(">25.0 years</dd>") == 1
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    heights = [
        float(height)
        for height in re.findall(r'<rect x="\d+" y="[\d.]+" width="8" height="([\d.]+)"', page)
    ]
    assert max(heights) == 102
    assert min(heights) >= 2


def test_the_page_of_nothing_is_there_too() -> None:
    nothing = Statistics(
        today=TODAY,
        all_time=Sum(),
        days=tuple(PeriodSum(starts_on=TODAY, sum=Sum()) for _ in range(30)),
        months=(PeriodSum(starts_on=TODAY, sum=Sum()),),
        top=(),
    )
    page = statistics_page(
        nothing, settings=DownloadsSettings(factors={}), server_url=SERVER
    ).decode()
    assert "All factors are 1." in page
    assert "Downloaded most" not in page


def test_programs_get_the_same_in_json() -> None:
    document = json.loads(statistics_document(FOUND))
    assert document["all_time"] == {
        "downloads": 1_234_567,
        "saved_ms": 3 * YEAR_MS,
        "comparable_ms": 25 * YEAR_MS,
        "comparable_years": 25.0,
    }
    assert document["days"][TODAY.isoformat()]["downloads"] == 30
    assert document["installers"]["distribution"][""] == 3
    assert document["requests"] == {"search": {"robot": 4321}}
    assert document["hosts"] == {"2026-11-23": 77}


def test_each_plot_has_its_data_and_nothing_in_it_runs() -> None:
    days = (
        BuildDay(starts_on=TODAY, counts={BuildState.SUCCEEDED: 3, BuildState.LOST: 1}, seconds=61),
    )
    shares = {Dimension.INSTALLER: (Share(value='=cmd|" /C calc"!A0', downloads=1),)}
    times = BuildTimes(up_to=(10, 60), counts=(1, 2, 0))
    found = replace(FOUND, builds=days, build_times=times, shares=shares)
    tables = statistics_tables(found)
    page = statistics_page(found, settings=DownloadsSettings(), server_url=SERVER).decode()
    linked = set(re.findall(r'href="([a-z-]+)\.csv"', page))
    assert linked == set(tables)
    rows = {name: list(csv.reader(io.StringIO(table.decode()))) for name, table in tables.items()}
    assert rows["builds"][1:] == [[str(TODAY), "0", "3", "0", "1", "61"]]
    assert rows["build-times"][1:] == [["10", "1"], ["60", "2"], ["", "0"]]
    assert rows["installers"][1:] == [["installer", '\'=cmd|" /C calc"!A0', "1"]]
    assert "4, 1 failed or lost" in page
    document = json.loads(statistics_document(found))
    assert document["build_times"][1:] == [
        {"up_to_seconds": 60, "builds": 2},
        {"up_to_seconds": None, "builds": 0},
    ]
    assert "up to 1 min" in page


def test_the_pages_are_written_when_something_changed(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path / 'x.sqlite'}")
    upgrade(engine)
    store = open_store(f"file://{tmp_path / 'store'}")
    clock = SettableClock(NOW)
    pages = StatisticsPages(
        engine, store=store, clock=clock, settings=DownloadsSettings(), server_url=SERVER
    )
    pages.tick()
    assert json.loads(store.get("stats/index.json"))["all_time"]["downloads"] == 0
    store.delete("stats/index.html")
    pages.tick()
    assert "stats/index.html" not in store.keys("stats")
    put_on_record(engine, {(TODAY, download("six-1.0-py3-none-any.whl"), PIP): 2})
    pages.tick()
    assert json.loads(store.get("stats/index.json"))["all_time"]["downloads"] == 2
    assert b"six" in store.get("stats/index.html")
    engine.dispose()
