"""Which targets are built first, and which wait; and that nobody waits for ever."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_facts import (
    BOOKWORM,
    DIGEST,
    ELSEWHERE,
    NEWER,
    OURS,
    PURE,
    SDIST,
    TRIXIE,
    file,
    our_wheel,
    release,
)
from wheelyard.model.build import FailureKind, Verdict
from wheelyard.model.names import TargetName
from wheelyard.model.project import Release
from wheelyard.model.target import Target, target_from_name
from wheelyard.model.wheel import Wheel, WheelState
from wheelyard.queue.policy import FinalFailure, ReleaseFacts, upstream_has
from wheelyard.queue.probe import decide_release

ABI3 = "ujson-1.0-cp311-abi3-linux_armv7l.whl"
TRIXIE_311 = target_from_name("trixie-cp311-armv7l")
TARGETS = (BOOKWORM, NEWER, TRIXIE)
NEEDS, WAITS, BUILT = Verdict.NEEDS_BUILD, Verdict.WAITS_FOR_PROBE, Verdict.BUILT
FAILED = FinalFailure(sdist_sha256=DIGEST, reason="It failed.")


def verdicts(
    of: Release, facts: ReleaseFacts | None = None, targets: tuple[Target, ...] = TARGETS
) -> list[Verdict]:
    found = decide_release(of, targets, facts or ReleaseFacts())
    assert [decision.target for decision in found] == [target.name for target in targets]
    return [decision.verdict for decision in found]


def test_as_long_as_nothing_is_known_one_target_is_built_before_the_others() -> None:
    assert verdicts(release(file(SDIST))) == [NEEDS, WAITS, WAITS]


def test_who_waits_says_for_whom_and_why() -> None:
    waiting = decide_release(release(file(SDIST)), TARGETS, ReleaseFacts())[1]
    assert waiting.reason == (
        "bookworm-cp311-armv7l is built first: a pure wheel would serve bookworm-cp312-armv7l too."
    )


def test_the_first_target_that_needs_a_build_is_the_probe() -> None:
    old = release(file(SDIST, requires_python=">=3.12"))
    assert verdicts(old) == [Verdict.PYTHON_EXCLUDED, NEEDS, WAITS]


def test_a_wheel_of_upstreams_for_another_machine_shows_that_each_target_needs_its_own() -> None:
    assert verdicts(release(file(SDIST), file(ELSEWHERE))) == [NEEDS, NEEDS, NEEDS]


def test_a_platform_wheel_of_ours_fans_out() -> None:
    facts = ReleaseFacts(wheels=(our_wheel(OURS),))
    assert verdicts(release(file(SDIST)), facts) == [BUILT, NEEDS, NEEDS]


def test_a_pure_wheel_of_ours_settles_every_target() -> None:
    facts = ReleaseFacts(wheels=(our_wheel(PURE),))
    assert verdicts(release(file(SDIST)), facts) == [BUILT, BUILT, BUILT]


def test_a_pure_wheel_that_serves_nobody_else_passes_the_role_on() -> None:
    facts = ReleaseFacts(wheels=(our_wheel("ujson-1.0-cp311-none-any.whl"),))
    assert verdicts(release(file(SDIST)), facts) == [BUILT, NEEDS, WAITS]


def test_a_probe_that_fails_passes_the_role_on() -> None:
    facts = ReleaseFacts(failures={BOOKWORM.name: FAILED})
    assert verdicts(release(file(SDIST)), facts) == [Verdict.FAILED, NEEDS, WAITS]


def test_a_wheel_for_the_stable_abi_settles_newer_pythons_of_its_distribution_only() -> None:
    targets = (BOOKWORM, NEWER, TRIXIE_311)
    facts = ReleaseFacts(wheels=(our_wheel(ABI3),))
    assert verdicts(release(file(SDIST)), facts, targets) == [BUILT, BUILT, NEEDS]


def test_where_the_stable_abi_is_likely_newer_pythons_wait_for_the_oldest() -> None:
    upstream = file("ujson-1.0-cp39-abi3-win_amd64.whl")
    turned = (NEWER, TRIXIE, BOOKWORM)
    assert verdicts(release(file(SDIST), upstream), targets=turned) == [WAITS, NEEDS, NEEDS]
    reason = decide_release(release(file(SDIST), upstream), turned, ReleaseFacts())[0].reason
    assert reason == (
        "bookworm-cp311-armv7l is built first: a wheel for the stable ABI would serve"
        " bookworm-cp312-armv7l too."
    )


def test_where_the_oldest_python_fails_the_next_one_is_built() -> None:
    upstream = file("ujson-1.0-cp39-abi3-win_amd64.whl")
    facts = ReleaseFacts(failures={BOOKWORM.name: FAILED})
    assert verdicts(release(file(SDIST), upstream), facts, (BOOKWORM, NEWER)) == [
        Verdict.FAILED,
        NEEDS,
    ]


def test_a_paused_target_is_no_probe_as_long_as_there_is_another_one() -> None:
    facts = ReleaseFacts(paused=frozenset({BOOKWORM.name}))
    assert verdicts(release(file(SDIST)), facts) == [WAITS, NEEDS, WAITS]
    likely = release(file(SDIST), file("ujson-1.0-cp39-abi3-win_amd64.whl"))
    assert verdicts(likely, facts, (BOOKWORM, NEWER)) == [WAITS, NEEDS]
    assert verdicts(release(file(SDIST)), facts, (BOOKWORM,)) == [NEEDS]


def test_a_rebuild_is_done_beside_and_waited_for_by_nobody() -> None:
    facts = ReleaseFacts(rebuilds=frozenset({TRIXIE.name}))
    found = decide_release(release(file(SDIST)), TARGETS, facts)
    assert [decision.verdict for decision in found] == [NEEDS, WAITS, NEEDS]
    assert found[2].reason == "A rebuild was asked for."


@pytest.mark.parametrize("target", TARGETS)
def test_an_opt_out_that_any_target_found_holds_for_all(target: Target) -> None:
    refusal = replace(FAILED, kind=FailureKind.OPTED_OUT, reason="Its author asks for none.")
    facts = ReleaseFacts(failures={target.name: refusal})
    found = decide_release(release(file(SDIST)), TARGETS, facts)
    assert {(decision.verdict, decision.reason) for decision in found} == {
        (Verdict.OPTED_OUT, "Its author asks for none.")
    }
    mended = release(file(SDIST, sha256="cd" * 32))
    assert verdicts(mended, facts) == [NEEDS, WAITS, WAITS]


# Whatever builds yield, and in whatever order, each target is settled in the end.

_MACHINES = ("bookworm-{}-armv7l", "bookworm-{}-aarch64", "trixie-{}-armv7l")
_TARGETS = st.lists(
    st.builds(
        lambda machine, python: target_from_name(machine.format(python)),
        st.sampled_from(_MACHINES),
        st.sampled_from(["cp39", "cp311", "cp312", "cp313"]),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda target: target.name,
).map(tuple)
_UPSTREAM = st.lists(
    st.sampled_from(
        [
            ELSEWHERE,
            PURE,
            "ujson-1.0-cp39-abi3-win_amd64.whl",
            "ujson-1.0-cp312-abi3-manylinux_2_17_aarch64.whl",
            "ujson-1.0-cp311-cp311-manylinux_2_17_armv7l.whl",
        ]
    ),
    max_size=3,
    unique=True,
)
_KINDS = st.sampled_from(
    ["pure", "python-pure", "platform", "abi3", "any-abi", "failed", "opted-out"]
)


def _yielded(target: Target, kind: str, number: int) -> str:
    python, machine = target.interpreter, target.native_platform
    tags = {
        "pure": "py3-none-any",
        "python-pure": f"{python}-none-any",
        "platform": f"{python}-{python}-{machine}",
        "abi3": f"{python}-abi3-{machine}",
        "any-abi": f"py3-none-{machine}",
    }
    return f"ujson-1.0-{number}-{tags[kind]}.whl"


@given(
    targets=_TARGETS,
    upstream=_UPSTREAM,
    force=st.booleans(),
    requires=st.sampled_from([None, ">=3.12"]),
    paused=st.booleans(),
    choices=st.data(),
)
def test_every_release_ends_with_each_target_settled(
    targets: tuple[Target, ...],
    upstream: list[str],
    *,
    force: bool,
    requires: str | None,
    paused: bool,
    choices: st.DataObject,
) -> None:
    of = release(file(SDIST, requires_python=requires), *(file(name) for name in upstream))
    wheels: list[Wheel] = []
    failures: dict[TargetName, FinalFailure] = {}
    by_name = {target.name: target for target in targets}
    stopped = frozenset({targets[0].name}) if paused else frozenset()
    for number in range(1, len(targets) + 1):
        facts = ReleaseFacts(force=force, wheels=tuple(wheels), failures=failures, paused=stopped)
        found = decide_release(of, targets, facts)
        ready = [one.target for one in found if one.verdict is NEEDS]
        waiting = [one.target for one in found if one.verdict is WAITS]
        if not ready:
            assert not waiting
            return
        if set(ready) <= stopped:
            assert not waiting
        name = choices.draw(st.sampled_from(ready), label="built next")
        kind = choices.draw(_KINDS, label="yields")
        if kind in {"failed", "opted-out"}:
            opted_out = FailureKind.OPTED_OUT if kind == "opted-out" else None
            failures[name] = replace(FAILED, kind=opted_out)
            continue
        filename = _yielded(by_name[name], kind, number)
        wheel = our_wheel(filename, target=by_name[name])
        if upstream_has(of, wheel.file.filename):
            wheel = replace(wheel, state=WheelState.CHECKED)
        wheels.append(wheel)
    facts = ReleaseFacts(force=force, wheels=tuple(wheels), failures=failures, paused=stopped)
    assert not {NEEDS, WAITS}.intersection(verdicts(of, facts, targets))


ARMV6 = target_from_name("bookworm-cp311-armv6l")


def test_armv7l_waits_for_armv6l_whose_wheel_serves_both() -> None:
    known = release(file(SDIST), file(ELSEWHERE))
    targets = (BOOKWORM, ARMV6, TRIXIE_311)

    assert verdicts(known, targets=targets) == [WAITS, NEEDS, NEEDS]
    paused = ReleaseFacts(paused=frozenset({ARMV6.name}))
    assert verdicts(known, paused, targets) == [NEEDS, NEEDS, NEEDS]


def test_armv7l_is_built_where_armv6l_has_failed() -> None:
    facts = ReleaseFacts(failures={ARMV6.name: FAILED})

    found = verdicts(release(file(SDIST), file(ELSEWHERE)), facts, (BOOKWORM, ARMV6))

    assert found == [NEEDS, Verdict.FAILED]
