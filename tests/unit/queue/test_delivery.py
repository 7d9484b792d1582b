import hashlib
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.version import Version

from wheels import Fault, make_target, make_wheel
from wheelyard.certify.inspection import inspect_wheel, read_metadata
from wheelyard.errors import UploadRefused
from wheelyard.model.build import Failure, FailureKind, Limits
from wheelyard.model.certificate import failed, passed
from wheelyard.model.names import Filename, Sha256, parse_project_name
from wheelyard.model.wheel import WheelFile
from wheelyard.queue.delivery import Assignment, DeliveredWheel, receive
from wheelyard.storage import uploads
from wheelyard.storage.objects import open_store
from wheelyard.storage.store import Store

NAME = parse_project_name("spam")
TARGET = make_target()


def assignment(*, number: int = 0) -> Assignment:
    return Assignment(
        build_id="b1", project=NAME, version=Version("1.0"), target=TARGET, number=number
    )


def announce(path: Path) -> WheelFile:
    found = inspect_wheel(
        path, project=NAME, version=Version("1.0"), target=TARGET, limits=Limits()
    )
    assert isinstance(found, WheelFile)
    return found


def upload(store: Store, path: Path, *, part_bytes: int = 300) -> None:
    data = path.read_bytes()
    for number, start in enumerate(range(0, len(data), part_bytes)):
        uploads.put_part(store, "b1", path.name, number, data[start : start + part_bytes])


@pytest.fixture
def store() -> Store:
    return open_store("memory://")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "arrived"
    folder.mkdir()
    return folder


def test_a_sound_wheel_arrives_with_its_metadata(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path)
    upload(store, wheel)
    announced = announce(wheel)
    received = receive(store, assignment(), [announced], folder=folder, limits=Limits())
    assert isinstance(received, list)
    certificate = received[0].certificate
    assert certificate.is_passed
    assert received == [
        DeliveredWheel(
            file=announced,
            path=folder / wheel.name,
            metadata=read_metadata(wheel),
            certificate=certificate,
        )
    ]
    assert (folder / wheel.name).read_bytes() == wheel.read_bytes()


def test_a_build_without_a_wheel_is_no_success(store: Store, folder: Path) -> None:
    assert receive(store, assignment(), [], folder=folder, limits=Limits()) == Failure(
        kind=FailureKind.OUTPUT_INVALID,
        message="The build ended well but delivered no wheel.",
    )


def test_two_wheels_of_one_name_are_no_success(store: Store, folder: Path, tmp_path: Path) -> None:
    wheel = announce(make_wheel(tmp_path))
    assert receive(store, assignment(), [wheel, wheel], folder=folder, limits=Limits()) == Failure(
        kind=FailureKind.OUTPUT_INVALID, message="The build delivered two wheels of one name."
    )


