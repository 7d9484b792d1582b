"""The publisher: what is in the store after a tick."""

import json
from collections.abc import Iterable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from wheelyard.database import pages, wheels
from wheelyard.database.engine import reading, writing
from wheelyard.errors import NotStored, StoreFull
from wheelyard.model.build import Failure, FailureKind, Verdict
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.project import ProjectStatus
from wheelyard.model.wheel import WheelState
from wheelyard.publish.publisher import Publisher
from wheelyard.settings import Settings
from wheelyard.storage.store import ObjectInfo, Store
from yard import BOOKWORM, SERVER_URL, TRIXIE, Yard, make_yard

PUTS_OF_A_TICK = 4 + 2 + 4 + 1
"""A project's page on two indexes in two forms, its site page, two lists in two forms, and home."""

SPAM = parse_project_name("spam")


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yield yard
    yard.engine.dispose()


def stored(yard: Yard, key: str) -> Any:  # noqa: ANN401 - any JSON
    return json.loads(yard.store.get(key))


def filenames(yard: Yard, index: str, project: ProjectName = SPAM) -> list[str]:
    return [file["filename"] for file in stored(yard, f"{index}/{project}/index.json")["files"]]


def listed(yard: Yard, index: str) -> list[str]:
    return [item["name"] for item in stored(yard, f"{index}/index.json")["projects"]]


def waiting(yard: Yard) -> list[str]:
    with reading(yard.engine) as connection:
        return [page.project for page in pages.pages_to_write(connection, limit=10)]


def test_a_fresh_server_has_an_empty_index_and_a_first_page(yard: Yard) -> None:
    assert yard.publisher.tick() == 0
    assert stored(yard, "simple/index.json")["projects"] == []
    assert b"Nothing has been asked for yet" in yard.store.get("index.html")


def test_a_published_wheel_is_on_the_plain_index_and_on_its_channels(yard: Yard) -> None:
    yard.project()
    wheel = yard.publish(requires_python=">=3.11")
    assert yard.publisher.tick() == 1
    page = stored(yard, "simple/spam/index.json")
    assert page["files"] == [
        {
            "filename": wheel.file.filename,
            "url": f"../../{wheel.path}",
            "hashes": {"sha256": wheel.file.sha256},
            "size": wheel.file.size,
            "upload-time": "2026-11-23T12:00:00Z",
            "yanked": False,
            "core-metadata": {"sha256": wheel.file.metadata_sha256},
            "requires-python": ">=3.11",
            "_wheelyard-provenance": f"../../{wheel.path}.provenance",
        }
    ]
    channel_page = stored(yard, "bookworm/simple/spam/index.json")
    assert channel_page["files"][0]["url"] == f"../../../{wheel.path}"
    assert listed(yard, "simple") == listed(yard, "bookworm/simple") == ["spam"]
    assert wheel.file.filename.encode() in yard.store.get("simple/spam/index.html")


def test_the_list_and_the_page_tell_the_same_serial(yard: Yard) -> None:
    yard.project()
    yard.publish()
    yard.publisher.tick()
    serial = stored(yard, "simple/spam/index.json")["meta"]["_last-serial"]
    assert serial > 0
    assert stored(yard, "simple/index.json")["projects"] == [
        {"name": "spam", "_last-serial": serial}
    ]


def test_a_page_is_written_once_and_again_when_it_is_marked_again(yard: Yard) -> None:
    yard.project()
    yard.publish()
    assert yard.publisher.tick() == 1
    assert yard.publisher.tick() == 0
    with writing(yard.engine) as connection:
        pages.mark_page(connection, SPAM)
    assert yard.publisher.tick() == 1
    assert waiting(yard) == []


