"""Which projects belong on which index, and the pages that follow from it, on both databases."""

import json
from pathlib import Path

from factories import NOW, project_name, wheel, wheel_file
from stocked import build_id, claim, enqueue, finish, register, stock
from wheelyard.clock import SettableClock
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.listings import Listing, listings
from wheelyard.database.pages import mark_page
from wheelyard.database.wheels import record_wheel
from wheelyard.model.names import parse_project_name
from wheelyard.model.wheel import WheelState
from wheelyard.publish.publisher import Publisher
from wheelyard.settings import Settings
from wheelyard.storage.objects import open_store

BOOKWORM = "bookworm-cp311-armv7l"
TRIXIE = "trixie-cp313-armv7l"


def deliver(
    connection: Connection,
    filename: str,
    *,
    project: str,
    build: int,
    target: str = BOOKWORM,
    state: WheelState = WheelState.PUBLISHED,
) -> None:
    """Have a wheel built and put on record, and its project's pages marked."""
    stock(connection, project=project, targets=(target,))
    enqueue(connection, project=project, target=target)
    assert claim(connection, register(connection), build=build, targets=(target,)) is not None
    finish(connection, build=build)
    record_wheel(
        connection,
        wheel(
            file=wheel_file(filename),
            project=project,
            target=target,
            build_id=build_id(build),
            state=state,
        ),
    )
    mark_page(connection, parse_project_name(project))


def test_projects_are_listed_by_channel_and_serial_and_whether_a_wheel_is_pure(
    engine: Engine,
) -> None:
    with writing(engine) as connection:
        deliver(connection, "spam-1.0-cp311-cp311-linux_armv7l.whl", project="spam", build=1)
        deliver(
            connection,
            "eggs-1.0-py3-none-any.whl",
            project="eggs",
            build=2,
            target=TRIXIE,
            state=WheelState.SUPERSEDED,
        )
        deliver(
            connection,
            "ham-1.0-py3-none-any.whl",
            project="ham",
            build=3,
            state=WheelState.CHECKED,
        )
    with reading(engine) as connection:
        found = listings(connection)
    eggs, spam = found
    assert (eggs.project, eggs.channel, eggs.has_pure) == ("eggs", "trixie", True)
    assert spam == Listing(project_name("spam"), "bookworm", spam.serial, has_pure=False)
    assert 0 < spam.serial < eggs.serial


def test_projects_with_portable_wheels_are_listed_for_other_channels(engine: Engine) -> None:
    here = "bookworm-cp311-aarch64"
    name = "spam-1.0-cp311-abi3-manylinux_2_{}_aarch64.linux_aarch64.whl"
    with writing(engine) as connection:
        deliver(connection, name.format(35), project="spam", build=1, target=here)
    with reading(engine) as connection:
        (spam,) = listings(connection)
    assert spam.portable_from == 35
    assert [spam.is_on(channel) for channel in ("bookworm", "trixie", "bullseye", "woody")] == [
        True,
        True,
        False,
        False,
    ]


def test_nothing_is_listed_before_something_is_published(engine: Engine) -> None:
    with reading(engine) as connection:
        assert listings(connection) == []


def test_the_publisher_works_on_either_database(engine: Engine, tmp_path: Path) -> None:
    with writing(engine) as connection:
        deliver(connection, "spam-1.0-cp311-cp311-linux_armv7l.whl", project="spam", build=1)
    store = open_store(f"file://{tmp_path / 'store'}")
    publisher = Publisher(
        engine, store=store, clock=SettableClock(NOW), settings=Settings(data=tmp_path)
    )
    assert [publisher.tick(), publisher.tick()] == [1, 0]
    page = json.loads(store.get("bookworm/simple/spam/index.json"))
    assert [file["filename"] for file in page["files"]] == ["spam-1.0-cp311-cp311-linux_armv7l.whl"]
