"""What is to be done about a release for all targets together. Pure.

A pure wheel serves every target, and one for the stable ABI serves newer Pythons too. So as long as
nothing shows what kind of wheel a release makes, one target is built before the others: the probe.
A probe that fails, or whose wheel serves nobody else, passes the role to the next target.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from packaging.tags import Tag

from wheelyard.model.build import Decision, Verdict
from wheelyard.model.names import FileKind, TargetName
from wheelyard.model.project import Release
from wheelyard.model.target import Target
from wheelyard.model.twin import is_twin_of
from wheelyard.queue.policy import ReleaseFacts, decide

_TO_BE_TRIED = frozenset({Verdict.NEEDS_BUILD, Verdict.HEALING})


def decide_release(
    release: Release, targets: Sequence[Target], facts: ReleaseFacts
) -> list[Decision]:
    """Decide about one release and all targets, which come in the order in which they are probed.

    Of the targets that need a build at least one gets it now, so no target waits for ever. Targets
    that are paused are probed last. A rebuild neither waits nor is waited for.
    """
    decisions = [decide(release, target, facts) for target in targets]
    needed = [
        target
        for target, decision in zip(targets, decisions, strict=True)
        if decision.verdict in _TO_BE_TRIED and decision.target not in facts.rebuilds
    ]
    if len(needed) < 2:  # noqa: PLR2004 - a target waits for another one
        return decisions
    needed.sort(key=lambda target: target.name in facts.paused)
    waiting = _waiting(release, needed, facts)
    return [waiting.get(decision.target, decision) for decision in decisions]


def _waiting(
    release: Release, needed: Sequence[Target], facts: ReleaseFacts
) -> dict[TargetName, Decision]:
    """Return the decisions about those targets that wait for another one."""
    known = _known_tags(release, facts)
    if all(_is_pure(tags) for tags in known):
        first, *rest = needed
        return dict(_wait(release, rest, first, "a pure wheel"))
    waiting = _waiting_for_twins(release, needed, facts)
    if any(tag.abi == "abi3" for tags in known for tag in tags):
        for _, group in groupby(sorted(needed, key=_machine), key=_machine):
            first, *rest = sorted(
                group, key=lambda target: (target.name in facts.paused, target.python)
            )
            waiting |= _wait(release, rest, first, "a wheel for the stable ABI")
    return waiting


def _waiting_for_twins(
    release: Release, needed: Sequence[Target], facts: ReleaseFacts
) -> dict[TargetName, Decision]:
    """Return the decisions about targets whose wheels are made for an older machine with them."""
    waiting: dict[TargetName, Decision] = {}
    for first in needed:
        twins = [target for target in needed if is_twin_of(target, first)]
        if first.name not in facts.paused:
            waiting |= _wait(release, twins, first, f"a wheel for {first.architecture}")
    return waiting


def _known_tags(release: Release, facts: ReleaseFacts) -> list[frozenset[Tag]]:
    """Return the tags of all wheels of the release that are known, upstream's and ours.

    What became of ours does not matter: it shows what the source distribution makes.
    """
    upstream = [file.parsed(release.project).tags for file in release.files_of_kind(FileKind.WHEEL)]
    return upstream + [wheel.file.name.tags for wheel in facts.wheels]


def _is_pure(tags: frozenset[Tag]) -> bool:
    return all(tag.abi == "none" and tag.platform == "any" for tag in tags)


def _machine(target: Target) -> tuple[str, str]:
    """Return what the targets that can share a wheel for the stable ABI have in common."""
    return target.channel, target.architecture


def _wait(
    release: Release, targets: Iterable[Target], first: Target, hoped_for: str
) -> Iterable[tuple[TargetName, Decision]]:
    for target in targets:
        yield (
            target.name,
            Decision(
                project=release.project,
                version=release.version,
                target=target.name,
                verdict=Verdict.WAITS_FOR_PROBE,
                reason=f"{first.name} is built first: {hoped_for} would serve {target.name} too.",
            ),
        )
