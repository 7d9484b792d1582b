import pytest
from packaging.version import Version

from policy_facts import (
    BOOKWORM,
    DIGEST,
    ELSEWHERE,
    NAME,
    NEWER,
    OURS,
    PURE,
    SDIST,
    TRIXIE,
    UPSTREAM,
    file,
    our_wheel,
    page,
    release,
)
from wheelyard.model.build import Decision, Verdict
from wheelyard.model.names import Filename, ProjectName, Sha256, parse_project_name
from wheelyard.model.project import ProjectStatus, Release, Skip, UpstreamFile, Want
from wheelyard.model.target import Target, target_from_name
from wheelyard.model.wheel import WheelState
from wheelyard.queue.policy import (
    FinalFailure,
    ReleaseFacts,
    choose_sdist,
    decide,
    sdist_reference,
    settles,
    upstream_has,
)
from wheelyard.queue.selection import wanted_versions


def decision(verdict: Verdict, reason: str, *, target: Target = BOOKWORM) -> Decision:
    return Decision(
        project=NAME, version=Version("1.0"), target=target.name, verdict=verdict, reason=reason
    )


def verdict(of: Release, *, target: Target = BOOKWORM, facts: ReleaseFacts) -> Verdict:
    return decide(of, target, facts).verdict


# What a release with nothing but a source distribution gets.


def test_a_release_with_only_a_source_distribution_needs_a_build() -> None:
    assert decide(release(file()), BOOKWORM, ReleaseFacts()) == decision(
        Verdict.NEEDS_BUILD,
        "Neither upstream nor this index has a wheel for installers on bookworm-cp311-armv7l.",
    )


def test_a_wheel_for_another_machine_does_not_cover_the_target() -> None:
    assert verdict(release(file(), file(ELSEWHERE)), facts=ReleaseFacts()) is Verdict.NEEDS_BUILD


# Upstream's own wheels.


@pytest.mark.parametrize("filename", [PURE, UPSTREAM])
def test_a_wheel_upstream_that_the_target_accepts_covers_it(filename: str) -> None:
    assert decide(release(file(), file(filename)), BOOKWORM, ReleaseFacts()) == decision(
        Verdict.COVERED_UPSTREAM,
        f"Upstream has {filename}, which installers on bookworm-cp311-armv7l accept.",
    )


def test_coverage_is_told_for_the_target_and_not_for_the_machine_that_decides() -> None:
    covering = file("ujson-1.0-cp311-cp311-manylinux_2_17_x86_64.whl")
    native = target_from_name("bookworm-cp311-x86_64")
    assert verdict(release(file(), covering), facts=ReleaseFacts()) is Verdict.NEEDS_BUILD
    assert (
        verdict(release(file(), covering), target=native, facts=ReleaseFacts())
        is Verdict.COVERED_UPSTREAM
    )


def test_a_wheel_that_needs_a_newer_glibc_does_not_cover_the_target() -> None:
    newer = file("ujson-1.0-cp311-cp311-manylinux_2_41_armv7l.whl")
    assert verdict(release(file(), newer), facts=ReleaseFacts()) is Verdict.NEEDS_BUILD


def test_a_wheel_whose_own_requires_python_excludes_the_target_does_not_cover_it() -> None:
    picky = file(PURE, requires_python=">=3.12")
    assert verdict(release(file(), picky), facts=ReleaseFacts()) is Verdict.NEEDS_BUILD


def test_a_yanked_wheel_does_not_cover_a_release_that_is_not_yanked() -> None:
    yanked = file(PURE, yanked=True)
    assert verdict(release(file(), yanked), facts=ReleaseFacts()) is Verdict.NEEDS_BUILD
    pinned = ReleaseFacts(is_pinned=True)
    assert verdict(release(file(), yanked), facts=pinned) is Verdict.NEEDS_BUILD


def test_force_builds_what_upstream_covers_and_says_so() -> None:
    assert decide(release(file(), file(PURE)), BOOKWORM, ReleaseFacts(force=True)) == decision(
        Verdict.NEEDS_BUILD, f"It was asked for although upstream has {PURE}."
    )


