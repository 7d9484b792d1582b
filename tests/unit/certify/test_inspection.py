import hashlib
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.version import Version

from elves import ARM, elf_object
from wheels import Fault, make_target, make_wheel, make_zip
from wheelyard.certify.inspection import inspect_wheel, read_metadata
from wheelyard.errors import HostileContent
from wheelyard.model.build import Failure, FailureKind, Limits
from wheelyard.model.names import parse_filename, parse_project_name, parse_sha256
from wheelyard.model.target import Target
from wheelyard.model.wheel import WheelFile


def inspect(
    path: Path,
    *,
    project: str = "spam",
    version: str = "1.0",
    target: Target | None = None,
    limits: Limits | None = None,
) -> WheelFile | Failure:
    return inspect_wheel(
        path,
        project=parse_project_name(project),
        version=Version(version),
        target=target or make_target(),
        limits=limits or Limits(),
    )


def test_a_sound_wheel_is_described_by_its_bytes(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, requires_python=">=3.8")
    metadata = (
        b"Metadata-Version: 2.1\nName: spam\nVersion: 1.0\nRequires-Python: >=3.8\n"
        b"Summary: For tests\n\nSpam, spam, spam.\n"
    )
    assert inspect(path) == WheelFile(
        filename=parse_filename("spam-1.0-cp311-cp311-linux_x86_64.whl"),
        size=path.stat().st_size,
        sha256=parse_sha256(hashlib.sha256(path.read_bytes()).hexdigest()),
        metadata_sha256=parse_sha256(hashlib.sha256(metadata).hexdigest()),
        requires_python=">=3.8",
    )
    assert read_metadata(path) == metadata


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.NOT_A_ZIP, "not a zip archive"),
        (Fault.CUT_OFF, "not a zip archive"),
        (Fault.BYTES_BEFORE, "overlap or leave gaps"),
        (Fault.BYTES_AFTER, "not a zip archive"),
        (Fault.GAP, "overlap or leave gaps"),
        (Fault.LOCAL_HEADER_DIFFERS, "contradict each other"),
        (Fault.BROKEN_DATA, "'spam/__init__.py'"),
        (Fault.LARGER_THAN_DECLARED, "larger than it says"),
        (Fault.WRONG_COUNT, "number of entries"),
        (Fault.BOMB, "times its size"),
        (Fault.ENCRYPTED, "encrypted"),
        (Fault.PACKED_ODDLY, "packed in a way"),
        (Fault.DUPLICATE_ENTRY, "the same name"),
        (Fault.ABSOLUTE_PATH, "'/tmp/eggs' leads out"),
        (Fault.PARENT_PATH, "leads out"),
        (Fault.BACKSLASH_PATH, "backslash"),
        (Fault.DRIVE_PATH, "names a drive"),
        (Fault.NUL_PATH, "control characters"),
        (Fault.CONTROL_PATH, "control characters"),
        (Fault.LONG_PATH, "too long"),
        (Fault.SYMLINK, "link or a special file"),
        (Fault.DEVICE, "link or a special file"),
        (Fault.SAME_AFTER_FOLDING, "the same name"),
        (Fault.FILE_AND_FOLDER, "a file and a folder"),
        (Fault.NO_DIST_INFO, "one .dist-info folder, not 0"),
        (Fault.TWO_DIST_INFOS, "one .dist-info folder, not 2"),
        (Fault.DIST_INFO_OF_OTHER_PROJECT, "'ham-1.0.dist-info' is not that of spam"),
        (Fault.DIST_INFO_OF_OTHER_VERSION, "'spam-1.1.dist-info' is not that of spam"),
        (Fault.DIST_INFO_IN_DATA, "another .dist-info"),
        (Fault.UNKNOWN_SCHEME, "no known installation scheme"),
        (Fault.NO_WHEEL_FILE, "WHEEL is missing"),
        (Fault.NO_WHEEL_VERSION, "Wheel-Version"),
        (Fault.NEWER_WHEEL_VERSION, "Wheel-Version '2.0'"),
        (Fault.NO_PURELIB, "Root-Is-Purelib"),
        (Fault.OTHER_TAGS, "disagree about the tags"),
        (Fault.OTHER_BUILD, "disagree about the build number"),
        (Fault.NO_METADATA, "METADATA is missing"),
        (Fault.METADATA_OF_OTHER_PROJECT, "METADATA is that of 'ham'"),
        (Fault.METADATA_OF_OTHER_VERSION, "METADATA is that of version '1.1'"),
        (Fault.METADATA_TWICE_NAMED, "METADATA is that of nothing"),
        (Fault.METADATA_GARBAGE, "METADATA has no Metadata-Version"),
        (Fault.BAD_REQUIRES_PYTHON, "Requires-Python that cannot be read"),
        (Fault.NO_RECORD, "RECORD is missing"),
        (Fault.RECORD_NOT_UTF8, "not in UTF-8"),
        (Fault.RECORD_TWO_FIELDS, "three fields"),
        (Fault.RECORD_WITHOUT_FILE, "RECORD does not list 'spam/__init__.py'"),
        (Fault.RECORD_OF_ABSENT_FILE, "RECORD lists 'absent.py', which is not there"),
        (Fault.RECORD_TWICE, "twice"),
        (Fault.RECORD_WRONG_HASH, "does not have the hash and size"),
        (Fault.RECORD_WRONG_SIZE, "does not have the hash and size"),
        (Fault.RECORD_NO_SIZE, "no proper hash and size"),
        (Fault.RECORD_MD5, "no proper hash and size"),
        (Fault.RECORD_NO_HASH, "no proper hash and size"),
        (Fault.RECORD_HASHES_ITSELF, "hash or size of itself"),
        (Fault.RECORD_LACKS_ITSELF, "does not list itself"),
        (Fault.FOREIGN_OBJECT, "'spam/_other.so' is an object file for another machine"),
        (Fault.OBJECT_IN_PURE_WHEEL, "fits every machine"),
    ],
)
def test_every_fault_is_refused_with_its_reason(tmp_path: Path, fault: Fault, reason: str) -> None:
    refused = inspect(make_wheel(tmp_path, fault=fault))
    assert isinstance(refused, Failure)
    assert refused.kind is FailureKind.OUTPUT_INVALID
    assert reason in refused.message
    assert any(reason in line for line in refused.evidence)


