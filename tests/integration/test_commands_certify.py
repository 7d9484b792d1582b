"""`wheelyard certify`."""

import json
from pathlib import Path

from commands import Commands
from elves import elf_object
from wheels import Fault, make_wheel
from wheelyard.database.certificates import record_certificate
from wheelyard.database.engine import writing
from wheelyard.model.certificate import Certificate, passed
from yard import BOOKWORM

GOOD = {"spam/__init__.py": b"", "spam/_core.so": elf_object()}
BAD = {"spam/__init__.py": b"", "spam/_core.so": elf_object(stack=7)}


def test_wheels_from_before_there_were_certificates_get_one(wheelyard: Commands) -> None:
    wheel = wheelyard.yard.publish(files=GOOD)

    (found,) = wheelyard.json("certify")["wheels"]

    assert (found["filename"], found["target"], found["passed"]) == (
        wheel.file.filename,
        BOOKWORM,
        True,
    )
    checks = {check["name"]: check["result"] for check in found["checks"]}
    assert (checks["machine"], checks["arm"]) == ("pass", "not applicable")
    assert wheelyard.json("certify") == {"wheels": []}
    (entry,) = wheelyard.json("database", "audit")["entries"]
    assert entry["outcome"] == {"wheels": 1, "failed": []}


def test_a_wheel_that_fails_is_told_with_the_reason(wheelyard: Commands) -> None:
    wheel = wheelyard.yard.publish(files=BAD)

    answer = wheelyard("certify", "spam")

    assert answer.exit_code == 6
    assert wheel.file.filename in answer.errors
    assert "asks for an executable stack" in answer.output
    # It was told: it is not told again as one that was never checked.
    assert wheelyard.json("certify") == {"wheels": []}


def test_bytes_that_the_store_lost_or_changed_fail(wheelyard: Commands) -> None:
    lost = wheelyard.yard.publish(files=GOOD)
    changed = wheelyard.yard.publish(version="2.0", files=GOOD)
    wheelyard.yard.store.delete(lost.path)
    other = make_wheel(wheelyard.yard.folder / "other", version="2.0", files=BAD)
    wheelyard.yard.store.put(changed.path, other.read_bytes())

    answer = wheelyard("certify", "spam", "--json")

    assert answer.exit_code == 6
    messages = [
        check["message"]
        for wheel in json.loads(answer.output)["wheels"]
        for check in wheel["checks"]
        if check["name"] == "archive"
    ]
    assert messages == [
        "The store holds other bytes than those that were published.",
        "The store has lost the wheel.",
    ]


def test_what_a_builder_found_stays(wheelyard: Commands) -> None:
    wheel = wheelyard.yard.publish(files=GOOD)
    with writing(wheelyard.yard.engine) as connection:
        imported = Certificate(checks=(passed("import", "spam can be imported."),))
        record_certificate(connection, wheel, imported, at=wheelyard.yard.clock.now())

    (found,) = wheelyard.json("certify", "spam")["wheels"]

    assert [check["message"] for check in found["checks"] if check["name"] == "import"] == [
        "spam can be imported."
    ]


def test_only_wheels_of_a_target_may_be_asked_for(wheelyard: Commands) -> None:
    wheelyard.yard.publish(files=GOOD)
    assert wheelyard.json("certify", "spam", "--target", "trixie-cp313-armv7l") == {"wheels": []}
    assert wheelyard.json("certify", "--target", "trixie-cp313-armv7l") == {"wheels": []}
    assert len(wheelyard.json("certify", "spam", "--target", BOOKWORM)["wheels"]) == 1


def test_a_file_is_checked_without_a_server(wheelyard: Commands, tmp_path: Path) -> None:
    good = make_wheel(tmp_path / "made", files=GOOD)
    printed = wheelyard("certify", str(good), "--target", BOOKWORM)
    assert printed.exit_code == 0
    assert "RECORD is true of 5 files." in printed.output

    bad = make_wheel(tmp_path / "bad", fault=Fault.FOREIGN_OBJECT)
    refused = wheelyard("certify", str(bad), "--target", BOOKWORM)
    assert refused.exit_code == 6
    assert "is an object file for another machine" in refused.output


def test_nonsense_is_refused(wheelyard: Commands, tmp_path: Path) -> None:
    absent = tmp_path / "spam-1.0-py3-none-any.whl"
    assert wheelyard("certify", str(absent), "--target", BOOKWORM).exit_code == 2
    assert wheelyard("certify", "spam.whl").exit_code == 2
    assert wheelyard("certify", "spam", "--target", "moon").exit_code == 2
    assert wheelyard("certify", "no-such-project").exit_code == 4