# Projects and releases that are held back.


def test_nothing_of_a_quarantined_project_is_built_whatever_else_holds() -> None:
    facts = ReleaseFacts(
        status=ProjectStatus.QUARANTINED,
        status_reason="malware.",
        skips=(Skip(project=NAME, reason="x"),),
        force=True,
        wheels=(our_wheel(),),
    )
    assert decide(release(file(), file(PURE)), BOOKWORM, facts) == decision(
        Verdict.QUARANTINED, "Upstream quarantined the project: malware."
    )


def test_a_quarantine_without_a_reason_is_still_a_sentence() -> None:
    facts = ReleaseFacts(status=ProjectStatus.QUARANTINED)
    assert decide(release(file()), BOOKWORM, facts).reason == "Upstream quarantined the project."


@pytest.mark.parametrize("status", [ProjectStatus.ARCHIVED, ProjectStatus.DEPRECATED])
def test_an_archived_or_deprecated_project_is_built_all_the_same(status: ProjectStatus) -> None:
    assert verdict(release(file()), facts=ReleaseFacts(status=status)) is Verdict.NEEDS_BUILD


def test_a_skipped_project_is_not_built_and_shows_the_reason() -> None:
    facts = ReleaseFacts(skips=(Skip(project=NAME, reason="it needs a GPU."),), force=True)
    assert decide(release(file(), file(PURE)), BOOKWORM, facts) == decision(
        Verdict.SKIPPED, "It is not to be built: it needs a GPU."
    )


def test_a_yanked_release_is_not_built_and_shows_the_reason() -> None:
    yanked = release(file(yanked=True, yanked_reason="wrong\nfiles."))
    assert decide(yanked, BOOKWORM, ReleaseFacts()) == decision(
        Verdict.YANKED, "Upstream yanked the release: wrong files."
    )


def test_a_yanked_release_is_not_covered_by_its_yanked_wheel() -> None:
    yanked = release(file(yanked=True), file(PURE, yanked=True))
    assert decide(yanked, BOOKWORM, ReleaseFacts()) == decision(
        Verdict.YANKED, "Upstream yanked the release."
    )


def test_a_yanked_release_that_was_asked_for_exactly_is_built() -> None:
    yanked = release(file(yanked=True, yanked_reason="broken"))
    assert decide(yanked, BOOKWORM, ReleaseFacts(is_pinned=True)) == decision(
        Verdict.NEEDS_BUILD,
        "Upstream yanked the release: broken; it is built because exactly this version was asked"
        " for, which installers still take.",
    )


def test_a_yanked_release_that_was_asked_for_exactly_is_covered_by_its_yanked_wheel() -> None:
    yanked = release(file(yanked=True), file(PURE, yanked=True))
    assert decide(yanked, BOOKWORM, ReleaseFacts(is_pinned=True)) == decision(
        Verdict.COVERED_UPSTREAM,
        f"Upstream has {PURE}, yanked but asked for by its exact version, which installers on"
        " bookworm-cp311-armv7l accept.",
    )


# Releases that cannot be built.


def test_a_version_that_upstream_lacks_has_no_source_distribution() -> None:
    assert decide(release(), BOOKWORM, ReleaseFacts(is_pinned=True)) == decision(
        Verdict.NO_SDIST, "Upstream has no release 1.0."
    )


def test_a_release_of_wheels_for_other_machines_has_no_source_distribution() -> None:
    assert decide(release(file(ELSEWHERE)), BOOKWORM, ReleaseFacts()) == decision(
        Verdict.NO_SDIST,
        "Upstream has no source distribution, and none of its wheels is for installers on"
        " bookworm-cp311-armv7l.",
    )


