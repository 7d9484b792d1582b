"""The service that writes pages into the store whenever something has changed."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from wheelyard.clock import Clock
from wheelyard.database import pages, projects, state, wheels
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.pages import PageToWrite
from wheelyard.database.upstream_pages import stored_page
from wheelyard.errors import CacheUnavailable, Unavailable
from wheelyard.log import get_logger
from wheelyard.model.names import ProjectName
from wheelyard.model.overview import ProjectOverview
from wheelyard.model.project import ProjectPage
from wheelyard.model.wheel import Wheel
from wheelyard.publish import site
from wheelyard.publish.documents import project_document
from wheelyard.publish.front import active_channels, read_front, write_front
from wheelyard.publish.home import home_page, read_home
from wheelyard.publish.notary import Notary
from wheelyard.publish.overlay import overlay_page
from wheelyard.publish.piwheels import piwheels_document
from wheelyard.publish.purge import Purge
from wheelyard.publish.selection import (
    PLAIN,
    index_files,
    index_for,
    is_listed,
    is_offered,
    overlay_of,
    prefix_of,
    wheels_on,
)
from wheelyard.publish.simple import IndexPage, project_html, project_json
from wheelyard.publish.upstream_links import upstream_page
from wheelyard.publish.withholding import (
    bring_back,
    served_paths,
    to_bring_back,
    to_withhold,
    withhold,
)
from wheelyard.settings import Settings
from wheelyard.storage.packing import delete_page, put_page
from wheelyard.storage.store import Store

_BATCH = 25
_HOME_PAUSE = timedelta(minutes=1)
_TAKEN_FOR = timedelta(seconds=45)
_MAX_ROUNDS = 5
_LAYOUT = "publisher-layout"
_LAYOUT_VERSION = 6
_log = get_logger("publisher")


class Publisher:
    """Writes the pages that wait in the outbox, and withholds the wheels that were withdrawn.

    A page stays in the outbox until it is in the store, so a publisher that dies in the middle is
    made up for by the next. Several may run: each takes projects that nobody else has taken, and
    looks after writing whether what it wrote is still true. `upstream` is the simple index that is
    followed, if the settings leave it open.
    """

    name = "publisher"
    pause_seconds = 0.5

    def __init__(  # noqa: PLR0913 - what it works with
        self,
        engine: Engine,
        *,
        store: Store,
        clock: Clock,
        settings: Settings,
        purge: Purge | None = None,
        upstream: str | None = None,
    ) -> None:
        self._engine = engine
        self._store = store
        self._clock = clock
        self._server_url = settings.server_url
        self._may_ask = settings.site.requests_per_hour > 0
        self._upstream = settings.upstream.url if upstream is None else upstream
        self._purge = purge
        self._notary = Notary(engine, store=store, settings=settings)
        self._to_forget: set[str] = set()
        self._front_is_old = True
        self._front_from: datetime | None = None
        self._home: bytes | None = None
        self._home_from: datetime | None = None

    def tick(self) -> int:
        """Write what waits in the outbox; returns how many projects were written."""
        channels = self._settled_channels()
        with writing(self._engine) as connection:
            taken = pages.take_pages(
                connection, now=self._clock.now(), limit=_BATCH, lasts=_TAKEN_FOR
            )
        written: list[PageToWrite] = []
        try:
            for page in taken:
                self._front_is_old = True
                self._to_forget.update(self._write_project(page.project, channels))
                written.append(page)
            if self._front_is_due():
                self._to_forget.update(self.write_front())
                self._home_from = None
            if self._home_is_due():
                self._to_forget.update(self.write_home())
        except Unavailable:
            self._give_back(taken)
            raise
        finally:
            # A project whose pages cannot be written waits until its time is over, and holds up
            # none of those that were taken with it.
            if len(written) < len(taken):
                self._settle(written)
                self._give_back(taken[len(written) + 1 :])
        self._settle(written)
        return len(written)

    def _give_back(self, taken: Sequence[PageToWrite]) -> None:
        with writing(self._engine) as connection:
            pages.give_pages_back(connection, taken)

    def _settle(self, written: Sequence[PageToWrite]) -> None:
        """Take what was written out of the outbox, once caches have forgotten what was there."""
        if self._purge is not None and self._to_forget:
            try:
                self._purge.forget(self._to_forget)
            except CacheUnavailable as error:
                # The pages stay in the outbox, in case this process does not live to tell.
                _log.warning("cache-not-purged", error=str(error), urls=len(self._to_forget))
                return
        self._to_forget.clear()
        if not written:
            return
        with writing(self._engine) as connection:
            # In the order of their names, in which they are marked too: nobody waits in a circle.
            for page in sorted(written, key=lambda page: page.project):
                pages.page_written(connection, page.project, page.revision)
        _log.info("pages-written", projects=len(written))

    def _settled_channels(self) -> tuple[str, ...]:
        """Return the active channels, having marked every page if the layout has changed.

        A new channel changes what the plain index may hold, a new address the installation lines,
        a new version of this program perhaps the form of every page, and where visitors may not
        ask for builds no page offers it.
        """
        with reading(self._engine) as connection:
            channels = active_channels(connection)
            layout = {
                "version": _LAYOUT_VERSION,
                "channels": list(channels),
                "url": self._server_url,
                "may_ask": self._may_ask,
            }
            if state.get_state(connection, _LAYOUT) == layout:
                return channels
        self._front_is_old = True
        with writing(self._engine) as connection:
            pages.mark_all_pages(connection)
            state.put_state(connection, _LAYOUT, layout)
        return channels

    def _write_project(self, project: ProjectName, channels: Sequence[str]) -> list[str]:
        """Bring a project's files and pages up to date; return the paths that have changed.

        What comes back is there before pages name it, what goes away is gone after they do not.
        """
        paths: list[str] = []
        for _ in range(_MAX_ROUNDS):
            with reading(self._engine) as connection:
                overview = projects.project_overview(connection, project)
                upstream = stored_page(connection, project)
            if overview is None:
                return paths
            paths += self._bring_back(overview)
            self._notary.attest(overview.wheels)
            # The page for people goes first: it has links to what indexes have not.
            paths += self._write_site(overview, channels)
            paths += self._write_indexes(overview, upstream, channels)
            paths += self._withhold(overview)
            with reading(self._engine) as connection:
                if projects.project_serial(connection, project) == overview.serial:
                    return paths
        return paths

    def _bring_back(self, project: ProjectOverview) -> list[str]:
        found = to_bring_back(project.wheels)
        for wheel in found:
            bring_back(self._store, wheel)
            self._note(wheel, is_withheld=False)
        return _urls_of(found)

    def _withhold(self, project: ProjectOverview) -> list[str]:
        found = to_withhold(project.wheels)
        for wheel in found:
            # It is noted first, so that whoever takes over from a publisher that was killed brings
            # back what it took away; and again afterwards, because another one may have done so
            # meanwhile. Those that were withheld before are looked at too: a killed publisher, or
            # a builder that delivered the same bytes once more, may have put them back.
            self._note(wheel, is_withheld=True)
            withhold(self._store, wheel)
            self._note(wheel, is_withheld=True)
        return _urls_of(found)

    def _note(self, wheel: Wheel, *, is_withheld: bool) -> None:
        with writing(self._engine) as connection:
            wheels.set_withheld(connection, wheel.path, is_withheld=is_withheld)

    def _write_indexes(
        self, project: ProjectOverview, upstream: ProjectPage | None, channels: Sequence[str]
    ) -> list[str]:
        own = {wheel.channel for wheel in project.wheels}
        paths = []
        for index in (PLAIN, *sorted({*channels, *own})):
            here = wheels_on(index, project.wheels, channels=channels)
            folders = {
                f"{prefix_of(index)}/{project.name}": _index_page(project, here, index),
                f"{overlay_of(index)}/{project.name}": _overlay(project, upstream, here, index),
            }
            for folder, page in folders.items():
                if project.wheels:
                    paths.append(f"{folder}/")
                self._put_index(folder, page)
        return paths

    def _put_index(self, folder: str, page: IndexPage | None) -> None:
        """Write both forms of a page of an index, or take them away."""
        if page is None:
            delete_page(self._store, f"{folder}/index.json")
            delete_page(self._store, f"{folder}/index.html")
        else:
            put_page(self._store, f"{folder}/index.json", project_json(page))
            put_page(self._store, f"{folder}/index.html", project_html(page))

    def _write_site(self, project: ProjectOverview, channels: Sequence[str]) -> list[str]:
        folder = f"project/{project.name}"
        url = None if self._upstream is None else upstream_page(self._upstream, project.name)
        shown = site.without_gone(project)
        html = site.project_page(
            shown,
            index=index_for(project, channels),
            server_url=self._server_url,
            upstream_url=url,
            may_ask=self._may_ask,
        )
        self._store.put(f"{folder}/index.html", html)
        self._store.put(f"{folder}/index.json", project_document(shown))
        piwheels = piwheels_document(shown, server_url=self._server_url, upstream_url=url)
        self._store.put(f"{folder}/piwheels.json", piwheels)
        shown_ids = {build.id for build in shown.builds}
        gone = [build.id for build in project.builds if build.id not in shown_ids]
        of_builds = [path for build in gone for path in (f"build/{build}/", f"logs/{build}.log")]
        return [f"{folder}/", f"{folder}/index.json", f"{folder}/json/", *of_builds]

    def _home_is_due(self) -> bool:
        return self._home_from is None or self._clock.now() >= self._home_from

    def write_home(self) -> list[str]:
        """Write the first page, if it is not what it was; return its path if so."""
        now = self._clock.now()
        home = read_home(self._engine, today=now.date())
        with reading(self._engine) as connection:
            channels = active_channels(connection)
        page = home_page(home, channels=channels, server_url=self._server_url)
        self._home_from = now + _HOME_PAUSE
        if page == self._home:
            return []
        self._store.put("index.html", page)
        self._home = page
        return [""]

    def _front_is_due(self) -> bool:
        is_rested = self._front_from is None or self._clock.now() >= self._front_from
        return self._front_is_old and is_rested

    def write_front(self) -> list[str]:
        """Write the lists of projects; return their paths."""
        front = read_front(self._engine)
        paths = write_front(self._store, front)
        with reading(self._engine) as connection:
            self._front_is_old = state.current_serial(connection) != front.serial
        self._front_from = self._clock.now() + front.pause
        return paths


def _index_page(project: ProjectOverview, here: Sequence[Wheel], index: str) -> IndexPage | None:
    """Return a project's page on an index, given its wheels there; None if it has no page."""
    if not any(is_listed(wheel) for wheel in here):
        return None
    return IndexPage(
        name=project.name,
        serial=project.serial or 0,
        files=index_files(filter(is_offered, here), prefix_of(index)),
        status=project.status,
        status_reason=project.status_reason,
    )


def _overlay(
    project: ProjectOverview, upstream: ProjectPage | None, here: Sequence[Wheel], index: str
) -> IndexPage | None:
    """Return a project's page on an overlay; None where upstream's own page is as good."""
    ours = index_files(filter(is_offered, here), overlay_of(index))
    if upstream is None or not ours:
        return None
    return overlay_page(upstream, ours, serial=project.serial or 0)


def _urls_of(found: Sequence[Wheel]) -> list[str]:
    return [path for wheel in found for path in served_paths(wheel)]
