"""What a project's own pyproject.toml asks for: dependencies, extras and groups."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from wheelyard.checking.environment import MarkerEnvironment
from wheelyard.checking.needs import MAX_NEEDS, Need, Needs, fault, read_need, shortened
from wheelyard.checking.toml_text import array, table

FORM = "pyproject.toml"
_TEXT = re.compile(r"\"([^\"\\]++)\"|'([^']++)'")


def read_project(document: Mapping[str, Any], text: str, environment: MarkerEnvironment) -> Needs:
    """Read `[project]` dependencies, `optional-dependencies` and `[dependency-groups]` (PEP 735).

    A group that includes another one adds nothing, for the other one is read too. What several of
    them ask for in the same words is there once.

    Raises:
        InvalidRequirements: if it cannot be read, or has none of these.
    """
    project = table(document, "project")
    if not project and "dependency-groups" not in document:
        raise fault(
            "the file",
            "It has neither [project] nor [dependency-groups]; check the lock file instead",
        )
    needs: dict[str, Need] = {}
    lines = _lines_of_texts(text)
    for told, item in _items(project, document):
        if isinstance(item, dict) and set(item) == {"include-group"}:
            continue
        if not isinstance(item, str):
            raise fault(told, "A requirement is a text")
        if item not in needs:
            place = f"{told}, line {lines[item]}" if item in lines else told
            needs[item] = read_need(item, place=place, environment=environment)
        if len(needs) > MAX_NEEDS:
            raise fault(told, f"A file has at most {MAX_NEEDS} requirements")
    dynamic = array(project, "dynamic", place="project.")
    notes = tuple(
        f"project.{key} is dynamic: only the build back end can tell it."
        for key in ("dependencies", "optional-dependencies")
        if key in dynamic
    )
    return Needs(form=FORM, needs=tuple(needs.values()), notes=notes)


def _items(project: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for item in array(project, "dependencies", place="project."):
        yield "project.dependencies", item
    optional = table(project, "optional-dependencies", place="project.")
    for extra in optional:
        told = f"extra {shortened(extra)}"
        for item in array(optional, extra, place="project.optional-dependencies."):
            yield told, item
    groups = table(document, "dependency-groups")
    for group in groups:
        for item in array(groups, group, place="dependency-groups."):
            yield f"group {shortened(group)}", item


def _lines_of_texts(text: str) -> dict[str, int]:
    """Return the number of the first line where each text stands that is written plainly."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.split("\n"), 1):
        for match in _TEXT.finditer(line):
            found.setdefault(match[1] or match[2], number)
    return found
