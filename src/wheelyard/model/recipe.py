"""Recipes: what a project needs beyond its own metadata, and which versions they are for."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from wheelyard.errors import InvalidName, InvalidRecipe
from wheelyard.model.build import Limits
from wheelyard.model.environment import parse_debian_package

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_OURS = frozenset({"HOME", "PATH", "LD_PRELOAD", "PYTHONPATH", "SOURCE_DATE_EPOCH"})
_MAX_ITEMS = 100
_MAX_TEXT = 1000
_MOST_JOBS = 1024
_MOST = 2**50
_KEYS = frozenset(
    {"debian", "requirements", "environment", "limits", "jobs", "as_of_release", "alone"}
)
_LIMITS = frozenset(each.name for each in fields(Limits))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What a build of a project is given besides what the project asks for itself.

    `debian_packages` are added to the environment, `environment` to its variables, `requirements`
    to the build environment (additions and constraints, PEP 508). `limits` are in place of the
    usual ones, by the names of `Limits` (bytes, counts, seconds); at most `jobs` compilers run at
    once. With `as_of_release` the build requirements are those of the day of the release; with
    `alone` nothing else is built on the machine meanwhile.
    """

    debian_packages: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    requirements: tuple[str, ...] = ()
    limits: dict[str, int] = field(default_factory=dict)
    jobs: int | None = None
    as_of_release: bool = False
    alone: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return self == Recipe()

    @property
    def digest(self) -> str:
        """The SHA-256 of what it says, whatever the order it says it in."""
        document = recipe_document(self)
        for key in ("debian", "requirements"):
            if key in document:
                document[key] = sorted(document[key])
        text = json.dumps(document, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def limited(self, usual: Limits) -> Limits:
        """Return the limits of a build that usually has these."""
        changed: dict[str, Any] = dict(self.limits)
        if "duration" in changed:
            changed["duration"] = timedelta(seconds=changed["duration"])
        return replace(usual, **changed)


class RecipeOrigin(StrEnum):
    """Where a recipe comes from."""

    PERSON = "person"
    """Somebody wrote it: it is used as it is, and never changed by us."""

    LEARNED = "learned"
    """A build that had failed without it succeeded with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeRule:
    """A recipe, and the versions of its project that it is for.

    A person's `versions` is any specifier; a learned one's names the lowest version that the
    recipe has helped, as `>=1.2`.
    """

    origin: RecipeOrigin
    versions: SpecifierSet
    recipe: Recipe

    def holds(self, version: Version) -> bool:
        """Whether it is meant for a version."""
        return self.versions.contains(version, prereleases=True)

    @property
    def lowest(self) -> Version:
        """The lowest version that a learned recipe has helped; version 0 if it does not tell."""
        bounds = (Version(each.version) for each in self.versions if each.operator == ">=")
        return next(bounds, Version("0"))


def choose_recipe(rules: Sequence[RecipeRule], version: Version) -> Recipe:
    """Return the recipe that a version is tried with first; an empty one if there is none.

    A person's comes first. Of the learned ones it is that of the nearest lower version, or else of
    the nearest higher one: what a project needs seldom changes.
    """
    for rule in rules:
        if rule.origin is RecipeOrigin.PERSON and rule.holds(version):
            return rule.recipe
    learned = sorted(
        (rule for rule in rules if rule.origin is RecipeOrigin.LEARNED),
        key=lambda rule: rule.lowest,
    )
    lower = [rule for rule in learned if rule.lowest <= version]
    nearest = lower[-1:] or learned[:1]
    return nearest[0].recipe if nearest else Recipe()


def recipe_document(recipe: Recipe) -> dict[str, Any]:
    """Return a recipe as JSON or TOML hold it; what it does not say is left out."""
    document = {
        "debian": list(recipe.debian_packages),
        "requirements": list(recipe.requirements),
        "environment": dict(recipe.environment),
        "limits": dict(recipe.limits),
        "jobs": recipe.jobs,
        "as_of_release": recipe.as_of_release,
        "alone": recipe.alone,
    }
    return {key: value for key, value in document.items() if value}


def limits_document(limits: Limits) -> dict[str, float]:
    """Return limits as JSON holds them, the duration in seconds."""
    return asdict(limits) | {"duration": limits.duration.total_seconds()}


def limits_of(document: Mapping[str, Any]) -> Limits:
    """Return the limits that `limits_document` wrote."""
    return Limits(**{**document, "duration": timedelta(seconds=document["duration"])})


def parse_recipe(document: Mapping[str, Any]) -> Recipe:
    """Read what somebody handed over as a recipe.

    Raises:
        InvalidRecipe: if anything of it is unknown or cannot be used, naming it.
    """
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        raise InvalidRecipe(unknown[0], f"A recipe has: {', '.join(sorted(_KEYS))}")
    jobs = document.get("jobs")
    if jobs is not None and not _is_number(jobs, most=_MOST_JOBS):
        raise InvalidRecipe("jobs", "It is a number from 1 on")
    for key in ("as_of_release", "alone"):
        if not isinstance(document.get(key, False), bool):
            raise InvalidRecipe(key, "It is true or false")
    return Recipe(
        debian_packages=_packages(document),
        environment=_variables(document),
        requirements=_requirements(document),
        limits=_limits(document),
        jobs=jobs,
        as_of_release=document.get("as_of_release", False),
        alone=document.get("alone", False),
    )


def parse_versions(text: str) -> SpecifierSet:
    """Read the versions that a recipe is for; an empty text means all.

    Raises:
        InvalidRecipe: if it is no specifier.
    """
    try:
        return SpecifierSet(text[:_MAX_TEXT])
    except InvalidSpecifier:
        raise InvalidRecipe(repr(text[:_MAX_TEXT]), "Versions read like >=1.2,<3") from None


def _packages(document: Mapping[str, Any]) -> tuple[str, ...]:
    try:
        return tuple(parse_debian_package(name) for name in _texts(document, "debian"))
    except InvalidName as error:
        raise InvalidRecipe("debian", str(error)) from None


def _requirements(document: Mapping[str, Any]) -> tuple[str, ...]:
    found = _texts(document, "requirements")
    for text in found:
        try:
            has_url = Requirement(text).url is not None
        except InvalidRequirement:
            raise InvalidRecipe(repr(text), "This is no requirement") from None
        if has_url:
            raise InvalidRecipe(repr(text), "Requirements come from the index, not from URLs")
    return found


def _texts(document: Mapping[str, Any], key: str) -> tuple[str, ...]:
    found = document.get(key, [])
    if not isinstance(found, list) or len(found) > _MAX_ITEMS:
        raise InvalidRecipe(key, "It is a list, and not a long one")
    for text in found:
        if not isinstance(text, str) or not 0 < len(text) <= _MAX_TEXT:
            raise InvalidRecipe(key, "It is a list of short texts")
    return tuple(found)


def _variables(document: Mapping[str, Any]) -> dict[str, str]:
    found = document.get("environment", {})
    if not isinstance(found, dict) or len(found) > _MAX_ITEMS:
        raise InvalidRecipe("environment", "It is a table of variables, and not a long one")
    for name, value in found.items():
        if not _VARIABLE.fullmatch(name) or name in _OURS:
            raise InvalidRecipe(repr(name[:_MAX_TEXT]), "This variable cannot be set")
        if not isinstance(value, str) or len(value) > _MAX_TEXT or "\0" in value:
            raise InvalidRecipe(name, "Its value is no short text")
    return dict(found)


def _limits(document: Mapping[str, Any]) -> dict[str, int]:
    found = document.get("limits", {})
    if not isinstance(found, dict):
        raise InvalidRecipe("limits", "It is a table of numbers")
    for name, value in found.items():
        if name not in _LIMITS:
            raise InvalidRecipe(repr(name), f"Limits are: {', '.join(sorted(_LIMITS))}")
        if not _is_number(value, most=_MOST):
            raise InvalidRecipe(name, "It is a number from 1 on")
    return dict(found)


def _is_number(value: object, *, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most
