"""The service that writes pages into the store whenever something has changed."""

from collections.abc import Sequence
from dataclasses import dataclass

from wheelyard.clock import Clock
from wheelyard.database import decisions, listings, pages, projects, state, targets
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.listings import Listing
from wheelyard.log import get_logger
from wheelyard.model.build import Decision
from wheelyard.model.names import ProjectName
from wheelyard.model.overview import ProjectOverview
from wheelyard.publish import simple, site
from wheelyard.publish.selection import (
    PLAIN,
    channel_of,
    fits,
    index_files,
    is_listed,
    is_offered,
    prefix_of,
)
from wheelyard.settings import Settings
from wheelyard.storage.store import Store

_BATCH = 100
_MAX_ROUNDS = 5
_LAYOUT = "publisher-layout"
_LAYOUT_VERSION = 1
_log = get_logger("publisher")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Front:
    """What the project lists and the first page are made from, read at one moment."""

    serial: int
    channels: tuple[str, ...]
    listings: tuple[Listing, ...]
    decisions: tuple[Decision, ...]


class Publisher:
    """Writes the pages that wait in the outbox.

    A page stays in the outbox until it is in the store, so a publisher that dies in the middle is
    made up for by the next. Several may run: whoever writes looks afterwards whether what it wrote
    is still true, so that the slower one cannot leave an old page behind.
    """

    name = "publisher"
    pause_seconds = 1.0

    def __init__(self, engine: Engine, *, store: Store, clock: Clock, settings: Settings) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._server_url = settings.server_url
        self._has_written_front = False

    def tick(self) -> int:
        """Write what waits in the outbox; returns how many projects were written."""
        channels = self._settled_channels()
        with reading(self._engine) as connection:
            waiting = pages.pages_to_write(connection, limit=_BATCH)
        for page in waiting:
            self._write_project(page.project, channels)
        if waiting or not self._has_written_front:
            self._write_front()
            self._has_written_front = True
        with writing(self._engine) as connection:
            for page in waiting:
                pages.page_written(connection, page.project, page.revision)
        if waiting:
            _log.info("pages-written", projects=len(waiting))
        return len(waiting)

    def _settled_channels(self) -> tuple[str, ...]:
        """Return the active channels, having marked every page if the layout has changed.

        A new channel changes what the plain index may hold, a new address the installation lines,
        a new version of this program perhaps the form of every page.
        """
        with reading(self._engine) as connection:
            channels = _active_channels(connection)
            layout = {
                "version": _LAYOUT_VERSION,
                "channels": list(channels),
                "url": self._server_url,
            }
            if state.get_state(connection, _LAYOUT) == layout:
                return channels
        self._has_written_front = False
        with writing(self._engine) as connection:
            for project in _known_projects(connection):
                pages.mark_page(connection, project)
            state.put_state(connection, _LAYOUT, layout)
        return channels

    def _write_project(self, project: ProjectName, channels: Sequence[str]) -> None:
        for _ in range(_MAX_ROUNDS):
            with reading(self._engine) as connection:
                overview = projects.project_overview(connection, project)
            if overview is None:
                return
            self._write_indexes(overview, channels)
            self._write_site(overview, channels)
            with reading(self._engine) as connection:
                now = projects.project_overview(connection, project)
            if now is None or now.serial == overview.serial:
                return

    def _write_indexes(self, project: ProjectOverview, channels: Sequence[str]) -> None:
        own = {channel_of(wheel.target) for wheel in project.wheels}
        for index in (PLAIN, *sorted({*channels, *own})):
            here = [wheel for wheel in project.wheels if fits(wheel, index, channels=channels)]
            folder = f"{prefix_of(index)}/{project.name}"
            if not any(is_listed(wheel) for wheel in here):
                self._store.delete(f"{folder}/index.json")
                self._store.delete(f"{folder}/index.html")
                continue
            page = simple.IndexPage(
                name=project.name,
                serial=project.serial or 0,
                files=index_files((wheel for wheel in here if is_offered(wheel)), index),
                status=project.status,
                status_reason=project.status_reason,
            )
            self._store.put(f"{folder}/index.json", simple.project_json(page))
            self._store.put(f"{folder}/index.html", simple.project_html(page))

    def _write_site(self, project: ProjectOverview, channels: Sequence[str]) -> None:
        folder = f"project/{project.name}"
        html = site.project_page(
            project, index=_index_for(project, channels), server_url=self._server_url
        )
        self._store.put(f"{folder}/index.html", html)
        self._store.put(f"{folder}/index.json", site.project_document(project))

    def _write_front(self) -> None:
        for _ in range(_MAX_ROUNDS):
            front = self._front()
            indexes = {PLAIN, *front.channels, *(item.channel for item in front.listings)}
            for index in sorted(indexes):
                listed = _listed(front, index)
                folder = prefix_of(index)
                listing = simple.list_json(listed, serial=front.serial)
                self._store.put(f"{folder}/index.json", listing)
                self._store.put(
                    f"{folder}/index.html", simple.list_html(listed, serial=front.serial)
                )
            home = site.home_page(
                front.decisions, channels=front.channels, server_url=self._server_url
            )
            self._store.put("index.html", home)
            with reading(self._engine) as connection:
                if state.current_serial(connection) == front.serial:
                    return

    def _front(self) -> _Front:
        with reading(self._engine) as connection:
            return _Front(
                serial=state.current_serial(connection),
                channels=_active_channels(connection),
                listings=tuple(listings.listings(connection)),
                decisions=tuple(decisions.decisions(connection)),
            )


def _active_channels(connection: Connection) -> tuple[str, ...]:
    return tuple(sorted({target.channel for target in targets.active_targets(connection)}))


def _known_projects(connection: Connection) -> list[ProjectName]:
    """Return the projects that have pages, or should: those listed and those wanted."""
    listed = {item.project for item in listings.listings(connection)}
    return sorted(listed | {want.project for want in projects.wants(connection)})


def _listed(front: _Front, index: str) -> list[tuple[ProjectName, int]]:
    """Return the projects on an index with their serials, by the rule of `selection.fits`."""
    listed = {}
    for item in front.listings:
        if index == PLAIN:
            is_on = all(channel == item.channel for channel in front.channels)
        else:
            is_on = index == item.channel
        if is_on or item.has_pure:
            listed[item.project] = item.serial
    return sorted(listed.items())


def _index_for(project: ProjectOverview, channels: Sequence[str]) -> str:
    """Return an index that has the project's wheels: the plain one if it has them all."""
    offered = [wheel for wheel in project.wheels if is_offered(wheel)]
    if all(fits(wheel, PLAIN, channels=channels) for wheel in offered):
        return PLAIN
    return channel_of(offered[0].target)
