from datetime import timedelta

from factories import NOW
from wheelyard.database import audit
from wheelyard.database.audit import AuditEntry
from wheelyard.database.engine import Engine, reading, writing


def entry(command: str) -> AuditEntry:
    return AuditEntry(
        at=NOW + timedelta(seconds=len(command)),
        actor="ann on attic",
        command=command,
        arguments={"name": "evdev", "versions": ["1.0", "2.0"]},
        outcome={"wheels": 3},
    )


def test_what_was_done_is_kept_the_latest_first(engine: Engine) -> None:
    done = [entry("project skip"), entry("project remove"), entry("queue pause")]
    with writing(engine) as connection:
        for one in done:
            audit.record(connection, one)

    with reading(engine) as connection:
        assert audit.entries(connection, limit=2) == [done[2], done[1]]
