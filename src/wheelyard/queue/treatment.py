"""What to do about a failed build: another recipe, waiting for another project, or nothing. Pure.

A remedy that the diagnosis knows changes the recipe. Where it knows none, what Debian's own
package of the project is built with is tried, and build requirements of the day of the release.
Never the same recipe twice, and a round that brought the same cause again is the last but one.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from wheelyard.diagnosis.cause import Cause, CauseKind, Remedy
from wheelyard.model.build import FailureKind
from wheelyard.model.healing import Attempt, Patient, Treatment
from wheelyard.model.recipe import Recipe

LADDER = frozenset(
    {
        FailureKind.OUT_OF_MEMORY,
        FailureKind.TIMEOUT,
        FailureKind.PROCESS_LIMIT,
        FailureKind.DISK_FULL,
    }
)
"""Failures for want of something that the machine may have more of."""

_STEPS = 3
"""At most so many times a build is given more of what it ran out of."""

MOST_A_DAY = 20
"""So many failures end it whatever builders say; honest ones never come that far."""

_SURE = 0.5
"""Remedies of causes that are less likely than this are left alone."""

_NOT_TO_BE_HELPED = frozenset(
    {
        CauseKind.DELIBERATE,
        CauseKind.HASH_MISMATCH,
        CauseKind.INCOMPLETE_SDIST,
        CauseKind.LIBRARY_TOO_OLD,
        CauseKind.NO_SDIST,
        CauseKind.NO_SUCH_VERSION,
        CauseKind.PYTHON2_ONLY,
        CauseKind.PYTHON_REFUSED,
        CauseKind.SDIST_INVALID,
        CauseKind.WRONG_MACHINE,
        CauseKind.WRONG_OS,
    }
)
_PERHAPS_OF_ITS_TIME = frozenset(
    {
        FailureKind.COMPILE_ERROR,
        FailureKind.METADATA_INVALID,
        FailureKind.MISSING_BUILD_DEPENDENCY,
        FailureKind.PYTHON_INCOMPATIBLE,
        FailureKind.UNKNOWN,
    }
)
_PERHAPS_OF_THE_SYSTEM = frozenset(
    {
        FailureKind.COMPILE_ERROR,
        FailureKind.MISSING_SYSTEM_PACKAGE,
        FailureKind.UNKNOWN,
        # Many download what they do not find on the system.
        FailureKind.WANTS_NETWORK,
    }
)
_HOPELESS = frozenset(
    {
        FailureKind.HASH_MISMATCH,
        FailureKind.NO_SDIST,
        FailureKind.OPTED_OUT,
        FailureKind.OUTPUT_LIMIT,
        FailureKind.SDIST_INVALID,
    }
)
_OLD = timedelta(days=365)


def treatment(
    patient: Patient,
    causes: Sequence[Cause],
    *,
    hints: Sequence[str],
    rounds: int,
    at: datetime,
) -> Treatment:
    """Return what to do about the last attempt, whose causes these are, the root cause first.

    `hints` are the packages that Debian builds the project with; at most `rounds` other recipes
    are tried.
    """
    last = patient.attempts[-1]
    root = causes[0]
    hopeless = _why_hopeless(patient, root)
    if hopeless is not None:
        return Treatment(reason=hopeless)
    if last.failure in LADDER:
        return _more_room(patient, root, rounds=rounds)
    came_again = _key(root) in {attempt.cause for attempt in patient.attempts[:-1]}
    if last.failure is FailureKind.NO_DEPENDENCY_WHEEL:
        return _wait(root, last, came_again=came_again)
    if last.round >= rounds:
        return Treatment(reason=f"{last.round} other recipes were tried")
    ways = [] if came_again else [_with_remedies(last, causes, hints)]
    ways.append(_with_guesses(patient, hints, at=at))
    tried = {attempt.recipe.digest for attempt in patient.attempts}
    for recipe in ways:
        if recipe.digest not in tried:
            return Treatment(reason=_told(last.recipe, recipe), recipe=recipe)
    return Treatment(reason=_why_not(last, causes, came_again=came_again))


def _why_hopeless(patient: Patient, root: Cause) -> str | None:
    failure = patient.attempts[-1].failure
    if patient.recent >= MOST_A_DAY:
        return f"it failed {patient.recent} times within a day"
    if failure not in LADDER and (root.kind in _NOT_TO_BE_HELPED or failure in _HOPELESS):
        return "no other recipe would help"
    return None


def _wait(root: Cause, last: Attempt, *, came_again: bool) -> Treatment:
    """Have what is needed built first, unless that was done already."""
    if root.subject is None or last.recipe.as_of_release:
        return Treatment(reason="there are no such wheels")
    if came_again:
        return Treatment(reason=f"there is a wheel for {root.subject}, and it was not taken")
    return Treatment(reason=f"{root.subject} is to be built first", requirement=root.subject)


def _more_room(patient: Patient, root: Cause, *, rounds: int) -> Treatment:
    """Give twice as much at each step, at the second fewer compilers, at the third the machine."""
    last = patient.attempts[-1]
    step = sum(attempt.failure in LADDER for attempt in patient.attempts)
    if step > _STEPS or last.round >= rounds + _STEPS:
        return Treatment(reason=f"it was given more room {_STEPS} times")
    recipe = last.recipe
    if root.remedy is not None:
        recipe = replace(recipe, limits=recipe.limits | root.remedy.limits)
    if step > 1 and last.failure is not FailureKind.TIMEOUT:
        recipe = replace(recipe, jobs=1)
    if step == _STEPS:
        recipe = replace(recipe, alone=True)
    return Treatment(reason=_told(last.recipe, recipe), recipe=recipe)


def _with_remedies(last: Attempt, causes: Sequence[Cause], hints: Sequence[str]) -> Recipe:
    """Return the last recipe with the remedies of all causes that are likely enough.

    Whoever lacks a second package may lack a third one: what Debian builds with is added as well.
    """
    recipe = last.recipe
    more = hints if last.round and causes[0].kind.is_of_system else ()
    for cause in causes:
        if cause.remedy is not None and cause.confidence >= _SURE:
            recipe = _added(recipe, cause.remedy, has_layers=last.has_layers)
    if recipe != last.recipe:
        recipe = _added(recipe, Remedy(debian=tuple(more)), has_layers=last.has_layers)
    return recipe


def _added(recipe: Recipe, remedy: Remedy, *, has_layers: bool) -> Recipe:
    debian = remedy.debian if has_layers else ()
    return replace(
        recipe,
        debian_packages=tuple(dict.fromkeys((*recipe.debian_packages, *debian))),
        requirements=tuple(dict.fromkeys((*recipe.requirements, *remedy.requirements))),
        environment=recipe.environment | remedy.environment,
        limits=recipe.limits | remedy.limits,
    )


def _with_guesses(patient: Patient, hints: Sequence[str], *, at: datetime) -> Recipe:
    """Return the last recipe with Debian's own packages, and in old releases' case, old tools."""
    last = patient.attempts[-1]
    recipe = last.recipe
    if last.failure in _PERHAPS_OF_THE_SYSTEM and last.has_layers:
        recipe = _added(recipe, Remedy(debian=tuple(hints)), has_layers=True)
    released_at = patient.released_at
    is_old = released_at is not None and released_at < at - _OLD
    if last.failure in _PERHAPS_OF_ITS_TIME and is_old:
        recipe = replace(recipe, as_of_release=True)
    return recipe


def _key(cause: Cause) -> tuple[str, str | None]:
    return cause.kind.value, cause.subject


def _told(before: Recipe, after: Recipe) -> str:
    """Say what a recipe has that the one before it had not."""
    added = [
        *(name for name in after.debian_packages if name not in before.debian_packages),
        *(text for text in after.requirements if text not in before.requirements),
        *(
            f"{name}={value}"
            for name, value in after.environment.items()
            if before.environment.get(name) != value
        ),
        *(
            f"{_LIMITS.get(name, name)} of {_amount(name, value)}"
            for name, value in after.limits.items()
            if before.limits.get(name) != value
        ),
    ]
    if after.jobs != before.jobs:
        added.append("one compiler at a time")
    if after.as_of_release and not before.as_of_release:
        added.append("build requirements as of its release")
    if after.alone and not before.alone:
        added.append("the machine for itself")
    return f"it is tried again with {', '.join(added)}"


_LIMITS = {
    "duration": "a time limit",
    "memory_bytes": "a memory limit",
    "disk_bytes": "a disk limit",
    "processes": "a process limit",
}
_MIB = 1024**2


def _amount(name: str, value: int) -> str:
    if name.endswith("_bytes"):
        return f"{value // _MIB} MiB"
    return f"{value} seconds" if name == "duration" else str(value)


def _why_not(last: Attempt, causes: Sequence[Cause], *, came_again: bool) -> str:
    """Say why nothing is tried."""
    wanted = [
        name
        for cause in causes
        if cause.remedy is not None and cause.confidence >= _SURE
        for name in cause.remedy.debian
    ]
    if wanted and not last.has_layers:
        return f"{', '.join(wanted)} cannot be added: its builder has no environment for that"
    if came_again:
        return "the last change of its recipe did not help"
    return "nothing is known that would help"
