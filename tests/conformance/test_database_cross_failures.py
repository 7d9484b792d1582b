"""Projects that cross compilers fail with, on both databases: from which version on."""

from packaging.version import Version

from factories import NOW, PROJECT
from stocked import stock
from wheelyard.database.cross_failures import (
    cross_failures_of,
    forget_cross_failures,
    record_cross_failure,
)
from wheelyard.database.engine import Engine, writing

ARMV7 = "armv7l"


def test_a_failure_holds_from_its_version_on_and_for_its_architecture_only(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        for version, reason in (("2", "x.h is missing"), ("3", "again"), ("1.5", "y.h")):
            record_cross_failure(connection, PROJECT, Version(version), ARMV7, reason, at=NOW)
        [known] = cross_failures_of(connection, PROJECT)

    assert (str(known.versions), known.reason, known.failed_at) == (">=1.5", "y.h", NOW)
    assert known.holds(Version("1.5"), ARMV7)
    assert known.holds(Version("4.0rc1"), ARMV7)
    assert not known.holds(Version("1.4"), ARMV7)
    assert not known.holds(Version("2"), "aarch64")


def test_what_is_forgotten_is_gone_for_every_architecture(engine: Engine) -> None:
    with writing(engine) as connection:
        stock(connection)
        for architecture in (ARMV7, "aarch64"):
            record_cross_failure(connection, PROJECT, Version("1"), architecture, "x", at=NOW)
        assert forget_cross_failures(connection, PROJECT) == 2
        assert cross_failures_of(connection, PROJECT) == []
        assert forget_cross_failures(connection, PROJECT) == 0
