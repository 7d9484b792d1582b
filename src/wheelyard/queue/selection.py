"""Which releases are built: those that people ask for, and those of the policy. Pure."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from packaging.version import Version

from wheelyard.model.project import ProjectPage, Release, Want, newest_final, releases
from wheelyard.settings import PolicySettings

_ON_REQUEST = "only if somebody asks for them"


def wanted_versions(page: ProjectPage, wants: Iterable[Want]) -> set[Version]:
    """Return the versions of a project that the wants ask for.

    A want without a version means the newest final release that is not yanked; where there is
    none, the newest pre-release that is not, and after that the newest of all. A want with a
    version means that version, whether or not the page has it.
    """
    return wanted_of(releases(page), [want for want in wants if want.project == page.name])


def wanted_of(current: Mapping[Version, Release], wants: Iterable[Want]) -> set[Version]:
    """Return the versions that the wants of one project ask for, given upstream's releases."""
    wanted: set[Version] = set()
    for want in wants:
        version = want.version or newest_usable(current)
        if version is not None:
            wanted.add(version)
    return wanted


def newest_usable(current: Mapping[Version, Release]) -> Version | None:
    """Return the version that installers take if none is named; None if there is no release."""
    usable = [version for version, release in current.items() if not release.is_yanked]
    return newest_final(usable) or max(usable or current, default=None)


def left_out(
    current: Mapping[Version, Release],
    uploads: Mapping[Version, datetime | None],
    policy: PolicySettings,
) -> dict[Version, str]:
    """Return the releases of a followed project that are not built by themselves, and why not.

    `uploads` tells when the first file of each was uploaded; one of unknown age is not old. What
    is yanked does not count as one of the newest.
    """
    reasons: dict[Version, str] = {}
    for version in current:
        if version.is_prerelease and not policy.prereleases:
            reasons[version] = f"Pre-releases are built {_ON_REQUEST}."
        elif _is_older(uploads.get(version), policy.released_since):
            reasons[version] = f"Releases before {policy.released_since} are built {_ON_REQUEST}."
    if policy.newest_releases is None:
        return reasons
    counted = [version for version in current if version not in reasons]
    usable = sorted(
        (version for version in counted if not current[version].is_yanked), reverse=True
    )
    newest = set(usable[: policy.newest_releases])
    number = f"the {policy.newest_releases} newest" if policy.newest_releases > 1 else "the newest"
    for version in counted:
        if version not in newest:
            reasons[version] = f"Releases other than {number} are built {_ON_REQUEST}."
    return reasons


def _is_older(uploaded_at: datetime | None, since: date | None) -> bool:
    return since is not None and uploaded_at is not None and uploaded_at.date() < since