def test_every_fault_of_the_factory_has_a_case_above() -> None:
    mark = test_every_fault_is_refused_with_its_reason.pytestmark[0]  # type: ignore[attr-defined]
    assert {fault for fault, _ in mark.args[1]} == set(Fault)


@pytest.mark.parametrize(
    ("name", "version", "reason"),
    [
        ("ham", "1.0", "the filename is that of spam, not of ham"),
        ("spam", "1.1", "the filename is that of version 1.0, not of 1.1"),
    ],
)
def test_a_wheel_of_another_release_is_refused(
    tmp_path: Path, name: str, version: str, reason: str
) -> None:
    refused = inspect(make_wheel(tmp_path), project=name, version=version)
    assert isinstance(refused, Failure)
    assert reason in refused.evidence


@pytest.mark.parametrize(
    "tags",
    [
        ["cp310-cp310-linux_x86_64"],
        ["cp311-cp311-linux_aarch64"],
        ["cp311-cp311-macosx_11_0_arm64"],
        ["cp311-cp311-linux_x86_64", "cp311-cp311-manylinux_2_99_x86_64"],
        ["py2-none-any"],
        ["py3-none-any", "py2-none-win32"],
    ],
)
def test_every_single_tag_must_be_accepted_by_the_target(tmp_path: Path, tags: list[str]) -> None:
    refused = inspect(make_wheel(tmp_path, tags=tags))
    assert isinstance(refused, Failure)
    assert f"the tag {tags[-1]} is not accepted by bookworm-cp311-x86_64" in refused.evidence


@pytest.mark.parametrize(
    "tags",
    [
        ["py3-none-any"],
        ["py2-none-any", "py3-none-any"],
        ["cp38-abi3-linux_x86_64"],
        ["cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64"],
    ],
)
def test_tags_that_the_target_takes_are_accepted(tmp_path: Path, tags: list[str]) -> None:
    assert isinstance(inspect(make_wheel(tmp_path, tags=tags)), WheelFile)