def test_wheels_that_are_too_large_together_are_refused_before_they_are_read(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    wheel = announce(make_wheel(tmp_path))
    small = Limits(output_bytes=10)
    assert receive(store, assignment(), [wheel], folder=folder, limits=small) == Failure(
        kind=FailureKind.OUTPUT_INVALID,
        message=f"The wheels have {wheel.size} bytes, more than 10.",
    )


def test_missing_parts_are_refused(store: Store, folder: Path, tmp_path: Path) -> None:
    wheel = announce(make_wheel(tmp_path))
    with pytest.raises(UploadRefused):
        receive(store, assignment(), [wheel], folder=folder, limits=Limits())


def test_other_bytes_than_announced_are_refused_and_thrown_away(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path)
    announced = announce(wheel)
    data = bytearray(wheel.read_bytes())
    data[40] ^= 1
    uploads.put_part(store, "b1", wheel.name, 0, bytes(data))
    with pytest.raises(UploadRefused) as raised:
        receive(store, assignment(), [announced], folder=folder, limits=Limits())
    arrived = hashlib.sha256(data).hexdigest()
    assert raised.value.advice == f"SHA-256 {announced.sha256} was announced, {arrived} arrived"
    assert uploads.parts(store, "b1", wheel.name) == {}


def test_more_bytes_than_announced_are_refused(store: Store, folder: Path, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    announced = announce(wheel)
    uploads.put_part(store, "b1", wheel.name, 0, wheel.read_bytes() + b"x")
    with pytest.raises(UploadRefused):
        receive(store, assignment(), [announced], folder=folder, limits=Limits())


def test_a_broken_wheel_is_a_failure_although_its_hash_is_right(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, fault=Fault.RECORD_WRONG_HASH)
    upload(store, wheel)
    announced = WheelFile(
        filename=Filename(wheel.name),
        size=wheel.stat().st_size,
        sha256=Sha256(hashlib.sha256(wheel.read_bytes()).hexdigest()),
        metadata_sha256=Sha256("0" * 64),
    )
    found = receive(store, assignment(), [announced], folder=folder, limits=Limits())
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.OUTPUT_INVALID


def test_metadata_that_disagrees_with_the_announcement_is_a_failure(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, requires_python=">=3.9")
    upload(store, wheel)
    announced = announce(wheel)
    lied = WheelFile(
        filename=announced.filename,
        size=announced.size,
        sha256=announced.sha256,
        metadata_sha256=announced.metadata_sha256,
        requires_python=None,
    )
    assert receive(store, assignment(), [lied], folder=folder, limits=Limits()) == Failure(
        kind=FailureKind.OUTPUT_INVALID,
        message=f"{wheel.name} holds other metadata than its builder announced.",
    )


def test_a_wheel_without_the_number_of_its_lease_is_a_failure(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path)
    upload(store, wheel)
    assert receive(
        store, assignment(number=2), [announce(wheel)], folder=folder, limits=Limits()
    ) == Failure(kind=FailureKind.OUTPUT_INVALID, message=f"{wheel.name} lacks the build number 2.")


def test_a_wheel_with_the_number_of_its_lease_is_taken(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path, build=2)
    upload(store, wheel)
    found = receive(store, assignment(number=2), [announce(wheel)], folder=folder, limits=Limits())
    assert isinstance(found, list)


def test_a_file_that_is_no_wheel_is_a_failure(store: Store, folder: Path) -> None:
    uploads.put_part(store, "b1", "notes.txt", 0, b"hello")
    announced = WheelFile(
        filename=Filename("notes.txt"),
        size=5,
        sha256=Sha256(hashlib.sha256(b"hello").hexdigest()),
        metadata_sha256=Sha256("0" * 64),
    )
    found = receive(store, assignment(number=1), [announced], folder=folder, limits=Limits())
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.OUTPUT_INVALID


def test_what_the_builder_found_besides_is_on_the_certificate(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path)
    upload(store, wheel)
    told = {Filename(wheel.name): [passed("import", "spam can be imported."), passed("arm", "!")]}
    received = receive(
        store, assignment(), [announce(wheel)], folder=folder, limits=Limits(), told=told
    )
    assert isinstance(received, list)
    assert set(told[Filename(wheel.name)]) <= set(received[0].certificate.checks)


def test_a_failure_that_the_builder_found_refuses_the_wheel(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    wheel = make_wheel(tmp_path)
    upload(store, wheel)
    told = {Filename(wheel.name): [failed("import", "No.", "spam: ImportError")]}
    found = receive(
        store, assignment(), [announce(wheel)], folder=folder, limits=Limits(), told=told
    )
    assert isinstance(found, Failure)
    assert found.evidence == ("spam: ImportError",)


def test_a_builder_cannot_talk_a_failure_away(store: Store, folder: Path, tmp_path: Path) -> None:
    sound = announce(make_wheel(tmp_path / "sound"))
    wheel = make_wheel(tmp_path, fault=Fault.FOREIGN_OBJECT)
    upload(store, wheel)
    announced = replace(
        sound,
        size=wheel.stat().st_size,
        sha256=Sha256(hashlib.sha256(wheel.read_bytes()).hexdigest()),
    )
    told = {Filename(wheel.name): [passed("machine", "It is fine.")]}
    found = receive(store, assignment(), [announced], folder=folder, limits=Limits(), told=told)
    assert isinstance(found, Failure)
    assert found.subject == "machine"


def test_a_text_that_names_the_builders_folder_is_refused(
    store: Store, folder: Path, tmp_path: Path
) -> None:
    files = {"spam/config.py": b"PREFIX = '/var/lib/wheelyard/work/agent-1/build-b1/source'"}
    wheel = make_wheel(tmp_path, files=files)
    upload(store, wheel)
    announced = announce(wheel)
    found = receive(store, assignment(), [announced], folder=folder, limits=Limits())
    assert isinstance(found, Failure)
    assert found.evidence == ("'spam/config.py' tells of 'build-b1'",)
