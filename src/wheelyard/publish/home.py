"""The first page: what this is, how to use it, live figures, what is new and what is missing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from wheelyard.database import decisions, failures, statistics, wheels
from wheelyard.database.engine import Connection, Engine, reading
from wheelyard.database.failures import MissingProject
from wheelyard.database.queue import job_counts
from wheelyard.model.build import Decision, JobState
from wheelyard.model.statistics import Headline
from wheelyard.model.wheel import Wheel
from wheelyard.publish.client_lines import client_lines
from wheelyard.publish.selection import PLAIN
from wheelyard.publish.site import index_url
from wheelyard.render import render, shown_span

_WANTED = 40
_NEWEST = 12
_MISSING = 8
_TOOLS = ("pip", "uv", "poetry", "pdm", "pipenv")


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What there is and is done, in numbers; `waiting` and `running` count jobs."""

    projects: int
    wheels: int
    waiting: int
    running: int
    downloads: Headline


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What the first page is made from, read at one moment."""

    figures: Figures
    wanted: tuple[Decision, ...]
    newest: tuple[Wheel, ...]
    missing: tuple[MissingProject, ...]


def read_figures(connection: Connection, *, today: date) -> Figures:
    """Return the figures as they are now."""
    counts = wheels.wheel_counts(connection)
    jobs = job_counts(connection)
    return Figures(
        projects=counts.projects,
        wheels=counts.wheels,
        waiting=sum(one.count for one in jobs if one.state is not JobState.LEASED),
        running=sum(one.count for one in jobs if one.state is JobState.LEASED),
        downloads=statistics.headline(connection, today=today),
    )


def read_home(engine: Engine, *, today: date) -> Home:
    """Read it all at one moment."""
    with reading(engine) as connection:
        return Home(
            figures=read_figures(connection, today=today),
            wanted=tuple(decisions.wanted_decisions(connection, limit=_WANTED)),
            newest=tuple(wheels.newest_wheels(connection, limit=_NEWEST)),
            missing=tuple(failures.missing_projects(connection, limit=_MISSING)),
        )


def home_page(home: Home, *, channels: Sequence[str], server_url: str) -> bytes:
    """Return the page."""
    url = index_url(server_url, PLAIN)
    return render(
        "home.html",
        root="",
        server_url=server_url,
        index_url=url,
        channels=channels,
        figures=home.figures,
        saved=shown_span(home.figures.downloads.saved_ms),
        tools={tool: client_lines(tool, url) for tool in _TOOLS},
        rows=sorted(home.wanted, key=lambda decision: (decision.project, decision.target)),
        newest=home.newest,
        missing=home.missing,
    )
