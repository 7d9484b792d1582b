"""Certificates on record, on both databases."""

from datetime import timedelta

import pytest

from factories import NOW, PROJECT, wheel
from stocked import build_id, claim, enqueue, finish, register, stock
from wheelyard.database.certificates import certificates_of_project, record_certificate
from wheelyard.database.engine import Engine, reading, writing
from wheelyard.database.projects import project_overview
from wheelyard.database.wheels import record_wheel
from wheelyard.errors import NotStored
from wheelyard.model.certificate import Certificate, Certification, failed, not_applicable, passed
from wheelyard.model.names import parse_project_name

NAME = parse_project_name(PROJECT)
GOOD = Certificate(
    checks=(passed("record", "RECORD is true.", "4 files", "ünïcode \0"), not_applicable("arm", ""))
)
BAD = Certificate(checks=(failed("arm", "It holds v7 code."),))


@pytest.fixture
def build_of_wheel(engine: Engine) -> str:
    """A build that has ended well."""
    with writing(engine) as connection:
        stock(connection)
        enqueue(connection)
        claim(connection, register(connection))
        finish(connection)
    return build_id()


def test_a_certificate_comes_back_as_recorded(engine: Engine, build_of_wheel: str) -> None:
    made = wheel(build_id=build_of_wheel)
    with writing(engine) as connection:
        record_wheel(connection, made)
        record_certificate(connection, made, GOOD, at=NOW)
    with reading(engine) as connection:
        key = (made.build_id, made.file.filename)
        expected = {key: Certification(certificate=GOOD, checked_at=NOW)}
        assert certificates_of_project(connection, NAME) == expected
        overview = project_overview(connection, NAME)
        assert overview is not None
        assert overview.certificates == expected


def test_a_wheel_has_one_certificate_the_newest(engine: Engine, build_of_wheel: str) -> None:
    made, later = wheel(build_id=build_of_wheel), NOW + timedelta(days=1)
    with writing(engine) as connection:
        record_wheel(connection, made)
        record_certificate(connection, made, GOOD, at=NOW)
        record_certificate(connection, made, BAD, at=later)
        found = certificates_of_project(connection, NAME)
    assert list(found.values()) == [Certification(certificate=BAD, checked_at=later)]


def test_a_wheel_that_is_not_on_record_gets_none(engine: Engine, build_of_wheel: str) -> None:
    with writing(engine) as connection, pytest.raises(NotStored):
        record_certificate(connection, wheel(build_id=build_of_wheel), GOOD, at=NOW)
