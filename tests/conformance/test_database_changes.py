"""What those are told who copy the index, and where wheels come from, on both databases."""

from factories import NOW, digest, project_name, wheel, wheel_file
from stocked import build_id, claim, enqueue, finish, register, stock
from wheelyard.database.changes import changes_after
from wheelyard.database.engine import Connection, Engine, reading, writing
from wheelyard.database.pages import mark_page, page_written, pages_to_write
from wheelyard.database.provenance import origin_of, served_origins
from wheelyard.database.wheels import record_wheel, set_withheld
from wheelyard.model.build import Limits
from wheelyard.model.names import parse_project_name
from wheelyard.model.wheel import Wheel, WheelState

TARGET = "bookworm-cp311-armv7l"


def deliver(
    connection: Connection, project: str, *, build: int, state: WheelState = WheelState.PUBLISHED
) -> Wheel:
    """Have a wheel built and put on record, and its project's pages marked."""
    stock(connection, project=project, targets=(TARGET,))
    enqueue(connection, project=project, target=TARGET)
    builder = register(connection)
    assert claim(connection, builder, build=build, targets=(TARGET,), limits=Limits()) is not None
    finish(connection, build=build)
    made = wheel(
        file=wheel_file(f"{project}-1.0-cp311-cp311-linux_armv7l.whl"),
        project=project,
        target=TARGET,
        build_id=build_id(build),
        state=state,
    )
    record_wheel(connection, made)
    mark_page(connection, parse_project_name(project))
    return made


def names(connection: Connection, after: int = 0, *, limit: int = 10) -> list[str]:
    return [change.project for change in changes_after(connection, after, limit=limit)]


def test_changes_are_told_in_the_order_of_their_serials(engine: Engine) -> None:
    with writing(engine) as connection:
        for build, project in enumerate(("spam", "ham", "eggs"), start=1):
            deliver(connection, project, build=build)
        mark_page(connection, project_name("spam"))
    with reading(engine) as connection:
        assert names(connection) == ["ham", "eggs", "spam"]
        first, second, last = changes_after(connection, 0, limit=10)
        assert first.serial < second.serial < last.serial
        assert names(connection, limit=2) == ["ham", "eggs"]
        assert names(connection, first.serial) == ["eggs", "spam"]
        assert names(connection, last.serial) == []


def test_projects_without_wheels_are_not_told_and_withdrawn_ones_are(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection, project="empty")
        mark_page(connection, project_name("empty"))
        deliver(connection, "checked", build=1, state=WheelState.CHECKED)
        deliver(connection, "withdrawn", build=2, state=WheelState.WITHDRAWN)
    with reading(engine) as connection:
        assert names(connection) == ["withdrawn"]


def test_a_change_waits_until_its_pages_are_written(engine: Engine) -> None:
    with writing(engine) as connection:
        deliver(connection, "spam", build=1)
    with reading(engine) as connection:
        assert [change.waits for change in changes_after(connection, 0, limit=1)] == [True]
    with writing(engine) as connection:
        (page,) = pages_to_write(connection, limit=1)
        page_written(connection, page.project, page.revision)
    with reading(engine) as connection:
        assert [change.waits for change in changes_after(connection, 0, limit=1)] == [False]


def test_the_origin_of_a_wheel_is_what_its_build_was_given(engine: Engine) -> None:
    with writing(engine) as connection:
        made = deliver(connection, "spam", build=1)
    with reading(engine) as connection:
        origin = origin_of(connection, made)
    assert (origin.filename, origin.sha256) == (made.file.filename, made.file.sha256)
    assert (origin.project, str(origin.version), origin.target) == ("spam", "1.0", TARGET)
    assert (origin.build_id, origin.number, origin.builder) == (build_id(1), 0, "board")
    assert origin.sdist_filename == "spam-1.0.tar.gz"
    assert origin.sdist_sha256 == digest("spam-1.0.tar.gz")
    assert (origin.started_at, origin.finished_at) == (NOW, NOW)
    assert origin.limits["memory_bytes"] == Limits().memory_bytes
    assert origin.limits["duration"] == Limits().duration.total_seconds()


def test_only_what_is_served_is_listed_with_its_origin_page_by_page(engine: Engine) -> None:
    states = (WheelState.PUBLISHED, WheelState.CHECKED, WheelState.SUPERSEDED, WheelState.WITHDRAWN)
    with writing(engine) as connection:
        made = [
            deliver(connection, state, build=build, state=state)
            for build, state in enumerate(states, start=1)
        ]
        kept_aside = deliver(connection, "spam", build=9)
        set_withheld(connection, kept_aside.path, is_withheld=True)
    with reading(engine) as connection:
        ((first, origin),) = served_origins(connection, after=0, limit=1)
        assert origin.filename == made[0].file.filename
        ((second, origin),) = served_origins(connection, after=first, limit=10)
        assert origin.filename == made[2].file.filename
        assert served_origins(connection, after=second, limit=10) == []
