"""Provenance from the publisher to `wheelyard verify`, with the bytes that are served."""

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commands import Commands
from wheelyard.database import wheels
from wheelyard.database.certificates import record_certificate
from wheelyard.database.engine import writing
from wheelyard.model.certificate import Certificate, passed
from wheelyard.model.wheel import Wheel, WheelState
from wheelyard.provenance.envelope import sign
from wheelyard.provenance.keys import public_pem
from wheelyard.provenance.statement import certificate_digest
from wheelyard.publish.notary import Notary
from yard import Yard, make_yard


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[Yard]:
    yard = make_yard(tmp_path)
    yield yard
    yard.engine.dispose()


@pytest.fixture
def wheel(wheelyard: Commands) -> Wheel:
    """One published wheel of the server that commands are given to."""
    wheel = wheelyard.yard.publish()
    wheelyard.yard.publisher.tick()
    return wheel


def statement(yard: Yard, wheel: Wheel) -> dict[str, Any]:
    envelope = json.loads(yard.store.get(f"{wheel.path}.provenance"))
    told: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))
    return told


def notary(yard: Yard) -> Notary:
    return Notary(yard.engine, store=yard.store, settings=yard.settings)


def saved(wheelyard: Commands, wheel: Wheel) -> Path:
    """Save a wheel, its provenance and the server's keys as somebody without a network has them."""
    folder = wheelyard.yard.folder / "saved"
    folder.mkdir()
    client = wheelyard.yard.client
    for end in ("", ".provenance"):
        (folder / f"{wheel.file.filename}{end}").write_bytes(
            client.get(f"/{wheel.path}{end}").content
        )
    (folder / "keys.json").write_bytes(client.get("/provenance/keys.json").content)
    return folder / wheel.file.filename


def test_the_statement_says_where_a_wheel_comes_from(yard: Yard) -> None:
    yard.project()
    wheel = yard.publish()
    yard.publisher.tick()
    told = statement(yard, wheel)
    assert told["subject"] == [
        {"name": wheel.file.filename, "digest": {"sha256": wheel.file.sha256}}
    ]
    assert told["predicateType"] == "https://slsa.dev/provenance/v1"
    definition = told["predicate"]["buildDefinition"]
    assert definition["externalParameters"] == {
        "project": "spam",
        "version": "1.0",
        "target": "bookworm-cp311-x86_64",
    }
    (source,) = definition["resolvedDependencies"]
    assert source["uri"] == "https://files.example.org/spam-1.0.tar.gz"
    assert len(source["digest"]["sha256"]) == 64
    assert definition["internalParameters"]["environment"]["sha256"] is None
    run = told["predicate"]["runDetails"]
    assert run["builder"]["id"] == "http://yard.example.org/builders/board1"
    assert run["metadata"]["startedOn"] == run["metadata"]["finishedOn"] == "2026-11-23T12:00:00Z"


def test_the_statement_tells_what_each_check_of_the_certificate_found(yard: Yard) -> None:
    yard.project()
    wheel = yard.publish()
    certificate = Certificate(
        checks=(passed("record", "RECORD lists all."), passed("tags", "Fit."))
    )
    with writing(yard.engine) as connection:
        record_certificate(connection, wheel, certificate, at=yard.clock.now())
    yard.publisher.tick()
    assert statement(yard, wheel)["predicate"]["runDetails"]["wheelyard_certificate"] == {
        "sha256": certificate_digest(certificate),
        "passed": True,
        "checks": {"record": "pass", "tags": "pass"},
    }


def test_what_was_said_is_never_said_anew(yard: Yard) -> None:
    yard.project()
    wheel = yard.publish()
    yard.publisher.tick()
    said = yard.store.get(f"{wheel.path}.provenance")
    notary(yard).rotate()
    yard.decide()
    yard.publisher.tick()
    assert notary(yard).attest_all() == 0
    assert yard.store.get(f"{wheel.path}.provenance") == said


def test_a_withdrawn_wheel_takes_its_provenance_along_and_brings_it_back(yard: Yard) -> None:
    project = yard.project()
    wheel = yard.publish()
    yard.publisher.tick()
    said = yard.client.get(f"/{wheel.path}.provenance").content
    for state, status in ((WheelState.WITHDRAWN, 404), (WheelState.PUBLISHED, 200)):
        with writing(yard.engine) as connection:
            wheels.set_wheel_state(connection, wheel, state)
        yard.decide(project)
        yard.publisher.tick()
        assert yard.client.get(f"/{wheel.path}.provenance").status_code == status
    assert yard.client.get(f"/{wheel.path}.provenance").content == said


def test_wheels_that_were_published_before_get_theirs_once(wheelyard: Commands) -> None:
    wheel = wheelyard.yard.publish()
    checked = wheelyard.yard.publish(version="2.0", state=WheelState.CHECKED)
    assert wheelyard.json("provenance", "complete") == {"added": 1}
    assert wheelyard.json("provenance", "complete") == {"added": 0}
    assert statement(wheelyard.yard, wheel)["subject"][0]["name"] == wheel.file.filename
    assert f"{checked.path}.provenance" not in set(wheelyard.yard.store.keys("packages"))


