"""What holds for every combination of facts."""

from hypothesis import given
from hypothesis import strategies as st

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
    release,
)
from wheelyard.model.build import Verdict
from wheelyard.model.names import Sha256
from wheelyard.model.project import ProjectStatus, Release, Skip
from wheelyard.model.target import Target
from wheelyard.model.wheel import WheelState
from wheelyard.queue.policy import (
    FinalFailure,
    ReleaseFacts,
    choose_sdist,
    covering_file,
    decide,
    upstream_has,
)


def verdict(of: Release, *, target: Target = BOOKWORM, facts: ReleaseFacts) -> Verdict:
    return decide(of, target, facts).verdict


_FILES = st.lists(
    st.builds(
        file,
        st.sampled_from(
            [
                SDIST,
                "ujson-1.0.zip",
                PURE,
                UPSTREAM,
                ELSEWHERE,
                NAME,
                OURS,
                "ujson-1.0-cp311-abi3-linux_armv7l.whl",
                "ujson-1.0-1-py2.py3-none-any.whl",
                "ujson-1.0.egg",
            ]
        ),
        sha256=st.sampled_from([DIGEST, "cd" * 32, None, "junk"]),
        yanked=st.booleans(),
        requires_python=st.sampled_from([None, ">=3.12", "<3.12", "nonsense", ""]),
    ),
    unique_by=lambda one: one.filename,
    max_size=6,
)
_RELEASES = _FILES.map(lambda files: release(*files))
_TARGETS = st.sampled_from([BOOKWORM, TRIXIE, NEWER])
_WHEELS = st.lists(
    st.builds(
        our_wheel,
        st.sampled_from([PURE, OURS, "ujson-1.0-cp311-abi3-linux_armv7l.whl"]),
        target=_TARGETS,
        state=st.sampled_from(WheelState),
        requires_python=st.sampled_from([None, ">=3.12"]),
    ),
    max_size=3,
).map(tuple)
_FAILURES = st.dictionaries(
    st.sampled_from([BOOKWORM.name, TRIXIE.name]),
    st.builds(
        FinalFailure,
        sdist_sha256=st.sampled_from([DIGEST, Sha256("ef" * 32)]),
        reason=st.just("It failed."),
    ),
)
_FACTS = st.builds(
    ReleaseFacts,
    status=st.sampled_from(ProjectStatus),
    status_reason=st.sampled_from([None, "malware"]),
    skips=st.sampled_from([(), (Skip(project=NAME, reason="too large"),)]),
    is_pinned=st.booleans(),
    force=st.booleans(),
    wheels=_WHEELS,
    failures=_FAILURES,
)


@given(of=_RELEASES, target=_TARGETS, facts=_FACTS)
def test_every_combination_has_one_decision_and_always_the_same(
    of: Release, target: Target, facts: ReleaseFacts
) -> None:
    first = decide(of, target, facts)
    assert decide(of, target, facts) == first
    assert (first.project, first.version, first.target) == (of.project, of.version, target.name)
    assert first.reason.endswith(".")
    assert "\n" not in first.reason


@given(of=_RELEASES, target=_TARGETS, facts=_FACTS)
def test_what_upstream_covers_is_built_only_by_force(
    of: Release, target: Target, facts: ReleaseFacts
) -> None:
    is_covered = covering_file(of, target, is_pinned=facts.is_pinned) is not None
    if is_covered and not facts.force:
        assert verdict(of, target=target, facts=facts) is not Verdict.NEEDS_BUILD


@given(of=_RELEASES, target=_TARGETS, facts=_FACTS)
def test_a_build_is_needed_only_with_a_source_distribution_that_the_python_admits(
    of: Release, target: Target, facts: ReleaseFacts
) -> None:
    if verdict(of, target=target, facts=facts) is Verdict.NEEDS_BUILD:
        sdist = choose_sdist(of)
        assert sdist is not None
        assert target.admits(sdist.requires_python)
        assert facts.status is not ProjectStatus.QUARANTINED
        assert not facts.skips
        assert facts.is_pinned or not of.is_yanked


@given(of=_RELEASES, target=_TARGETS, facts=_FACTS)
def test_the_order_of_a_pages_files_does_not_change_the_verdict(
    of: Release, target: Target, facts: ReleaseFacts
) -> None:
    turned = Release(project=of.project, version=of.version, files=of.files[::-1])
    assert verdict(turned, target=target, facts=facts) is verdict(of, target=target, facts=facts)
    assert choose_sdist(turned) == choose_sdist(of)


@given(of=_RELEASES, target=_TARGETS, facts=_FACTS, state=st.sampled_from(WheelState))
def test_a_wheel_that_settles_the_target_ends_the_need(
    of: Release, target: Target, facts: ReleaseFacts, state: WheelState
) -> None:
    made = our_wheel(PURE, target=target, state=state)
    with_wheel = ReleaseFacts(
        status=facts.status,
        skips=facts.skips,
        is_pinned=facts.is_pinned,
        force=facts.force,
        wheels=(*facts.wheels, made),
        failures=facts.failures,
    )
    is_settled = state is WheelState.PUBLISHED or (
        state is WheelState.CHECKED and upstream_has(of, made.file.filename)
    )
    if is_settled:
        assert verdict(of, target=target, facts=with_wheel) is not Verdict.NEEDS_BUILD
