"""What people are told about each requirement."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version

from wheelyard.checking.environment import marker_environment
from wheelyard.checking.facts import KnownFile, KnownProject, KnownRelease, QueuePlace, Ruling
from wheelyard.checking.needs import Need, read_need
from wheelyard.checking.verdict import (
    Finding,
    Outcome,
    debian_packages,
    judge,
    judge_all,
    shown_place,
)
from wheelyard.model.build import Verdict
from wheelyard.model.names import Filename, ProjectName, parse_project_name
from wheelyard.model.project import NOT_TO_BE_BUILT, ProjectStatus
from wheelyard.model.target import target_from_name

TARGET = target_from_name("bookworm-cp311-armv7l")
BOARD = marker_environment(TARGET)
SPAM = ProjectName(parse_project_name("spam"))
OURS = "spam-{}-cp311-cp311-linux_armv7l.whl"
THEIRS = "spam-{}-py3-none-any.whl"
FITTING = "spam-{}-cp311-cp311-manylinux_2_31_armv7l.whl"
FOREIGN = "spam-{}-cp311-cp311-win_amd64.whl"
SDIST = "spam-{}.tar.gz"


def need(text: str = "spam") -> Need:
    return read_need(text, place="line 1", environment=BOARD)


def file(
    form: str,
    version: str = "1.0",
    *,
    ours: bool = False,
    yanked: bool = False,
    python: str | None = None,
    packages: tuple[str, ...] = (),
) -> KnownFile:
    return KnownFile(
        filename=Filename(form.format(version)),
        is_ours=ours,
        is_yanked=yanked,
        requires_python=python,
        debian_packages=packages,
    )


def release(
    *files: KnownFile,
    verdict: Verdict | None = None,
    reason: str = "Because.",
    place: QueuePlace | None = None,
) -> KnownRelease:
    ruling = None if verdict is None else Ruling(verdict=verdict, reason=reason)
    return KnownRelease(files=files, ruling=ruling, place=place)


def spam(**releases: KnownRelease) -> KnownProject:
    """Return a project with releases `v1_0`, `v2_0`."""
    return KnownProject(
        name=SPAM,
        releases={Version(key[1:].replace("_", ".")): value for key, value in releases.items()},
    )


def found(text: str, known: KnownProject | None) -> Finding:
    return judge(need(text), known, TARGET)


def test_a_wheel_of_ours_is_told_with_the_packages_that_it_needs() -> None:
    ours = file(OURS, ours=True, packages=("libopenblas0",))
    told = found("spam", spam(v1_0=release(file(SDIST), file(THEIRS), ours)))
    assert (told.outcome, told.filename) == (Outcome.WHEEL, ours.filename)
    assert told.version == Version("1.0")
    assert debian_packages([told, told]) == ("libopenblas0",)


@pytest.mark.parametrize("form", [THEIRS, FITTING])
def test_a_fitting_wheel_of_upstreams_covers(form: str) -> None:
    told = found("spam", spam(v1_0=release(file(SDIST), file(form))))
    assert told.outcome is Outcome.UPSTREAM
    assert told.sentence == f"Upstream has {form.format('1.0')}."


@pytest.mark.parametrize(
    ("verdict", "outcome"),
    [
        (None, Outcome.REQUESTABLE),
        (Verdict.NEEDS_BUILD, Outcome.BUILDING),
        (Verdict.HEALING, Outcome.BUILDING),
        (Verdict.WAITS_FOR_DEPENDENCY, Outcome.BUILDING),
        (Verdict.WAITS_FOR_PROBE, Outcome.BUILDING),
        (Verdict.FAILED, Outcome.FAILED),
        (Verdict.OPTED_OUT, Outcome.NOT_BUILT),
        (Verdict.NO_SDIST, Outcome.NOT_BUILT),
        (Verdict.PYTHON_EXCLUDED, Outcome.NOT_BUILT),
        (Verdict.QUARANTINED, Outcome.NOT_BUILT),
        (Verdict.YANKED, Outcome.REQUESTABLE),
        (Verdict.SKIPPED, Outcome.REQUESTABLE),
        (Verdict.BUILT, Outcome.REQUESTABLE),
        (Verdict.COVERED_UPSTREAM, Outcome.REQUESTABLE),
        (Verdict.CHECKED, Outcome.REQUESTABLE),
    ],
)
def test_without_a_wheel_the_decision_says_what_becomes_of_it(
    verdict: Verdict | None, outcome: Outcome
) -> None:
    told = found("spam", spam(v1_0=release(file(SDIST), verdict=verdict)))
    assert told.outcome is outcome
    is_said = verdict is not None and not verdict.is_satisfied
    assert ("Because." in told.sentence) is is_said


def test_what_an_operator_skips_cannot_be_requested() -> None:
    known = release(file(SDIST), verdict=Verdict.SKIPPED, reason=f"{NOT_TO_BE_BUILT}: too large.")
    told = found("spam", spam(v1_0=known))
    assert (told.outcome, told.sentence) == (Outcome.NOT_BUILT, f"{NOT_TO_BE_BUILT}: too large.")


def test_the_place_in_the_queue_is_told() -> None:
    place = QueuePlace(before=3, estimate=timedelta(minutes=20))
    known = release(file(SDIST), verdict=Verdict.NEEDS_BUILD, place=place)
    told = found("spam", spam(v1_0=known))
    assert told.place == place
    assert told.sentence == "Because. 3 jobs are before it: about 20 min."


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        (QueuePlace(), ""),
        (QueuePlace(is_running=True), "It is being built now."),
        (QueuePlace(before=0), "No job is before it."),
        (QueuePlace(before=1), "1 job is before it."),
        (QueuePlace(before=2, estimate=timedelta(0)), "2 jobs are before it: about 1 min."),
        (QueuePlace(before=2, estimate=timedelta(hours=3)), "2 jobs are before it: about 3 hours."),
    ],
)
def test_places_read_as_people_say_them(place: QueuePlace, sentence: str) -> None:
    assert shown_place(place) == sentence


def test_the_newest_release_that_is_allowed_counts() -> None:
    known = spam(
        v1_0=release(file(SDIST), file(THEIRS)),
        v2_0=release(file(SDIST, "2.0"), verdict=Verdict.FAILED),
        v3_0=release(file(SDIST, "3.0")),
    )
    told = found("spam<3", known)
    assert (told.outcome, told.version) == (Outcome.FAILED, Version("2.0"))
    assert told.alternative == Version("1.0")
    assert found("spam==3.0", known).alternative is None
    assert found("spam<2", known).outcome is Outcome.UPSTREAM


def test_a_release_that_has_nothing_for_the_target_is_passed_over_as_installers_do() -> None:
    known = spam(
        v1_0=release(file(THEIRS)),
        v2_0=release(file(FOREIGN, "2.0")),
        v3_0=release(file(SDIST, "3.0", python=">=3.12")),
    )
    assert found("spam", known).version == Version("1.0")


def test_pre_releases_count_only_if_asked_for_or_if_there_is_nothing_else() -> None:
    known = spam(v1_0=release(file(THEIRS)), v2_0rc1=release(file(THEIRS, "2.0rc1")))
    assert found("spam", known).version == Version("1.0")
    assert found("spam>=2.0rc1", known).version == Version("2.0rc1")
    only = spam(v2_0rc1=release(file(THEIRS, "2.0rc1")))
    assert found("spam", only).version == Version("2.0rc1")


def test_yanked_files_count_only_for_an_exact_version() -> None:
    known = spam(v1_0=release(file(THEIRS, yanked=True)))
    assert found("spam==1.0", known).outcome is Outcome.UPSTREAM
    for text in ("spam", "spam>=1", "spam==1.*"):
        told = found(text, known)
        assert told.outcome is Outcome.NO_RELEASE
        assert "yanked 1.0" in told.sentence


@pytest.mark.parametrize(
    ("known", "text", "told"),
    [
        (spam(), "spam", "Upstream has no release."),
        (spam(v1_0=release(file(THEIRS))), "spam>1", "Upstream has no release >1."),
        (spam(v1_0=release()), "spam", "offers no files of 1.0"),
        (spam(v1_0=release(file(SDIST, python="<3"))), "spam", "1.0 requires Python <3."),
        (spam(v1_0=release(file(FOREIGN))), "spam", "neither a source distribution nor a wheel"),
        (
            spam(v1_0=release(file(FOREIGN), verdict=Verdict.NO_SDIST, reason="No sdist.")),
            "spam",
            "No sdist.",
        ),
    ],
)
def test_it_is_said_why_no_release_can_be_taken(known: KnownProject, text: str, told: str) -> None:
    finding = found(text, known)
    assert finding.outcome is Outcome.NO_RELEASE
    assert told in finding.sentence


def test_what_needs_no_index_is_settled_first() -> None:
    assert found("spam", None).outcome is Outcome.UNKNOWN_PROJECT
    assert found("spam; sys_platform == 'win32'", None).outcome is Outcome.NOT_NEEDED
    assert found("spam @ https://x/spam.zip", None).outcome is Outcome.NOT_FROM_INDEX
    nameless = Need(shown="./spam", place="line 1", name=None, source="a path")
    assert judge(nameless, None, TARGET).outcome is Outcome.NOT_FROM_INDEX
    unread = KnownProject(name=SPAM, is_read=False)
    assert found("spam", unread).outcome is Outcome.REQUESTABLE


def test_a_quarantined_project_is_never_offered() -> None:
    known = KnownProject(
        name=SPAM,
        releases={Version("1.0"): release(file(THEIRS))},
        status=ProjectStatus.QUARANTINED,
        status_reason="malware.",
    )
    told = found("spam", known)
    assert told.outcome is Outcome.NOT_BUILT
    assert told.sentence == "Upstream quarantined the project: malware."


def test_the_worst_news_comes_first_and_equals_keep_the_order_of_the_file() -> None:
    known = {SPAM: spam(v1_0=release(file(THEIRS)))}
    needs = [need("spam"), need("zzz"), need("aaa"), need("spam; os_name == 'nt'")]
    told = judge_all(needs, known, TARGET)
    assert [finding.need.shown for finding in told] == ["zzz", "aaa", "spam", "spam"]
    assert [finding.outcome.is_fine for finding in told] == [False, False, True, True]


FORMS = st.sampled_from([OURS, THEIRS, FITTING, FOREIGN, SDIST, "nonsense", "spam.whl"])
VERSIONS = st.sampled_from(["1.0", "2.0", "2.1rc1", "3.0"])
FILES = st.builds(
    file,
    FORMS,
    VERSIONS,
    ours=st.booleans(),
    yanked=st.booleans(),
    python=st.sampled_from([None, ">=3.8", ">=3.12", "nonsense"]),
)
RULINGS = st.none() | st.builds(
    Ruling, verdict=st.sampled_from(Verdict), reason=st.just("Because.")
)
RELEASES = st.builds(
    KnownRelease,
    # A page names no file twice.
    files=st.lists(FILES, max_size=4, unique_by=lambda one: one.filename).map(tuple),
    ruling=RULINGS,
)
REQUIREMENTS = st.sampled_from(["spam", "spam==2.0", "spam<3", "spam~=2.0", "spam>=2.1rc1"])


@given(REQUIREMENTS, st.dictionaries(VERSIONS.map(Version), RELEASES, max_size=4))
def test_what_is_promised_is_there(text: str, releases: dict[Version, KnownRelease]) -> None:
    told = found(text, KnownProject(name=SPAM, releases=releases))
    assert told.sentence.endswith((".", "!"))
    if told.outcome in {Outcome.WHEEL, Outcome.UPSTREAM}:
        assert told.version is not None
        wheels = {one.filename: one for one in releases[told.version].files}
        assert told.filename is not None
        assert wheels[told.filename].requires_python != ">=3.12"
        assert told.filename != FOREIGN.format(told.version)
    if told.version is not None:
        assert need(text).specifiers.contains(told.version, prereleases=True)
    if told.alternative is not None:
        assert told.version is not None
        assert told.alternative < told.version
