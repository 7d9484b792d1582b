"""Which releases of a followed project are built by themselves."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

from packaging.version import Version

from policy_facts import NAME, file, release
from wheelyard.model.project import Release, Want
from wheelyard.queue.selection import left_out, newest_usable, wanted_of
from wheelyard.settings import PolicySettings

OLD, NEW = datetime(2020, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)


def some(versions: Sequence[str], *, yanked: Sequence[str] = ()) -> dict[Version, Release]:
    return {
        Version(version): release(
            file(f"ujson-{version}.tar.gz", yanked=version in yanked), version=version
        )
        for version in versions
    }


def excluded(
    current: dict[Version, Release],
    uploads: dict[Version, datetime | None] | None = None,
    **policy: object,
) -> dict[str, str]:
    settings = PolicySettings.model_validate(policy)
    return {str(v): reason for v, reason in left_out(current, uploads or {}, settings).items()}


def test_by_default_only_pre_releases_are_left_out() -> None:
    assert excluded(some(["1.0", "2.0a1", "2.0.dev3", "1.0.post1"])) == {
        "2.0a1": "Pre-releases are built only if somebody asks for them.",
        "2.0.dev3": "Pre-releases are built only if somebody asks for them.",
    }
    assert excluded(some(["1.0", "2.0a1"]), prereleases=True) == {}


def test_of_many_releases_the_newest_count_and_yanked_ones_do_not() -> None:
    reason = "Releases other than the 2 newest are built only if somebody asks for them."
    current = some(["1.0", "2.0", "3.0", "4.0", "5.0a1"], yanked=["4.0"])
    assert excluded(current, newest_releases=2) == {
        "1.0": reason,
        "4.0": reason,
        "5.0a1": "Pre-releases are built only if somebody asks for them.",
    }
    assert excluded(some(["1.0", "2.0"]), newest_releases=1) == {
        "1.0": "Releases other than the newest are built only if somebody asks for them."
    }


def test_releases_from_before_a_day_are_left_out_but_not_those_of_unknown_age() -> None:
    uploads = {Version("1.0"): OLD, Version("2.0"): NEW, Version("3.0"): None}
    assert excluded(some(["1.0", "2.0", "3.0"]), uploads, released_since=date(2026, 5, 1)) == {
        "1.0": "Releases before 2026-05-01 are built only if somebody asks for them."
    }


def test_wants_ask_for_the_newest_usable_release_or_for_a_version() -> None:
    current = some(["1.0", "2.0", "3.0", "4.0a1"], yanked=["3.0"])
    asked = [Want(project=NAME), Want(project=NAME, version=Version("9"))]
    assert newest_usable(current) == Version("2.0")
    assert wanted_of(current, asked) == {Version("2.0"), Version("9")}
    assert newest_usable({}) is None