def test_the_plain_index_holds_only_what_fits_every_channel(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    yard.project("spam")
    yard.project("eggs")
    yard.publish("spam")
    pure = yard.publish("eggs", tags=("py3-none-any",), target=TRIXIE)
    yard.publisher.tick()
    assert listed(yard, "simple") == ["eggs"]
    assert listed(yard, "bookworm/simple") == ["eggs", "spam"]
    assert listed(yard, "trixie/simple") == ["eggs"]
    eggs = parse_project_name("eggs")
    assert filenames(yard, "bookworm/simple", eggs) == [pure.file.filename]
    with pytest.raises(NotStored):
        yard.store.get("simple/spam/index.json")
    with pytest.raises(NotStored):
        yard.store.get("trixie/simple/spam/index.html")


def test_a_second_channel_takes_platform_wheels_off_the_plain_index(yard: Yard) -> None:
    yard.project()
    yard.publish()
    yard.publisher.tick()
    assert listed(yard, "simple") == ["spam"]
    yard.activate(BOOKWORM, TRIXIE)
    yard.publisher.tick()
    assert listed(yard, "simple") == []
    assert list(yard.store.keys("simple/spam")) == []
    assert listed(yard, "bookworm/simple") == ["spam"]


def test_wheels_of_two_channels_with_one_name_keep_apart(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    yard.project()
    tags = ("cp311-abi3-linux_x86_64",)
    old = yard.publish(tags=tags, files={"spam/__init__.py": b"old = 1\n"})
    new = yard.publish(tags=tags, target=TRIXIE, files={"spam/__init__.py": b"new = 1\n"})
    yard.publisher.tick()
    assert old.file.filename == new.file.filename
    for index, wheel in (("bookworm/simple", old), ("trixie/simple", new)):
        files = stored(yard, f"{index}/spam/index.json")["files"]
        assert [file["hashes"]["sha256"] for file in files] == [wheel.file.sha256]


def test_a_portable_wheel_is_on_every_channel_whose_glibc_is_new_enough(yard: Yard) -> None:
    yard.activate("bullseye-cp39-x86_64", BOOKWORM, TRIXIE)
    yard.project("spam")
    tags = ("cp311-abi3-manylinux_2_34_x86_64", "cp311-abi3-linux_x86_64")
    wheel = yard.publish("spam", tags=tags)
    yard.publisher.tick()
    spam = parse_project_name("spam")
    for index in ("bookworm/simple", "trixie/simple"):
        assert listed(yard, index) == ["spam"]
        assert filenames(yard, index, spam) == [wheel.file.filename]
    assert listed(yard, "simple") == listed(yard, "bullseye/simple") == []
    yard.activate(BOOKWORM, TRIXIE)
    yard.publisher.tick()
    assert listed(yard, "simple") == ["spam"]
    assert filenames(yard, "simple", spam) == [wheel.file.filename]


def test_a_wheel_that_needs_debian_packages_stays_in_its_channel(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    yard.project("spam")
    tags = ("cp311-abi3-manylinux_2_34_x86_64",)
    yard.publish("spam", tags=tags, dependencies=("libgl1",))
    yard.publisher.tick()
    assert listed(yard, "bookworm/simple") == ["spam"]
    assert listed(yard, "trixie/simple") == []


def test_a_name_that_was_withdrawn_never_gets_the_bytes_of_another_channel(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    yard.project()
    tags = ("py3-none-any",)
    old = yard.publish(tags=tags, files={"spam/__init__.py": b"old = 1\n"})
    yard.clock.advance(timedelta(seconds=1))
    yard.publish(tags=tags, target=TRIXIE, files={"spam/__init__.py": b"new = 1\n"})
    yard.publisher.tick()
    with writing(yard.engine) as connection:
        wheels.set_wheel_state(connection, old, WheelState.WITHDRAWN)
        pages.mark_page(connection, old.project)
    yard.publisher.tick()
    assert filenames(yard, "trixie/simple", old.project) == []


@pytest.mark.parametrize("state", [WheelState.SUPERSEDED, WheelState.WITHDRAWN])
def test_a_project_that_once_had_wheels_keeps_an_empty_page(yard: Yard, state: WheelState) -> None:
    yard.project()
    yard.publish(state=state)
    yard.publisher.tick()
    assert filenames(yard, "simple") == []
    assert listed(yard, "simple") == ["spam"]


def test_a_wheel_that_was_only_checked_is_on_no_index(yard: Yard) -> None:
    yard.project()
    wheel = yard.publish(state=WheelState.CHECKED)
    yard.publisher.tick()
    assert listed(yard, "simple") == []
    with pytest.raises(NotStored):
        yard.store.get("simple/spam/index.json")
    assert wheel.file.filename.encode() in yard.store.get("project/spam/index.html")


def test_a_yank_is_passed_on_with_its_reason(yard: Yard) -> None:
    yard.project()
    yard.publish()
    yard.publisher.tick()
    yard.project(yanked=True, yanked_reason="it bites")
    assert yard.publisher.tick() == 1
    assert stored(yard, "simple/spam/index.json")["files"][0]["yanked"] == "it bites"
    assert b'data-yanked="it bites"' in yard.store.get("simple/spam/index.html")


def test_a_quarantined_project_offers_nothing(yard: Yard) -> None:
    yard.project()
    yard.publish()
    yard.project(status=ProjectStatus.QUARANTINED, status_reason="malware")
    yard.publisher.tick()
    page = stored(yard, "simple/spam/index.json")
    assert (page["files"], page["project-status"]) == (
        [],
        {"status": "quarantined", "reason": "malware"},
    )


def test_the_project_page_tells_decisions_wheels_and_failures(yard: Yard) -> None:
    yard.project(versions=("1.0", "2.0"))
    wheel = yard.publish()
    yard.decide(verdict=Verdict.BUILT, reason="We made a wheel.")
    yard.decide(version="2.0", verdict=Verdict.FAILED, reason="It wants libspam.")
    failure = Failure(
        kind=FailureKind.MISSING_SYSTEM_PACKAGE,
        message="A header is missing.",
        subject="spam.h",
        evidence=("fatal error: spam.h: No such file",),
    )
    build_id = yard.build(version="2.0")
    yard.end(build_id, failure=failure)
    yard.publisher.tick()
    document = stored(yard, "project/spam/index.json")
    assert document["decisions"] == [
        {
            "version": "2.0",
            "target": BOOKWORM,
            "verdict": "failed",
            "reason": "It wants libspam.",
        },
        {"version": "1.0", "target": BOOKWORM, "verdict": "built", "reason": "We made a wheel."},
    ]
    assert [item["path"] for item in document["wheels"]] == [wheel.path]
    failed = next(item for item in document["builds"] if item["id"] == build_id)
    assert failed["failure"] == {
        "kind": "missing-system-package",
        "message": "A header is missing.",
        "subject": "spam.h",
        "evidence": ["fatal error: spam.h: No such file"],
    }
    html = yard.store.get("project/spam/index.html").decode()
    for said in (
        "It wants libspam.",
        wheel.file.sha256,
        "fatal error: spam.h: No such file",
        f'href="../../logs/{build_id}.log"',
        f"pip install --index-url {SERVER_URL}overlay/simple/ spam",
        f"uv pip install --default-index {SERVER_URL}overlay/simple/ spam",
    ):
        assert said in html


def test_installation_lines_name_an_index_that_has_the_wheel(yard: Yard) -> None:
    yard.activate(BOOKWORM, TRIXIE)
    yard.project()
    yard.publish(target=TRIXIE, tags=("cp313-cp313-linux_x86_64",))
    yard.publisher.tick()
    html = yard.store.get("project/spam/index.html").decode()
    assert f"--index-url {SERVER_URL}trixie/overlay/simple/ spam" in html


def test_nothing_that_people_write_upstream_can_break_out_of_a_page(yard: Yard) -> None:
    hostile = "\"'><script>alert(1)</script>"
    yard.project(summary=hostile, status=ProjectStatus.ARCHIVED, status_reason=hostile)
    yard.decide(reason=hostile)
    yard.end(
        yard.build(),
        failure=Failure(
            kind=FailureKind.UNKNOWN, message=hostile, subject=hostile, evidence=(hostile,)
        ),
    )
    yard.publisher.tick()
    for key in ("index.html", "project/spam/index.html"):
        page = yard.store.get(key)
        assert b"<script>" not in page
        assert b"&lt;script&gt;" in page


def test_the_first_page_has_every_outcome(yard: Yard) -> None:
    yard.project("spam")
    yard.project("eggs")
    yard.decide("spam", verdict=Verdict.BUILT, reason="We made a wheel.")
    yard.decide("eggs", verdict=Verdict.COVERED_UPSTREAM, reason="Upstream has one.")
    yard.publisher.tick()
    html = yard.store.get("index.html").decode()
    for said in ("We made a wheel.", "Upstream has one.", 'href="project/eggs/"'):
        assert said in html


def test_a_new_address_is_written_into_all_pages(yard: Yard) -> None:
    yard.project()
    yard.publish()
    yard.publisher.tick()
    moved = Publisher(
        yard.engine,
        store=yard.store,
        clock=yard.clock,
        settings=Settings(data=yard.folder, public_url="http://new.example.org/"),
    )
    assert moved.tick() == 1
    assert b"http://new.example.org/overlay/simple/" in yard.store.get("project/spam/index.html")
    assert b"http://new.example.org/overlay/simple/" in yard.store.get("index.html")


class FillingStore:
    """A store on another one that has room for so many objects only."""

    def __init__(self, store: Store, *, room: int) -> None:
        self._store = store
        self.room = room

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        if self.room == 0:
            raise StoreFull(key)
        self.room -= 1
        self._store.put(key, data)

    def get(self, key: str) -> bytes:
        return self._store.get(key)

    def read(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        return self._store.read(key, start=start, end=end)

    def info(self, key: str) -> ObjectInfo:
        return self._store.info(key)

    def delete(self, key: str) -> None:
        self._store.delete(key)

    def keys(self, prefix: str) -> Iterator[str]:
        return self._store.keys(prefix)


@pytest.mark.parametrize("room", range(PUTS_OF_A_TICK))
def test_a_publisher_that_breaks_anywhere_is_made_up_for_later(yard: Yard, room: int) -> None:
    yard.project()
    yard.publish()
    store = FillingStore(yard.store, room=room)
    publisher = Publisher(yard.engine, store=store, clock=yard.clock, settings=yard.settings)
    with pytest.raises(StoreFull):
        publisher.tick()
    assert waiting(yard) == ["spam"]
    store.room = 1000
    assert publisher.tick() == 1
    assert waiting(yard) == []
    assert listed(yard, "simple") == ["spam"]
    assert len(filenames(yard, "simple")) == 1


class MeddlingStore(FillingStore):
    """A store where another program changes the database while a page is written."""

    def __init__(self, yard: Yard) -> None:
        super().__init__(yard.store, room=10_000)
        self._yard = yard
        self._has_meddled = False

    def put(self, key: str, data: bytes | Iterable[bytes]) -> None:
        if key == "simple/spam/index.json" and not self._has_meddled:
            self._has_meddled = True
            self._yard.project(yanked=True, yanked_reason="meanwhile")
            self._yard.publisher.tick()
        super().put(key, data)


def test_a_slower_publisher_leaves_no_old_page_behind(yard: Yard) -> None:
    yard.project()
    yard.publish()
    slow = Publisher(
        yard.engine, store=MeddlingStore(yard), clock=yard.clock, settings=yard.settings
    )
    slow.tick()
    yard.publisher.tick()
    assert waiting(yard) == []
    assert stored(yard, "simple/spam/index.json")["files"][0]["yanked"] == "meanwhile"
    serial = stored(yard, "simple/spam/index.json")["meta"]["_last-serial"]
    assert stored(yard, "simple/index.json")["projects"][0]["_last-serial"] == serial
