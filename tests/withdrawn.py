"""Ways to let upstream withdraw what a yard has published, and stores on which things go wrong."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from wheelyard.database import projects
from wheelyard.database.engine import reading, writing
from wheelyard.model.names import ProjectName
from wheelyard.model.project import ProjectPage, ProjectStatus
from wheelyard.model.wheel import Wheel
from wheelyard.queue.withdrawal import settle_wheels
from wheelyard.storage.store import ObjectInfo, Store
from yard import Yard


def upstream_page(yard: Yard, project: ProjectName) -> ProjectPage:
    """Return what upstream last said of a project."""
    with reading(yard.engine) as connection:
        page = projects.stored_page(connection, project)
    assert page is not None
    return page


def upstream_says(yard: Yard, page: ProjectPage) -> int:
    """Save a page as the reader does; return how many wheels changed their state."""
    with writing(yard.engine) as connection:
        projects.save_page(connection, page, at=yard.clock.now())
        return settle_wheels(connection, page.name)


def quarantined(page: ProjectPage) -> ProjectPage:
    """Return the page of the same project in quarantine."""
    return replace(page, status=ProjectStatus.QUARANTINED, files=())


def statuses(yard: Yard, wheel: Wheel) -> list[int]:
    """Return how the server answers for a wheel and for its METADATA."""
    urls = (f"/{wheel.path}", f"/{wheel.path}.metadata")
    return [yard.client.get(url).status_code for url in urls]


class Killed(BaseException):
    """The process ends here."""


class InterruptedStore:
    """A store in which something happens once, before its n-th change."""

    def __init__(self, store: Store, *, before: int, happens: Callable[[], object]) -> None:
        self._store = store
        self._left = before
        self._happens = happens

    @property
    def has_happened(self) -> bool:
        """Whether there were that many changes."""
        return self._left < 0

    def _count(self) -> None:
        self._left -= 1
        if self._left == -1:
            self._happens()

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        """Write an object."""
        self._count()
        self._store.put(key, data)

    def get(self, key: str) -> bytes:
        """Return an object's bytes."""
        return self._store.get(key)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield an object's bytes."""
        return self._store.read(key, start=start, end=end)

    def info(self, key: str) -> ObjectInfo:
        """Return what is known about an object."""
        return self._store.info(key)

    def delete(self, key: str) -> None:
        """Remove an object."""
        self._count()
        self._store.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys in a folder."""
        return self._store.keys(prefix)


def killed() -> None:
    """End the process that a test stands for."""
    raise Killed
