"""Whether the store holds what the database promises is found out, object by object."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from wheelyard.database import removal
from wheelyard.database.engine import reading, writing
from wheelyard.model.names import parse_project_name
from wheelyard.model.wheel import Wheel
from wheelyard.publish.checking import StoreFault, store_faults
from yard import Yard, make_yard


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yard.project(versions=("1.0", "2.0"))
    yield yard
    yard.engine.dispose()


@pytest.fixture
def wheel(yard: Yard) -> Wheel:
    return yard.publish()


def faults(yard: Yard, *, with_digests: bool = False) -> list[StoreFault]:
    with reading(yard.engine) as connection:
        return list(store_faults(connection, yard.store, with_digests=with_digests))


@pytest.mark.usefixtures("wheel")
def test_a_sound_store_has_no_faults(yard: Yard) -> None:
    assert faults(yard, with_digests=True) == []


def test_what_is_missing_is_told(yard: Yard, wheel: Wheel) -> None:
    log = f"logs/{wheel.build_id}.log.gz"
    gone = [wheel.path, f"{wheel.path}.metadata", log]
    for key in gone:
        yard.store.delete(key)

    expected = [StoreFault(key, "missing") for key in gone]
    assert faults(yard) == faults(yard, with_digests=True) == expected


def test_a_wheel_of_another_size_is_told(yard: Yard, wheel: Wheel) -> None:
    yard.store.put(wheel.path, b"short")

    assert faults(yard) == [StoreFault(wheel.path, f"has 5 bytes instead of {wheel.file.size}")]


def test_other_bytes_of_the_same_size_are_found_by_reading_them(yard: Yard, wheel: Wheel) -> None:
    yard.store.put(wheel.path, b"x" * wheel.file.size)
    yard.store.put(f"{wheel.path}.metadata", b"y")

    assert faults(yard) == []
    assert [fault.key for fault in faults(yard, with_digests=True)] == [
        wheel.path,
        f"{wheel.path}.metadata",
    ]


def test_what_was_recalled_is_not_missed(yard: Yard, wheel: Wheel) -> None:
    with writing(yard.engine) as connection:
        removal.close_project(connection, parse_project_name("spam"), at=yard.clock.now())
    yard.store.delete(wheel.path)

    assert wheel.path not in {fault.key for fault in faults(yard)}