@pytest.mark.parametrize("sha256", [None, "", "not a digest"])
def test_a_source_distribution_without_a_digest_is_not_built(sha256: str | None) -> None:
    assert decide(release(file(sha256=sha256)), BOOKWORM, ReleaseFacts()) == decision(
        Verdict.NO_SDIST,
        "Upstream has no usable source distribution: it is yanked or has no SHA-256.",
    )


def test_a_release_that_excludes_the_targets_python_is_not_built() -> None:
    picky = release(file(requires_python=">=3.12"))
    assert decide(picky, BOOKWORM, ReleaseFacts()) == decision(
        Verdict.PYTHON_EXCLUDED,
        "The release requires Python >=3.12, bookworm-cp311-armv7l has 3.11.",
    )
    assert verdict(picky, target=TRIXIE, facts=ReleaseFacts()) is Verdict.NEEDS_BUILD


# The choice of a source distribution.


def test_a_tar_goes_before_a_zip_whatever_the_pages_order() -> None:
    tar, archive = file(), file("ujson-1.0.zip")
    assert choose_sdist(release(archive, tar)) == tar
    assert choose_sdist(release(archive)) == archive


def test_a_yanked_source_distribution_is_passed_over_while_another_is_left() -> None:
    archive = file("ujson-1.0.zip")
    assert choose_sdist(release(file(yanked=True), archive)) == archive
    assert choose_sdist(release(file(yanked=True), file(PURE))) is None


def test_the_reference_of_a_source_distribution_holds_the_promised_bytes() -> None:
    reference = sdist_reference(release(file(sha256=DIGEST.upper())))
    assert reference is not None
    assert (reference.filename, reference.sha256) == (SDIST, DIGEST)
    assert sdist_reference(release(file(PURE))) is None


# Our own wheels.


def test_a_published_wheel_of_ours_settles_its_target() -> None:
    facts = ReleaseFacts(wheels=(our_wheel(),))
    assert decide(release(file()), BOOKWORM, facts) == decision(
        Verdict.BUILT, f"{OURS} was built here."
    )


def test_a_pure_wheel_of_ours_settles_every_target() -> None:
    facts = ReleaseFacts(wheels=(our_wheel(PURE, target=BOOKWORM),))
    assert verdict(release(file()), target=TRIXIE, facts=facts) is Verdict.BUILT


def test_a_pure_wheel_that_excludes_a_targets_python_does_not_settle_it() -> None:
    facts = ReleaseFacts(wheels=(our_wheel(PURE, requires_python="<3.12"),))
    assert verdict(release(file()), target=TRIXIE, facts=facts) is Verdict.NEEDS_BUILD


def test_a_stable_abi_wheel_settles_newer_pythons_of_its_own_channel_only() -> None:
    stable = our_wheel("ujson-1.0-cp311-abi3-linux_armv7l.whl")
    other_channel = target_from_name("trixie-cp313-armv7l")
    assert settles(stable, BOOKWORM)
    assert settles(stable, NEWER)
    assert not settles(stable, other_channel)


def test_a_portable_wheel_settles_other_channels_with_a_glibc_that_is_new_enough() -> None:
    trixie = target_from_name("trixie-cp313-aarch64")
    name = "ujson-1.0-cp311-abi3-manylinux_2_36_aarch64.linux_aarch64.whl"
    here = target_from_name("bookworm-cp311-aarch64")
    assert settles(our_wheel(name, target=here, portable_from=36), trixie)
    assert not settles(our_wheel(name, target=here, portable_from=42), trixie)
    old = target_from_name("bullseye-cp311-aarch64")
    assert not settles(our_wheel(name, target=here, portable_from=36), old)


def test_a_platform_wheel_does_not_settle_another_python_or_machine() -> None:
    assert not settles(our_wheel(), NEWER)
    assert not settles(our_wheel(), target_from_name("bookworm-cp311-aarch64"))


@pytest.mark.parametrize("state", [WheelState.SUPERSEDED, WheelState.WITHDRAWN])
def test_a_wheel_that_left_the_index_settles_nothing(state: WheelState) -> None:
    facts = ReleaseFacts(wheels=(our_wheel(state=state),))
    assert verdict(release(file()), facts=facts) is Verdict.NEEDS_BUILD


