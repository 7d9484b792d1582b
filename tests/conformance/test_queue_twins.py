"""A wheel for armv6l gets a second name, which serves armv7l, on both databases."""

from pathlib import Path

import pytest

from wheelyard.database.engine import Engine, reading
from wheelyard.database.wheels import wheels_of_project
from wheelyard.model.build import Verdict
from wheelyard.model.target import target_from_name
from wheelyard.queue.recertify import certify_again
from workshop import SPAM, Workshop, make_workshop

ARMV6 = target_from_name("bookworm-cp311-armv6l")
ARMV7 = target_from_name("bookworm-cp311-armv7l")


@pytest.fixture
def workshop(engine: Engine, tmp_path: Path) -> Workshop:
    workshop = make_workshop(tmp_path, engine)
    workshop.activate(ARMV6.name, ARMV7.name)
    workshop.want()
    workshop.read()
    workshop.plan()
    return workshop


def test_one_build_for_armv6l_serves_both(workshop: Workshop) -> None:
    builder = workshop.builder()
    lease = workshop.claim(builder, targets=[ARMV6.name, ARMV7.name])
    assert lease is not None
    assert lease.target.target().name == ARMV6.name

    workshop.deliver(builder, lease)

    with reading(workshop.engine) as connection:
        found = wheels_of_project(connection, SPAM)
    assert sorted(wheel.file.filename for wheel in found) == [
        "spam-1.0-cp311-cp311-linux_armv6l.whl",
        "spam-1.0-cp311-cp311-linux_armv7l.whl",
    ]
    one, other = found
    assert one.file.sha256 == other.file.sha256
    assert b"".join(workshop.store.read(one.path)) == b"".join(workshop.store.read(other.path))
    assert set(workshop.verdicts().values()) == {Verdict.BUILT}
    assert workshop.claim(builder, targets=[ARMV7.name]) is None
    for wheel in found:
        certificate = certify_again(
            workshop.engine,
            workshop.store,
            wheel,
            clock=workshop.clock,
            limits=workshop.settings.limits.limits(),
        )
        assert certificate.is_passed, certificate.failed