def test_the_name_may_be_written_in_any_form(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, name="RPi.GPIO", version="0.7.1")
    assert isinstance(inspect(path, project="rpi-gpio", version="0.7.1"), WheelFile)


def test_objects_for_the_targets_own_machine_are_accepted(tmp_path: Path) -> None:
    files = {"spam/__init__.py": b"", "spam/_core.so": elf_object(machine=ARM)}
    path = make_wheel(tmp_path, tags=["cp311-cp311-linux_armv7l"], files=files)
    assert isinstance(inspect(path, target=make_target("bookworm-cp311-armv7l")), WheelFile)


def test_files_of_known_schemes_and_folders_are_accepted(tmp_path: Path) -> None:
    files = {
        "spam/": b"",
        "spam/__init__.py": b"",
        "spam-1.0.data/scripts/spam": b"#!python\n",
        "spam-1.0.data/data/share/spam.txt": b"spam",
        "spam/names, with commas.txt": b"",
    }
    assert isinstance(inspect(make_wheel(tmp_path, files=files)), WheelFile)


def test_a_wheel_whose_requires_python_excludes_the_target_is_refused(tmp_path: Path) -> None:
    refused = inspect(make_wheel(tmp_path, requires_python=">=3.12"))
    assert refused == Failure(
        kind=FailureKind.PYTHON_INCOMPATIBLE,
        message="The wheel that was built refuses Python 3.11.99",
        subject=">=3.12",
        evidence=("Requires-Python: >=3.12",),
    )


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        (Limits(output_bytes=100), "more than 100"),
        (Limits(files=3), "more than 3"),
        (Limits(disk_bytes=200), "over 200"),
    ],
)
def test_a_wheel_beyond_its_limits_is_refused(tmp_path: Path, limits: Limits, reason: str) -> None:
    refused = inspect(make_wheel(tmp_path), limits=limits)
    assert isinstance(refused, Failure)
    assert reason in refused.message


def test_a_large_file_is_never_held_in_memory(tmp_path: Path) -> None:
    files = {"spam/large.bin": bytes(40 * 1024**2)}
    path = make_wheel(tmp_path, files=files)
    tracemalloc.start()
    try:
        assert isinstance(inspect(path), WheelFile)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024**2


def test_old_metadata_with_odd_fields_is_accepted(tmp_path: Path) -> None:
    metadata = (
        b"Metadata-Version: 1.1\nName: Spam\nVersion: 1.0.0\nLicense: UNKNOWN\n"
        b"Requires-Dist: eggs (>=1.*)\nOdd-Field: yes\nPlatform: any\n"
    )
    assert isinstance(inspect(make_wheel(tmp_path, metadata=metadata)), WheelFile)


def test_signature_files_need_not_be_listed(tmp_path: Path) -> None:
    path = make_wheel(tmp_path, files={"spam-1.0.dist-info/RECORD.jws": b"{}"})
    assert isinstance(inspect(path), WheelFile)


def test_a_name_that_is_no_wheels_is_refused(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "spam.whl", {})
    refused = inspect(path)
    assert isinstance(refused, Failure)
    assert "the filename is not that of a wheel" in refused.message


def test_reading_metadata_of_something_else_says_so(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "spam-1.0-py3-none-any.whl", {"eggs": b""})
    with pytest.raises(HostileContent, match=r"one \.dist-info folder"):
        read_metadata(path)


@settings(max_examples=150)
@given(position=st.integers(0, 5000), patch=st.binary(min_size=1, max_size=8))
def test_no_change_of_bytes_makes_inspection_raise(
    tmp_path: Path, position: int, patch: bytes
) -> None:
    path = make_wheel(tmp_path)
    data = bytearray(path.read_bytes())
    position %= len(data)
    data[position : position + len(patch)] = patch
    path.write_bytes(data)
    assert isinstance(inspect(path), WheelFile | Failure)


def test_unknown_architectures_are_not_held_against_objects(tmp_path: Path) -> None:
    target = replace(make_target(), architecture="sparc64")
    path = make_wheel(tmp_path, tags=["cp311-cp311-linux_sparc64"])
    assert isinstance(inspect(path, target=target), WheelFile)