def test_upstreams_wheel_wins_over_ours() -> None:
    facts = ReleaseFacts(wheels=(our_wheel(),))
    assert verdict(release(file(), file(UPSTREAM)), facts=facts) is Verdict.COVERED_UPSTREAM


def test_a_checked_wheel_satisfies_a_forced_want() -> None:
    checked = our_wheel(PURE, state=WheelState.CHECKED)
    facts = ReleaseFacts(force=True, wheels=(checked,))
    assert decide(release(file(), file(PURE)), BOOKWORM, facts) == decision(
        Verdict.CHECKED,
        f"{PURE} was built and checked here, and is not published because upstream has a file of"
        " that name.",
    )


def test_a_checked_wheel_counts_for_nothing_once_upstream_has_dropped_its_own() -> None:
    facts = ReleaseFacts(wheels=(our_wheel(PURE, state=WheelState.CHECKED),))
    assert verdict(release(file()), facts=facts) is Verdict.NEEDS_BUILD


def test_names_are_compared_with_upstream_without_build_tags() -> None:
    upstream = release(file("ujson-1.0-2-py3-none-any.whl"))
    assert upstream_has(upstream, Filename("ujson-1.0-1-py3-none-any.whl"))
    assert upstream_has(upstream, Filename(PURE))
    assert not upstream_has(upstream, Filename(OURS))


# Earlier failures.


def test_a_final_failure_is_not_tried_again() -> None:
    failures = {BOOKWORM.name: FinalFailure(sdist_sha256=DIGEST, reason="x.h is missing.")}
    facts = ReleaseFacts(failures=failures)
    assert decide(release(file()), BOOKWORM, facts) == decision(Verdict.FAILED, "x.h is missing.")
    assert verdict(release(file()), target=TRIXIE, facts=facts) is Verdict.NEEDS_BUILD


def test_another_source_distribution_gets_another_attempt() -> None:
    failures = {BOOKWORM.name: FinalFailure(sdist_sha256=Sha256("cd" * 32), reason="x")}
    assert verdict(release(file()), facts=ReleaseFacts(failures=failures)) is Verdict.NEEDS_BUILD


# Which versions are wanted.


def want(version: str | None = None, *, project: ProjectName = NAME) -> Want:
    return Want(project=project, version=None if version is None else Version(version), force=False)


def sdists(*versions: str, yanked: bool = False) -> tuple[UpstreamFile, ...]:
    return tuple(file(f"ujson-{version}.tar.gz", yanked=yanked) for version in versions)


def test_a_name_without_a_version_means_the_newest_final_release() -> None:
    assert wanted_versions(page(*sdists("1.9", "1.10", "2.0rc1")), [want()]) == {Version("1.10")}


def test_a_yanked_release_is_not_the_newest() -> None:
    files = sdists("1.9") + sdists("1.10", yanked=True)
    assert wanted_versions(page(*files), [want()]) == {Version("1.9")}


def test_without_a_final_release_the_newest_prerelease_is_meant() -> None:
    files = sdists("1.0a1", "1.0a2") + sdists("1.0", yanked=True)
    assert wanted_versions(page(*files), [want()]) == {Version("1.0a2")}


def test_where_all_is_yanked_the_newest_is_meant() -> None:
    assert wanted_versions(page(*sdists("1.0", "1.1", yanked=True)), [want()]) == {Version("1.1")}


def test_a_version_that_is_asked_for_is_wanted_even_if_the_page_lacks_it() -> None:
    assert wanted_versions(page(*sdists("1.0")), [want(), want("0.5")]) == {
        Version("1.0"),
        Version("0.5"),
    }


def test_an_empty_page_and_the_wants_of_others_make_nothing_wanted() -> None:
    assert wanted_versions(page(), [want()]) == set()
    other = want(project=parse_project_name("other"))
    assert wanted_versions(page(*sdists("1.0")), [other]) == set()