def test_old_keys_stay_published_when_a_new_one_signs(wheelyard: Commands, wheel: Wheel) -> None:
    first = wheelyard.json("provenance", "key")["keyid"]
    second = wheelyard.json("provenance", "rotate")["keyid"]
    listed = wheelyard.yard.client.get("/provenance/keys.json").json()
    assert listed["current"] == second != first
    assert {key["keyid"] for key in listed["keys"]} == {first, second}
    pem = wheelyard.yard.client.get(f"/provenance/keys/{first}.pem")
    assert pem.text.startswith("-----BEGIN PUBLIC KEY-----")
    file = saved(wheelyard, wheel)
    assert wheelyard("verify", str(file), "--key", str(file.parent / "keys.json")).exit_code == 0
    (file.parent / "new.pem").write_bytes(
        wheelyard.yard.client.get(f"/provenance/keys/{second}.pem").content
    )
    answer = wheelyard("verify", str(file), "--key", str(file.parent / "new.pem"))
    assert "signed by a key that is not among the given ones" in answer.errors


def test_a_publisher_that_runs_signs_with_the_new_key_after_a_rotation(yard: Yard) -> None:
    yard.project(versions=("1.0", "2.0"))
    yard.publish()
    yard.publisher.tick()
    new = notary(yard).rotate()
    wheel = yard.publish(version="2.0")
    yard.publisher.tick()
    envelope = json.loads(yard.store.get(f"{wheel.path}.provenance"))
    assert [each["keyid"] for each in envelope["signatures"]] == [new]


def test_no_path_leads_to_other_objects_than_keys(yard: Yard) -> None:
    notary(yard).publish_key()
    for path in ("keys/", "keys/x.pem", "keys/..%2fkeys.json", "", "keys"):
        assert yard.client.get(f"/provenance/{path}").status_code == 404


def test_a_wheel_is_verified_without_asking_anybody(wheelyard: Commands, wheel: Wheel) -> None:
    file = saved(wheelyard, wheel)
    found = wheelyard.json("verify", str(file), "--key", str(file.parent / "keys.json"))
    assert found["sha256"] == wheel.file.sha256
    assert found["statement"]["predicateType"] == "https://slsa.dev/provenance/v1"
    answer = wheelyard("verify", str(file), "--key", str(file.parent / "keys.json"))
    assert "is what was built and signed" in answer.output
    assert "https://files.example.org/spam-1.0.tar.gz" in answer.output


def tampered_wheel(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b"\0")


def tampered_statement(file: Path) -> None:
    beside = file.with_name(f"{file.name}.provenance")
    envelope = json.loads(beside.read_bytes())
    told = base64.b64decode(envelope["payload"]).replace(b"board1", b"board2")
    beside.write_text(
        json.dumps(envelope | {"payload": base64.b64encode(told).decode()}), encoding="utf-8"
    )


def another_key(file: Path) -> None:
    key = Ed25519PrivateKey.generate()
    (file.parent / "keys.json").write_bytes(public_pem(key.public_key()))


def without_signature(file: Path) -> None:
    beside = file.with_name(f"{file.name}.provenance")
    envelope = json.loads(beside.read_bytes()) | {"signatures": []}
    beside.write_text(json.dumps(envelope), encoding="utf-8")


def signed_by(file: Path, told: bytes) -> None:
    """Put another statement beside the wheel, signed by a key that is trusted."""
    key = Ed25519PrivateKey.generate()
    (file.parent / "keys.json").write_bytes(public_pem(key.public_key()))
    file.with_name(f"{file.name}.provenance").write_bytes(sign(told, key))


def anothers_statement(file: Path) -> None:
    envelope = json.loads(file.with_name(f"{file.name}.provenance").read_bytes())
    told = json.loads(base64.b64decode(envelope["payload"]))
    told["subject"][0]["name"] = "eggs-1.0-py3-none-any.whl"
    signed_by(file, json.dumps(told).encode())


@pytest.mark.parametrize(
    ("fault", "explanation"),
    [
        (tampered_wheel, "The file is not the one that was built"),
        (tampered_statement, "was changed after it was signed"),
        (another_key, "signed by a key that is not among the given ones"),
        (without_signature, "not signed at all"),
        (anothers_statement, "about another file: 'eggs-1.0-py3-none-any.whl'"),
        (lambda file: signed_by(file, b"[]"), "not an in-toto statement"),
        (lambda file: signed_by(file, b"spam"), "not an in-toto statement"),
        (
            lambda file: signed_by(file, b'{"_type": "https://in-toto.io/Statement/v1"}'),
            "says nothing of provenance",
        ),
    ],
)
def test_what_does_not_agree_is_explained(
    wheelyard: Commands, wheel: Wheel, fault: Callable[[Path], None], explanation: str
) -> None:
    file = saved(wheelyard, wheel)
    fault(file)
    answer = wheelyard("verify", str(file), "--key", str(file.parent / "keys.json"))
    assert answer.exit_code == 5
    assert explanation in answer.errors
    assert answer.output == ""


def test_a_statement_that_says_next_to_nothing_is_shown_all_the_same(
    wheelyard: Commands, wheel: Wheel
) -> None:
    file = saved(wheelyard, wheel)
    told = {
        "_type": "https://in-toto.io/Statement/v1",
        "predicateType": "https://slsa.dev/provenance/v1",
        "subject": [{"name": file.name, "digest": {"sha256": wheel.file.sha256}}],
    }
    signed_by(file, json.dumps(told).encode())
    answer = wheelyard("verify", str(file), "--key", str(file.parent / "keys.json"))
    assert answer.exit_code == 0


def test_without_keys_or_files_it_says_what_is_missing(wheelyard: Commands, wheel: Wheel) -> None:
    file = saved(wheelyard, wheel)
    assert "--key" in wheelyard("verify", str(file)).errors
    assert wheelyard("verify", str(file), "--key", "nowhere").exit_code == 4
    file.with_name(f"{file.name}.provenance").unlink()
    assert wheelyard("verify", str(file), "--key", str(file.parent / "keys.json")).exit_code == 4
