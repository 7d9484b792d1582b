from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from pip_output import failing_build
from wheelyard.diagnosis.cause import CauseKind, Remedy
from wheelyard.diagnosis.diagnosis import diagnose
from wheelyard.diagnosis.system_remedies import Attempt
from wheelyard.diagnosis.wants import wants
from wheelyard.model.build import Limits
from wheelyard.model.names import ProjectName, parse_project_name
from wheelyard.model.wanted import Wanted, WantedKind

HEADER = "a.c:1:10: fatal error: egg/egg.h: No such file or directory"
STOP = "error: command '/usr/bin/gcc' failed with exit code 1"


class FakePackages:
    """Packages by what is wanted; remembers what it was asked."""

    def __init__(self, held: dict[Wanted, tuple[str, ...]]) -> None:
        """Hold packages."""
        self._held = held
        self.asked: list[tuple[Wanted, ProjectName | None]] = []

    def packages(
        self, wanted: Sequence[Wanted], *, project: ProjectName | None = None
    ) -> tuple[str, ...]:
        """Return what is held for the first that is wanted."""
        self.asked += [(each, project) for each in wanted]
        return self._held.get(wanted[0], ())


def test_a_header_is_looked_up_for_the_project_that_wants_it() -> None:
    wanted = Wanted(WantedKind.HEADER, "egg/egg.h")
    source = FakePackages({wanted: ("libegg-dev",)})
    attempt = Attempt(project=parse_project_name("spam"))
    (cause,) = diagnose(failing_build(HEADER, STOP), source=source, attempt=attempt)
    assert cause.remedy == Remedy(debian=("libegg-dev",))
    assert cause.wanted == (wanted,)
    assert source.asked == [(wanted, "spam")]


def test_the_first_alternative_that_a_package_brings_is_taken() -> None:
    source = FakePackages(
        {
            Wanted(WantedKind.HEADER, "jpeglib.h"): ("libjpeg-dev",),
            Wanted(WantedKind.LIBRARY, "jpeg"): ("libjpeg-turbo-progs",),
        }
    )
    line = "The headers or library files could not be found for jpeg,"
    (cause,) = diagnose(failing_build(line), source=source)
    assert cause.remedy == Remedy(debian=("libjpeg-dev",))


def test_without_a_package_there_is_no_remedy() -> None:
    (cause,) = diagnose(failing_build(HEADER, STOP), source=FakePackages({}))
    assert cause.remedy is None


@pytest.mark.parametrize("name", ["egg-", "-y", "egg;reboot", "Egg", "egg=1", "", "a b"])
def test_what_is_no_name_of_a_package_is_no_remedy_even_from_the_index(name: str) -> None:
    source = FakePackages({Wanted(WantedKind.HEADER, "egg/egg.h"): (name,)})
    (cause,) = diagnose(failing_build(HEADER, STOP), source=source)
    assert cause.remedy is None


def test_a_mere_hint_is_not_looked_up() -> None:
    source = FakePackages({})
    (cause,) = diagnose(failing_build("On Debian: apt install egg ham"), source=source)
    assert cause.confidence < 0.5
    assert source.asked == []


@pytest.mark.parametrize(
    ("kind", "subject", "wanted"),
    [
        (CauseKind.MISSING_LIBRARY, "-lhdf5", [("library", "hdf5")]),
        (
            CauseKind.MISSING_LIBRARY,
            "libusb-1.0.so.0",
            [("library", "usb-1.0"), ("file", "libusb-1.0.so.0")],
        ),
        (CauseKind.MISSING_HEADER, "netcdf.mod", [("file", "netcdf.mod")]),
        (CauseKind.MISSING_PKG_CONFIG, "glib-2.0.pc", [("pkg-config", "glib-2.0")]),
        (CauseKind.MISSING_CONFIG_TOOL, "pg_config", [("program", "pg_config")]),
        (CauseKind.MISSING_PROGRAM, "/opt/bin/swig", [("program", "swig")]),
        (CauseKind.PROGRAM_TOO_OLD, "rustc", []),
        (CauseKind.MISSING_PKG_CONFIG, "libffi-dev", [("pkg-config", "libffi")]),
        (CauseKind.COMPILE_ERROR, "src/egg.c", []),
        (CauseKind.AUTHOR_MESSAGE, "eggs are off", []),
        (CauseKind.MISSING_HEADER, "../../etc/passwd", []),
        (CauseKind.MISSING_HEADER, "$(reboot).h", []),
        (CauseKind.MISSING_HEADER, "*.h", []),
        (CauseKind.MISSING_HEADER, None, []),
    ],
)
def test_causes_want_what_a_package_can_bring(
    kind: CauseKind, subject: str | None, wanted: list[tuple[str, str]]
) -> None:
    assert [(str(each.kind), each.name) for each in wants(kind, subject)] == wanted


def test_what_cmake_calls_otherwise_is_wanted_by_the_name_of_its_files_first() -> None:
    first = wants(CauseKind.MISSING_CMAKE_PACKAGE, "OpenSSL")[0]
    assert first == Wanted(WantedKind.PKG_CONFIG, "openssl")


@given(st.sampled_from(CauseKind), st.text(max_size=200))
def test_no_subject_makes_wants_unsafe(kind: CauseKind, subject: str) -> None:
    for wanted in wants(kind, subject):
        assert wanted.name.strip("-")
        assert not set(wanted.name) & set("$`;|&*?<>(){}[]'\"\\ \n\t")


@pytest.mark.parametrize(
    ("line", "limits"),
    [
        ("virtual memory exhausted: Cannot allocate memory", {"memory_bytes": 2000}),
        ("OSError: [Errno 28] No space left on device", {"disk_bytes": 4000}),
        ("gcc: fatal error: vfork: Resource temporarily unavailable", {"processes": 6}),
        ("timeout: sending signal TERM to command 'pip'", {"duration": 120}),
    ],
)
def test_a_limit_that_was_hit_is_doubled(line: str, limits: dict[str, int]) -> None:
    had = Limits(memory_bytes=1000, disk_bytes=2000, processes=3, duration=timedelta(seconds=60))
    first = diagnose(failing_build(line, STOP), attempt=Attempt(limits=had))[0]
    assert first.remedy == Remedy(limits=limits)


def test_a_version_that_only_the_repository_knows_is_told_from_outside() -> None:
    log = failing_build("LookupError: setuptools-scm was unable to detect version for /build.")
    told = diagnose(log, attempt=Attempt(version=Version("1.2")))[0]
    assert told.remedy is not None
    assert told.remedy.environment["SETUPTOOLS_SCM_PRETEND_VERSION"] == "1.2"
    assert diagnose(log)[0].remedy is None
