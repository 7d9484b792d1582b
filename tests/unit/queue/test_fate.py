"""What becomes of a wheel of ours follows from upstream's state alone."""

import pytest
from packaging.version import Version

from factories import PROJECT, digest, upstream_file, wheel_file
from wheelyard.model.project import ProjectStatus, Release, UpstreamFile
from wheelyard.model.wheel import WheelState
from wheelyard.queue.withdrawal import fate

SDIST = upstream_file("evdev-1.0.tar.gz")
OURS = "evdev-1.0-cp311-cp311-linux_armv7l.whl"
TAGGED = "evdev-1.0-2-cp311-cp311-linux_armv7l.whl"


def fate_of(
    *files: UpstreamFile,
    filename: str = OURS,
    status: ProjectStatus = ProjectStatus.ACTIVE,
    is_there: bool = True,
) -> WheelState:
    return fate(
        wheel_file(filename),
        sdist_sha256=digest(SDIST.filename),
        release=Release(project=PROJECT, version=Version("1.0"), files=files) if is_there else None,
        status=status,
    )


def test_a_wheel_stays_while_upstream_has_what_it_was_built_from() -> None:
    assert fate_of(SDIST) is WheelState.PUBLISHED


@pytest.mark.parametrize("status", [ProjectStatus.ARCHIVED, ProjectStatus.DEPRECATED])
def test_a_project_that_is_only_put_to_rest_keeps_its_wheels(status: ProjectStatus) -> None:
    assert fate_of(SDIST, status=status) is WheelState.PUBLISHED


def test_a_yank_takes_no_wheel_away() -> None:
    assert fate_of(upstream_file(SDIST.filename, yanked=True)) is WheelState.PUBLISHED


def test_a_quarantine_withdraws_even_what_its_page_still_has() -> None:
    theirs = upstream_file(OURS)
    assert fate_of(SDIST, status=ProjectStatus.QUARANTINED) is WheelState.WITHDRAWN
    assert fate_of(SDIST, theirs, status=ProjectStatus.QUARANTINED) is WheelState.WITHDRAWN


def test_a_release_that_is_gone_withdraws_its_wheels() -> None:
    assert fate_of(is_there=False) is WheelState.WITHDRAWN


def test_a_source_distribution_that_is_gone_withdraws_what_was_built_from_it() -> None:
    theirs = upstream_file("evdev-1.0-cp312-cp312-linux_armv7l.whl")
    assert fate_of(theirs) is WheelState.WITHDRAWN


def test_other_bytes_under_the_source_distributions_name_withdraw_the_wheel() -> None:
    other = upstream_file(SDIST.filename, hashes={"sha256": digest("other")})
    assert fate_of(other) is WheelState.WITHDRAWN


def test_the_same_source_distribution_under_another_name_keeps_the_wheel() -> None:
    renamed = upstream_file("evdev-1.0.zip", hashes=SDIST.hashes)
    assert fate_of(renamed) is WheelState.PUBLISHED


@pytest.mark.parametrize("filename", [OURS, TAGGED])
def test_upstreams_file_of_the_same_name_supersedes_ours_with_or_without_a_build_number(
    filename: str,
) -> None:
    assert fate_of(SDIST, upstream_file(OURS), filename=filename) is WheelState.SUPERSEDED


def test_upstreams_wheel_for_other_machines_supersedes_nothing() -> None:
    theirs = upstream_file("evdev-1.0-cp311-cp311-linux_x86_64.whl")
    assert fate_of(SDIST, theirs) is WheelState.PUBLISHED
